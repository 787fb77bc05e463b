//! Inputs and outputs of a model: those its file declares, checked against its manifest.

use ort::value::Outlet;
use shared::media::PixelSize;

use super::manifest::{BATCH_MAX, Kind, Manifest};
use super::precision::Precision;

/// The inputs and outputs that are used.
#[derive(Debug, PartialEq)]
pub struct Signature {
    /// The input that takes the frames.
    pub picture: Port,
    /// Name of the output that is the matte.
    pub alpha: String,
    /// Fixed size of the input, if it has one.
    pub fixed: Option<PixelSize>,
    /// Frames per run.
    pub batch: Batch,
    /// Recurrent states.
    pub states: Vec<State>,
    /// The input that takes the internal downsampling ratio.
    pub ratio: Option<Port>,
}

/// An input tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Port {
    /// Its name.
    pub name: String,
    /// Its element type.
    pub precision: Precision,
}

/// A recurrent state: an output that is fed to an input with the next frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The input that takes it.
    pub input: Port,
    /// Name of the output that gives it.
    pub output: String,
    /// Shape of the initial zeros: open dimensions are 1, which models broadcast.
    pub shape: Vec<i64>,
}

/// Batch size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Batch {
    /// Fixed.
    Exactly(usize),
    /// Variable, up to a maximum.
    UpTo(usize),
}

impl Batch {
    /// Most frames per run.
    pub const fn max(self) -> usize {
        match self {
            Self::Exactly(pictures) | Self::UpTo(pictures) => pictures,
        }
    }

    /// Batch size of a run with so many frames.
    pub const fn size_for(self, pictures: usize) -> usize {
        match self {
            Self::Exactly(exactly) => exactly,
            Self::UpTo(_) => pictures,
        }
    }
}

impl Signature {
    /// Matches the model's inputs and outputs with its manifest.
    /// Errors: a sentence for the operator.
    pub fn read(manifest: &Manifest, inputs: &[Outlet], outputs: &[Outlet]) -> Result<Self, String> {
        let picture = find_outlet(inputs, manifest.input_name(), "input", "input.name")?;
        let alpha = find_outlet(outputs, manifest.alpha_name(), "output", "output.alpha")?;
        Precision::of(alpha)?;
        let shape = shape_of(picture);
        let (pictures, sides) = match shape.as_slice() {
            [pictures, 3 | -1, height, width] => (*pictures, (*width, *height)),
            _ => return Err(format!("its input {} has the shape {shape:?}, not pictures x 3 x height x width", picture.name())),
        };
        let states = manifest.states().into_iter().map(|(state_in, state_out)| {
            let input = find_outlet(inputs, Some(&state_in), "input", "recurrent.states")?;
            let output = find_outlet(outputs, Some(&state_out), "output", "recurrent.states")?;
            if Precision::of(input)? != Precision::of(output)? {
                return Err(format!("its output {state_out} cannot be fed to its input {state_in}: they differ in precision"));
            }
            let mut shape: Vec<i64> = shape_of(input).into_iter().map(|side| side.max(1)).collect();
            // The file declares no shape.
            if shape.is_empty() {
                shape = vec![1; 4];
            }
            Ok(State { input: port(input)?, output: state_out, shape })
        });
        let ratio =
            manifest.ratio_name().map(|name| find_outlet(inputs, Some(name), "input", "recurrent.ratio_input")).transpose()?;
        Ok(Self {
            picture: port(picture)?,
            alpha: alpha.name().to_owned(),
            fixed: manifest.fixed_size().or(fixed_size(sides)),
            batch: batch(manifest, pictures)?,
            states: states.collect::<Result<_, _>>()?,
            ratio: ratio.map(port).transpose()?,
        })
    }
}

fn port(outlet: &Outlet) -> Result<Port, String> {
    Ok(Port { name: outlet.name().to_owned(), precision: Precision::of(outlet)? })
}

/// Open dimensions are -1.
fn shape_of(outlet: &Outlet) -> Vec<i64> {
    outlet.dtype().tensor_shape().map(|shape| shape.to_vec()).unwrap_or_default()
}

fn fixed_size((width, height): (i64, i64)) -> Option<PixelSize> {
    let side = |side: i64| u32::try_from(side).ok().filter(|side| *side > 0);
    Some(PixelSize { width: side(width)?, height: side(height)? })
}

fn batch(manifest: &Manifest, pictures: i64) -> Result<Batch, String> {
    let configured = manifest.batch();
    let Ok(declared) = usize::try_from(pictures) else { return Ok(Batch::UpTo(configured.unwrap_or(1))) };
    match configured {
        Some(configured) if configured != declared => {
            Err(format!("it takes {declared} pictures a run, not {configured}: leave `input.batch` out"))
        }
        _ if manifest.kind == Kind::Recurrent && declared != 1 => {
            Err(format!("it takes {declared} pictures a run, but one that remembers must see them one by one"))
        }
        _ if (1..=BATCH_MAX).contains(&declared) => Ok(Batch::Exactly(declared)),
        _ => Err(format!("it takes {declared} pictures a run; 1 to {BATCH_MAX} can be given")),
    }
}

/// The input or output of this name, or the only one.
fn find_outlet<'a>(outlets: &'a [Outlet], wanted: Option<&str>, what: &str, key: &str) -> Result<&'a Outlet, String> {
    let found = match (wanted, outlets) {
        (Some(wanted), outlets) => outlets.iter().find(|outlet| outlet.name() == wanted),
        (None, [only]) => Some(only),
        (None, _) => None,
    };
    found.ok_or_else(|| {
        let names = outlets.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
        let lacking =
            wanted.map_or_else(|| "and which one is meant is not configured".to_owned(), |wanted| format!("but no {wanted}"));
        format!("it has {what}s {names}, {lacking}: say `{key}` in its TOML file")
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

    fn manifest(kind: &str, more: &str) -> Manifest {
        Manifest::parse(&format!("id = 'a'\ndisplay_name = 'A'\nlicence = ''\nkind = '{kind}'\n{more}")).unwrap()
    }

    /// Signature of an `image` model with this input.
    fn image(more: &str, kind: TensorElementType, shape: &[i64]) -> Result<Signature, String> {
        let output = outlet("out", TensorElementType::Float32, &[-1, 1, -1, -1]);
        Signature::read(&manifest("image", more), &[outlet("in", kind, shape)], &[output])
    }

    #[test]
    fn size_batch_and_precision_are_read_from_the_inputs() {
        let single = image("", TensorElementType::Float32, &[-1, 3, -1, -1]).unwrap();
        assert_eq!((single.picture.precision, single.batch, single.fixed), (Precision::Single, Batch::UpTo(1), None));
        let half = image("", TensorElementType::Float16, &[4, 3, 32, 64]).unwrap();
        assert_eq!((half.picture.precision, half.batch), (Precision::Half, Batch::Exactly(4)));
        assert_eq!(half.fixed, Some(PixelSize { width: 64, height: 32 }));
        let configured = image("[input]\nbatch = 8", TensorElementType::Float32, &[-1, -1, -1, -1]).unwrap();
        assert_eq!((configured.batch, configured.batch.size_for(3), half.batch.size_for(3)), (Batch::UpTo(8), 3, 4));
    }

    #[test]
    fn inputs_that_cannot_be_fed_are_refused() {
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
    fn states_start_with_open_dimensions_of_one_and_match_their_output() {
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
            Signature::read(&manifest("recurrent", words), &inputs, &outputs)
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
