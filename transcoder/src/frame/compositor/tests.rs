//! A picture on a canvas, at every anchor: by arithmetic, and by how it looks.

use shared::color::HexColor;
use shared::composition::Anchor;

use super::*;

const SHOWN: PixelSize = PixelSize { width: 64, height: 36 };
const CANVAS: PixelSize = PixelSize { width: 96, height: 96 };

/// A ring in the left half and a bar at the right side, so that no mirror image looks the same.
fn subject() -> Vec<u8> {
    let pixel = |x: i32, y: i32| {
        let distance = f64::from((x - 20).pow(2) + (y - 18).pow(2)).sqrt();
        match (distance, x) {
            (8.0..15.0, _) => [220, 60, 30, 255],
            (_, 56..64) => [30, 60, 220, if y < 18 { 255 } else { 128 }],
            _ => [128, 128, 128, 0],
        }
    };
    (0..36).flat_map(|y| (0..64).flat_map(move |x| pixel(x, y))).collect()
}

fn composition(anchor: Anchor, scale: f64, offset_px: (i32, i32)) -> Composition {
    let scale_millionths = (1..=10_000_000).find(|step| f64::from(*step) >= scale * 1e6).unwrap();
    Composition { canvas: Some(CANVAS), anchor, scale_millionths, offset_px, ..Composition::default() }
}

fn visible_part(composition: &Composition) -> VisiblePart {
    match place(composition, SHOWN, CANVAS) {
        Placement::Visible(place) => place,
        Placement::Outside => panic!("{composition:?}"),
    }
}

#[test]
fn at_scale_one_the_picture_is_the_largest_that_fits_and_lies_by_its_anchor() {
    for (anchor, left, top) in
        [(Anchor::Center, 0, 21), (Anchor::Top, 0, 0), (Anchor::BottomRight, 0, 42), (Anchor::TopLeft, 0, 0)]
    {
        let place = visible_part(&composition(anchor, 1.0, (0, 0)));
        assert_eq!((place.left, place.top, place.size), (left, top, PixelSize { width: 96, height: 54 }), "{anchor}");
        assert_eq!(place.part, Part::WHOLE, "{anchor}");
    }
    let half = visible_part(&composition(Anchor::BottomRight, 0.5, (-8, -6)));
    assert_eq!((half.left, half.top, half.size), (40, 63, PixelSize { width: 48, height: 27 }));
}

#[test]
fn a_picture_beyond_the_canvas_is_cropped_and_keeps_its_aspect() {
    let double = visible_part(&composition(Anchor::Center, 2.0, (0, 0)));
    assert_eq!((double.left, double.top, double.size), (0, 0, PixelSize { width: 96, height: 96 }));
    let Part { left, width, top, height } = double.part;
    assert!((left - 0.25).abs() < 1e-9 && (width - 0.5).abs() < 1e-9, "{double:?}");
    assert!((top - 6.0 / 108.0).abs() < 1e-9 && (height - 96.0 / 108.0).abs() < 1e-9, "{double:?}");
    // A pixel of the picture is as high as it is wide.
    let (across, down) = (96.0 / (width * 64.0), 96.0 / (height * 36.0));
    assert!((across - down).abs() < 1e-6, "{across} {down}");
    assert_eq!(place(&composition(Anchor::Center, 1.0, (200, 0)), SHOWN, CANVAS), Placement::Outside);
}

#[test]
fn pixels_that_are_not_square_become_so_on_the_canvas() {
    let composition = composition(Anchor::Center, 1.0, (0, 0));
    let compositor = Compositor::new(&composition, PixelSize { width: 36, height: 36 }, Some((2, 1)), Ground::Clear);
    let Some(Placement::Visible(place)) = compositor.placement else { panic!("{compositor:?}") };
    assert_eq!(place.size, PixelSize { width: 96, height: 48 });
}

#[test]
fn a_transparent_composition_stays_so_and_a_filled_one_is_blended_as_browsers_do() {
    let shown = PixelSize { width: 2, height: 1 };
    let frame = vec![200, 100, 0, 128, 9, 9, 9, 0];
    let compositor =
        |composition: &Composition, ground| Compositor::new(composition, shown, None, ground).show(frame.clone()).unwrap();
    assert_eq!(compositor(&Composition::default(), Ground::Clear), frame);
    let filled = Composition { background: Some(HexColor([0, 255, 40])), ..Composition::default() };
    assert_eq!(compositor(&filled, Ground::Color([0, 255, 40])), [100, 177, 20, 255, 0, 255, 40, 255]);
    let picture = vec![0, 255, 40, 1, 2, 3];
    assert_eq!(compositor(&Composition::default(), Ground::Picture(picture.clone())), [100, 177, 20, 255, 1, 2, 3, 255]);
    let canvas = Composition { canvas: Some(shown), ..Composition::default() };
    assert_eq!(compositor(&canvas, Ground::Picture(picture)), [100, 177, 20, 255, 1, 2, 3, 255]);
    assert_eq!(compositor(&canvas, Ground::Clear)[..4], frame[..4]);
}

/// Difference hash: one bit for each of 8 × 8 fields, set if brighter than its right neighbour.
fn perceptual_hash(rgba: &[u8]) -> u64 {
    let grey = |column: usize, row: usize| {
        let field = (row * 12..row * 12 + 12).flat_map(|y| (column * 10..(column * 10 + 16).min(96)).map(move |x| y * 96 + x));
        let sum: u32 =
            field.clone().map(|index| rgba[index * 4..index * 4 + 3].iter().copied().map(u32::from).sum::<u32>()).sum();
        sum / u32::try_from(field.count()).unwrap()
    };
    let bits = (0..8).flat_map(|row| (0..8).map(move |column| grey(column, row) > grey(column + 1, row)));
    bits.fold(0, |hash, bit| hash << 1 | u64::from(bit))
}

#[test]
fn nine_anchors_at_two_scales_look_as_they_did() {
    let committed = include_str!("sheet.txt");
    let mut lines = Vec::new();
    let mut sheet = Vec::new();
    for anchor in Anchor::ALL {
        for scale in [0.5, 1.4] {
            let composition = composition(anchor, scale, (0, 0));
            let shown = Compositor::new(&composition, SHOWN, None, Ground::Color([240, 240, 200])).show(subject()).unwrap();
            lines.push(format!("{anchor} {scale} {:016x}", perceptual_hash(&shown)));
            sheet.push(shown);
        }
    }
    // To be looked at.
    if let Some(path) = std::env::var_os("BGLESS_SHEET") {
        let row = |at: usize| {
            (0..96).flat_map({
                let sheet = &sheet;
                move |y| (0..6).flat_map(move |column| sheet[at * 6 + column][y * 96 * 4..(y + 1) * 96 * 4].to_vec())
            })
        };
        let pixels: Vec<u8> = (0..3).flat_map(row).collect();
        let size = PixelSize { width: 96 * 6, height: 96 * 3 };
        std::fs::write(path, crate::output::png::encode(&pixels, size).unwrap()).unwrap();
    }
    for (line, expected) in lines.iter().zip(committed.lines().chain(std::iter::repeat(""))) {
        let hash = |line: &str| u64::from_str_radix(line.rsplit(' ').next().unwrap_or_default(), 16).unwrap_or_default();
        let distance = (hash(line) ^ hash(expected)).count_ones();
        assert!(
            distance <= 2 && line.rsplit_once(' ').unwrap().0 == expected.rsplit_once(' ').unwrap_or_default().0,
            "{}",
            lines.join("\n")
        );
    }
}
