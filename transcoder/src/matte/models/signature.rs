//! What goes into a model and what comes out of it: what its file says, checked against what its card says.

use ort::value::Outlet;
use shared::media::PixelSize;

use super::card::{Card, Kind};
use super::precision::Precision;

/// How a model is to be fed and read.
#[derive(Debug, PartialEq)]
pub struct Signature {
    /// The input that takes the pictures.
    pub picture: Port,
    /// The output that is the matte.
    pub alpha: String,
    /// The only size that it takes, if there is one.
    pub fixed: Option<PixelSize>,
    /// Pictures a run.
    pub batch: Batch,
    /// What it remembers from frame to frame.
    pub states: Vec<State>,
    /// The input that is told how much smaller it looks.
    pub ratio: Option<Port>,
}

/// An input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Of its numbers.
    pub precision: Precision,
}

/// What is remembered: an output that is fed to an input with the next frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Where it goes.
    pub input: Port,
    /// Where it comes from.
    pub output: String,
    /// What is given before there is anything to remember: as small as the model allows, for it spreads it itself.
    pub shape: Vec<i64>,
}

/// How many pictures a run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// So many, neither more nor fewer.
    Exactly(usize),
    /// As many as there are, up to that.
    UpTo(usize),
}

impl Batch {
    /// At most.
    pub const fn most(self) -> usize {
        match self {
            Self::Exactly(pictures) | Self::UpTo(pictures) => pictures,
        }
    }

    /// So many are fed where there are so many.
    pub const fn fed(self, pictures: usize) -> usize {
        match self {
            Self::Exactly(exactly) => exactly,
            Self::UpTo(_) => pictures,
        }
    }
}

/// More is of no use, and memory is taken for twice as many.
pub const BATCH_MAX: usize = 16;

impl Signature {
    /// What the model's file and its card agree on.
    /// Errors: a sentence for the operator.
    pub fn read(card: &Card, inputs: &[Outlet], outputs: &[Outlet]) -> Result<Self, String> {
        let picture = named(inputs, card.input_name(), "input", "input.name")?;
        let alpha = named(outputs, card.alpha_name(), "output", "output.alpha")?;
        Precision::of(alpha)?;
        let shape = shape_of(picture);
        let (pictures, sides) = match shape.as_slice() {
            [pictures, 3 | -1, height, width] => (*pictures, (*width, *height)),
            _ => return Err(format!("its input {} has the shape {shape:?}, not pictures x 3 x height x width", picture.name())),
        };
        let states = card.states().into_iter().map(|(state_in, state_out)| {
            let input = named(inputs, Some(&state_in), "input", "recurrent.states")?;
            let output = named(outputs, Some(&state_out), "output", "recurrent.states")?;
            if Precision::of(input)? != Precision::of(output)? {
                return Err(format!("its output {state_out} cannot be fed to its input {state_in}: they differ in precision"));
            }
            let mut shape: Vec<i64> = shape_of(input).into_iter().map(|side| side.max(1)).collect();
            // Nothing is said of it.
            if shape.is_empty() {
                shape = vec![1; 4];
            }
            Ok(State { input: port(input)?, output: state_out, shape })
        });
        let ratio = card.ratio_name().map(|name| named(inputs, Some(name), "input", "recurrent.ratio_input")).transpose()?;
        Ok(Self {
            picture: port(picture)?,
            alpha: alpha.name().to_owned(),
            fixed: card.fixed_size().or(own_size(sides)),
            batch: batch(card, pictures)?,
            states: states.collect::<Result<_, _>>()?,
            ratio: ratio.map(port).transpose()?,
        })
    }
}

fn port(outlet: &Outlet) -> Result<Port, String> {
    Ok(Port { name: outlet.name().to_owned(), precision: Precision::of(outlet)? })
}

/// Sides that are open are -1.
fn shape_of(outlet: &Outlet) -> Vec<i64> {
    outlet.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default()
}

fn own_size((width, height): (i64, i64)) -> Option<PixelSize> {
    let side = |side: i64| u32::try_from(side).ok().filter(|side| *side > 0);
    Some(PixelSize { width: side(width)?, height: side(height)? })
}

fn batch(card: &Card, pictures: i64) -> Result<Batch, String> {
    let said = card.batch();
    let Ok(own) = usize::try_from(pictures) else { return Ok(Batch::UpTo(said.unwrap_or(1))) };
    match said {
        Some(said) if said != own => Err(format!("it takes {own} pictures a run, not {said}: leave `input.batch` out")),
        _ if card.kind == Kind::Recurrent && own != 1 => {
            Err(format!("it takes {own} pictures a run, but one that remembers must see them one by one"))
        }
        _ if (1..=BATCH_MAX).contains(&own) => Ok(Batch::Exactly(own)),
        _ => Err(format!("it takes {own} pictures a run; 1 to {BATCH_MAX} can be given")),
    }
}

/// The one of this name, or the only one.
fn named<'a>(outlets: &'a [Outlet], wanted: Option<&str>, what: &str, said_in: &str) -> Result<&'a Outlet, String> {
    let found = match (wanted, outlets) {
        (Some(wanted), outlets) => outlets.iter().find(|outlet| outlet.name() == wanted),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let names = outlets.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
        let lacking = wanted.map_or_else(|| "and which one is meant is not said".to_owned(), |wanted| format!("but no {wanted}"));
        format!("it has {what}s {names}, {lacking}: say `{said_in}` in its TOML file")
    })
}

#[cfg(test)]
mod tests {
    use ort::value::{Shape, SymbolicDimensions, TensorElementType, ValueType};

    use super::*;

    fn outlet(name: &str, ty: TensorElementType, shape: &[i64]) -> Outlet {
        let dimension_symbols = SymbolicDimensions::new(shape.iter().map(|_| String::new()));
        Outlet::new(name, ValueType::Tensor { ty, shape: Shape::new(shape.iter().copied()), dimension_symbols })
    }

    fn card(kind: &str, more: &str) -> Card {
        Card::parse(&format!("id = 'a'\ndisplay_name = 'A'\nlicence = ''\nkind = '{kind}'\n{more}")).unwrap()
    }

    /// Of a model of pictures: what its first sides and its numbers make of it.
    fn image(more: &str, kind: TensorElementType, shape: &[i64]) -> Result<Signature, String> {
        let output = outlet("out", TensorElementType::Float32, &[-1, 1, -1, -1]);
        Signature::read(&card("image", more), &[outlet("in", kind, shape)], &[output])
    }

    #[test]
    fn what_a_model_takes_is_read_off_its_inputs() {
        let single = image("", TensorElementType::Float32, &[-1, 3, -1, -1]).unwrap();
        assert_eq!((single.picture.precision, single.batch, single.fixed), (Precision::Single, Batch::UpTo(1), None));
        let half = image("", TensorElementType::Float16, &[4, 3, 32, 64]).unwrap();
        assert_eq!((half.picture.precision, half.batch), (Precision::Half, Batch::Exactly(4)));
        assert_eq!(half.fixed, Some(PixelSize { width: 64, height: 32 }));
        let said = image("[input]\nbatch = 8", TensorElementType::Float32, &[-1, -1, -1, -1]).unwrap();
        assert_eq!((said.batch, said.batch.fed(3), half.batch.fed(3)), (Batch::UpTo(8), 3, 4));
    }

    #[test]
    fn what_a_model_takes_and_nobody_can_give_is_refused() {
        for (kind, shape, why) in [
            (TensorElementType::Uint8, &[-1, 3, -1, -1][..], "its in is "),
            (TensorElementType::Bfloat16, &[-1, 3, -1, -1], "its in is "),
            (TensorElementType::Float32, &[-1, 64, 64, 3], "not pictures x 3 x height x width"),
            (TensorElementType::Float32, &[3, -1, -1], "not pictures x 3 x height x width"),
            (TensorElementType::Float32, &[17, 3, -1, -1], "it takes 17 pictures a run"),
        ] {
            let error = image("", kind, shape).unwrap_err();
            assert!(error.contains(why), "{shape:?}: {error}");
        }
    }

    #[test]
    fn states_begin_as_small_as_they_may_and_must_fit_where_they_come_from() {
        use TensorElementType::{Float16, Float32};
        let read = |kind_in, kind_out, pictures| {
            let words = "[recurrent]\nstates = [['r1i', 'r1o']]";
            let ports = [
                ("src", Float16, [pictures, 3, -1, -1]),
                ("r1i", kind_in, [1, 16, -1, -1]),
                ("downsample_ratio", Float32, [1; 4]),
            ];
            let inputs = ports.map(|(name, kind, shape)| outlet(name, kind, &shape));
            let outputs = [outlet("pha", Float16, &[-1; 4]), outlet("r1o", kind_out, &[-1; 4])];
            Signature::read(&card("recurrent", words), &inputs, &outputs)
        };
        let signature = read(Float16, Float16, -1).unwrap();
        assert_eq!(signature.states[0].shape, [1, 16, 1, 1]);
        assert_eq!(
            (signature.states[0].input.precision, signature.ratio.unwrap().precision),
            (Precision::Half, Precision::Single)
        );
        assert!(read(Float16, Float32, -1).unwrap_err().contains("differ in precision"));
        assert!(read(Float16, Float16, 4).unwrap_err().contains("one by one"));
    }
}
