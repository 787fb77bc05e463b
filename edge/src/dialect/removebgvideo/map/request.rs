//! Reads a job request: the tables of models, formats and backgrounds, and the composition.

use shared::color::HexColor;
use shared::composition::{Anchor, Composition, SCALE_WHOLE};
use shared::media::{Output, PixelSize, SOURCE_PIXELS_MAX, SOURCE_SIDE_PX_MAX};
use shared::source::Source;

use crate::app::start_job::RunRequest;
use crate::dialect::removebgvideo::wire::{BackgroundIn, CanvasIn, ColorIn, CompositionIn, ForegroundIn, JobIn, OffsetIn};
use crate::domain::error::{Error, bounded};
use crate::domain::job::JobOptions;
use crate::domain::model::Model;

/// Shortest side of a canvas.
/// Units: pixels.
const CANVAS_SIDE_PX_MIN: u32 = 16;
/// Bounds of a subject's scale; 1 is the largest that fits.
const SCALE_MIN: f64 = 0.01;
const SCALE_MAX: f64 = 10.0;
/// Units: pixels.
const OFFSET_PX_MAX: f64 = 16_384.0;
const TEXT_PROMPT_CHARS_MAX: usize = 2_000;
/// The API's own green. Source: its SDKs' default of `bg_color`, 0.035, 0.635, 0.274.
const GREEN: HexColor = HexColor([9, 162, 70]);

/// The output of each format.
const FORMATS: [(&str, Output); 6] = [
    ("webm", Output::WebmVp9Alpha),
    ("mov", Output::MovProres4444),
    ("mp4", Output::OpaqueMp4),
    ("gif", Output::Gif),
    ("webp", Output::AnimatedWebp),
    ("png_sequence", Output::PngSequence),
];

/// The model that does the work of one of this API's models.
fn model(name: &str) -> Result<Model, Error> {
    match name {
        // The first strategy that fits the footage.
        "original" => Ok(Model::Auto),
        // The fastest: keys a flat screen and tries nothing else.
        "light" => Ok(Model::LocalChromaKey),
        // The operator's matting model; without one the job is refused, and the error names what is
        // missing.
        "pro" | "human" => Ok(Model::LocalOnnxMatting),
        _ => Err(Error::invalid("model", "Must be `original`, `light`, `pro` or `human`.")),
    }
}

/// The request of a job once `start` overrides its members. The background is one member, in either
/// of its forms.
pub fn merge(stored: JobIn, start: JobIn) -> JobIn {
    let has_background =
        start.background.is_some() || start.bg_type.is_some() || start.bg_color.is_some() || start.bg_image_url.is_some();
    let background = if has_background { start.clone() } else { stored.clone() };
    JobIn {
        video_url: None,
        model: start.model.or(stored.model),
        output_format: start.output_format.or(stored.output_format),
        background: background.background,
        bg_type: background.bg_type,
        bg_color: background.bg_color,
        bg_image_url: background.bg_image_url,
        text_prompt: start.text_prompt.or(stored.text_prompt),
        composition: start.composition.or(stored.composition),
        webhook_url: start.webhook_url,
        auto_start: None,
        metadata: None,
    }
}

/// The picture that the job has already, if a start names it again. Its URL may have expired since
/// it was first named.
pub fn kept_picture(request: &JobIn, picture: Option<&Source>, url: &str) -> Option<Source> {
    let named = request.background.as_ref().and_then(|background| background.image_url.as_deref());
    picture.filter(|_| named == Some(url)).cloned()
}

/// The run that a request describes. `find_picture` resolves the URL of the background picture.
pub fn run_request(body: JobIn, find_picture: impl FnOnce(&str) -> Result<Source, Error>) -> Result<RunRequest, Error> {
    let body = normalize(body);
    let name = body.output_format.as_deref().unwrap_or_default();
    let output = FORMATS.into_iter().find(|(format, _)| *format == name).map(|(_, output)| output);
    let output = output
        .ok_or_else(|| Error::invalid("output_format", "Must be `webm`, `mov`, `mp4`, `gif`, `webp` or `png_sequence`."))?;
    if body.text_prompt.as_ref().is_some_and(|prompt| prompt.chars().count() > TEXT_PROMPT_CHARS_MAX) {
        return Err(Error::invalid("text_prompt", format!("Must have at most {TEXT_PROMPT_CHARS_MAX} characters.")));
    }
    let (background, picture) = match background(body.background.as_ref())? {
        BackgroundFill::Clear if output == Output::OpaqueMp4 => (Some(GREEN), None),
        BackgroundFill::Clear => (None, None),
        BackgroundFill::Color(color) => (Some(color), None),
        BackgroundFill::Picture(url) => (None, Some(find_picture(&url)?)),
    };
    let composition = Composition { background, picture, ..read_composition(body.composition.as_ref())? };
    let stored =
        serde_json::to_string(&body).map_err(|error| Error::Internal(format!("a job's request cannot be written: {error}")))?;
    Ok(RunRequest {
        model: model(body.model.as_deref().unwrap_or_default())?,
        outputs: vec![output],
        options: JobOptions { composition, ..JobOptions::default() },
        dialect_request_json: Some(stored),
        callback_url: body.webhook_url,
    })
}

/// The parts of a request that cannot be done as requested.
pub fn warnings(request: &JobIn) -> Vec<&'static str> {
    let clear = request.background.as_ref().is_none_or(|background| background.kind.as_deref() == Some("transparent"));
    let checks = [
        (request.text_prompt.is_some(), "`text_prompt` is kept, but no model of this installation uses it."),
        (
            clear && request.output_format.as_deref() == Some("mp4"),
            "MP4 knows no transparency; the background is the green of this API, #09a246.",
        ),
    ];
    checks.into_iter().filter_map(|(applies, warning)| applies.then_some(warning)).collect()
}

/// The request with every default filled in, and the background in the newer of its two forms.
fn normalize(body: JobIn) -> JobIn {
    let has_older_form = body.bg_type.is_some() || body.bg_color.is_some() || body.bg_image_url.is_some();
    let older = BackgroundIn { kind: body.bg_type, color: body.bg_color, image_url: body.bg_image_url };
    JobIn {
        model: Some(body.model.unwrap_or_else(|| "original".to_owned())),
        output_format: Some(body.output_format.unwrap_or_else(|| "webm".to_owned())),
        background: body.background.or(has_older_form.then_some(older)),
        bg_type: None,
        bg_color: None,
        bg_image_url: None,
        text_prompt: body.text_prompt.filter(|prompt| !prompt.trim().is_empty()),
        ..body
    }
}

enum BackgroundFill {
    Clear,
    Color(HexColor),
    Picture(String),
}

fn background(background: Option<&BackgroundIn>) -> Result<BackgroundFill, Error> {
    let Some(BackgroundIn { kind, color, image_url }) = background else { return Ok(BackgroundFill::Clear) };
    // Without a type, the other members imply it.
    let implied = match (image_url, color) {
        (Some(_), _) => "image",
        (None, Some(_)) => "color",
        (None, None) => "transparent",
    };
    match kind.as_deref().unwrap_or(implied) {
        "transparent" => Ok(BackgroundFill::Clear),
        "green" => Ok(BackgroundFill::Color(color.as_ref().map(read_color).transpose()?.unwrap_or(GREEN))),
        "white" => Ok(BackgroundFill::Color(HexColor([255, 255, 255]))),
        "black" => Ok(BackgroundFill::Color(HexColor([0, 0, 0]))),
        "blue" => Ok(BackgroundFill::Color(HexColor([0, 0, 255]))),
        "color" | "custom" => {
            let color =
                color.as_ref().ok_or_else(|| Error::invalid("background.color", "Is required for a background of a colour."))?;
            Ok(BackgroundFill::Color(read_color(color)?))
        }
        "image" => {
            let missing = || Error::invalid("background.image_url", "Is required for a background of a picture.");
            Ok(BackgroundFill::Picture(image_url.clone().ok_or_else(missing)?))
        }
        _ => Err(Error::invalid(
            "background.type",
            "Must be `transparent`, `color`, `image`, `green`, `white`, `black`, `blue` or `custom`.",
        )),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 255 once both bounds were compared")]
fn read_color(color: &ColorIn) -> Result<HexColor, Error> {
    let unreadable = || Error::invalid("background.color", "Must be red, green and blue from 0 to 1, or `#rrggbb`.");
    match color {
        ColorIn::Shares(shares) if shares.iter().all(|share| (0.0..=1.0).contains(share)) => {
            Ok(HexColor(shares.map(|share| (share * 255.0).round() as u8)))
        }
        ColorIn::Shares(_) => Err(unreadable()),
        ColorIn::Text(text) => text.parse().map_err(|_| unreadable()),
    }
}

fn read_composition(composition: Option<&CompositionIn>) -> Result<Composition, Error> {
    let Some(CompositionIn { canvas, foreground }) = composition else { return Ok(Composition::default()) };
    let ForegroundIn { anchor: name, scale, offset } = foreground.clone().unwrap_or_default();
    let OffsetIn { x, y } = offset.unwrap_or_default();
    Ok(Composition {
        canvas: canvas.map(check_canvas).transpose()?,
        anchor: name.as_deref().map(anchor).transpose()?.unwrap_or(Anchor::Center),
        scale_millionths: scale.map(scale_millionths).transpose()?.unwrap_or(SCALE_WHOLE),
        offset_px: (offset_px("composition.foreground.offset.x", x)?, offset_px("composition.foreground.offset.y", y)?),
        ..Composition::default()
    })
}

fn check_canvas(CanvasIn { width, height }: CanvasIn) -> Result<PixelSize, Error> {
    let size = PixelSize { width, height };
    let sides = [width, height].into_iter().all(|side| (CANVAS_SIDE_PX_MIN..=SOURCE_SIDE_PX_MAX).contains(&side));
    if sides && size.pixels() <= SOURCE_PIXELS_MAX {
        return Ok(size);
    }
    Err(Error::invalid(
        "composition.canvas",
        format!(
            "Must have sides of {CANVAS_SIDE_PX_MIN} to {SOURCE_SIDE_PX_MAX} pixels, and {SOURCE_PIXELS_MAX} pixels at most."
        ),
    ))
}

/// The two words of a name may stand in either order; one is enough where it names one anchor.
fn anchor(name: &str) -> Result<Anchor, Error> {
    let same = |left: &str, right: &str| {
        let words = |text: &str| {
            let mut words: Vec<String> =
                text.split(['-', '_', ' ']).map(str::to_lowercase).filter(|word| word != "center").collect();
            words.sort();
            words
        };
        words(left) == words(right)
    };
    let known = || {
        let names = Anchor::ALL.map(|anchor| format!("`{anchor}`")).join(", ");
        Error::invalid("composition.foreground.anchor", format!("Must be one of {names}."))
    };
    Anchor::ALL.into_iter().find(|anchor| same(anchor.as_str(), name)).ok_or_else(known)
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the value was compared with both bounds")]
fn scale_millionths(scale: f64) -> Result<u32, Error> {
    let scale = bounded("composition.foreground.scale", scale, SCALE_MIN..=SCALE_MAX)?;
    Ok((scale * f64::from(SCALE_WHOLE)).round() as u32)
}

#[expect(clippy::cast_possible_truncation, reason = "the value was compared with both bounds")]
fn offset_px(field: &'static str, offset: f64) -> Result<i32, Error> {
    if (-OFFSET_PX_MAX..=OFFSET_PX_MAX).contains(&offset) {
        return Ok(offset.round() as i32);
    }
    Err(Error::invalid(field, format!("Must be from -{OFFSET_PX_MAX} to {OFFSET_PX_MAX} pixels.")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request(body: Value) -> Result<RunRequest, Error> {
        run_request(serde_json::from_value(body).unwrap(), |url| Ok(Source::Url { url: url.to_owned() }))
    }

    #[test]
    fn a_start_keeps_the_picture_that_the_job_has_though_its_url_may_have_expired() {
        let picture = Source::Object { object_key: "uploads/a".into(), size_bytes: 1 };
        let request: JobIn =
            serde_json::from_value(json!({ "background": { "type": "image", "image_url": "https://a.example/1" } })).unwrap();
        assert_eq!(kept_picture(&request, Some(&picture), "https://a.example/1"), Some(picture.clone()));
        assert_eq!(kept_picture(&request, Some(&picture), "https://a.example/2"), None);
        assert_eq!(kept_picture(&request, None, "https://a.example/1"), None);
        assert_eq!(kept_picture(&JobIn::default(), Some(&picture), "https://a.example/1"), None);
    }

    #[test]
    fn older_and_newer_members_mean_the_same() {
        let composition = |body| request(body).unwrap().options.composition;
        let green = composition(json!({ "background": { "type": "color", "color": [0.035, 0.635, 0.274] } }));
        assert_eq!(green.background, Some(GREEN));
        for body in [
            json!({ "bg_type": "green" }),
            json!({ "bg_type": "custom", "bg_color": [0.035, 0.635, 0.274] }),
            json!({ "background": { "type": "color", "color": "#09a246" } }),
            // MP4 knows no transparency.
            json!({ "output_format": "mp4", "background": { "type": "transparent" } }),
        ] {
            assert_eq!(composition(body.clone()), green, "{body}");
        }
        let picture = Some(Source::Url { url: "https://x/p.png".to_owned() });
        for body in [
            json!({ "bg_type": "image", "bg_image_url": "https://x/p.png" }),
            json!({ "background": { "image_url": "https://x/p.png" } }),
        ] {
            assert_eq!(composition(body.clone()).picture, picture, "{body}");
        }
        assert_eq!(composition(json!({ "background": { "type": "transparent" } })), Composition::default());
    }

    #[test]
    fn nine_anchors_are_known_by_all_their_names() {
        for (name, expected) in [
            ("center", Anchor::Center),
            ("center-center", Anchor::Center),
            ("top-left", Anchor::TopLeft),
            ("left-top", Anchor::TopLeft),
            ("bottom-center", Anchor::Bottom),
            ("bottom", Anchor::Bottom),
            ("left", Anchor::Left),
            ("center_right", Anchor::Right),
        ] {
            assert_eq!(anchor(name).unwrap(), expected, "{name}");
        }
        for name in ["middle", "top-top", "north"] {
            assert!(anchor(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_composition_that_is_not_allowed_is_refused_with_its_field() {
        let with = |composition: Value| request(json!({ "composition": composition }));
        for (refused, expected) in [
            (with(json!({ "canvas": { "width": 8, "height": 100 } })), "composition.canvas"),
            (with(json!({ "canvas": { "width": 8192, "height": 8192 } })), "composition.canvas"),
            (with(json!({ "foreground": { "scale": 0 } })), "composition.foreground.scale"),
            (with(json!({ "foreground": { "anchor": "north" } })), "composition.foreground.anchor"),
            (with(json!({ "foreground": { "offset": { "x": 1e9 } } })), "composition.foreground.offset.x"),
            (request(json!({ "model": "magic" })), "model"),
            (request(json!({ "output_format": "avi" })), "output_format"),
            (request(json!({ "background": { "type": "color" } })), "background.color"),
            (request(json!({ "background": { "type": "color", "color": [0, 0, 2] } })), "background.color"),
            (request(json!({ "background": { "type": "image" } })), "background.image_url"),
            (request(json!({ "bg_type": "plaid" })), "background.type"),
        ] {
            assert!(matches!(refused, Err(Error::InvalidRequest { field, .. }) if field == expected), "{expected}");
        }
        assert_eq!(request(json!({ "model": "pro" })).unwrap().model, Model::LocalOnnxMatting);
    }

    #[test]
    fn a_start_overrides_members_of_the_creation() {
        let request = |body: Value| serde_json::from_value::<JobIn>(body).unwrap();
        let stored = request(json!({ "model": "light", "bg_type": "green", "text_prompt": "a ring" }));
        let merged = merge(stored.clone(), request(json!({ "model": "original", "background": { "type": "transparent" } })));
        assert_eq!((merged.model.as_deref(), merged.bg_type.as_deref()), (Some("original"), None));
        assert_eq!(merged.text_prompt.as_deref(), Some("a ring"));
        assert_eq!(merge(stored.clone(), JobIn::default()).bg_type, stored.bg_type);
    }
}
