//! Execution providers by name: what computes a model. Which of them there are is up to the operator's ONNX Runtime.

use std::path::Path;

use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider, ExecutionProvider, ExecutionProviderDispatch};

shared::names! {
    /// What computes. Those of other systems than Linux and macOS are left out.
    Provider {
        /// The processor, through ONNX Runtime's own code; always there.
        Cpu = "cpu",
        /// Huawei's Ascend.
        Cann = "cann",
        /// Apple's.
        CoreMl = "coreml",
        /// NVIDIA's, through cuDNN.
        Cuda = "cuda",
        /// AMD's.
        MiGraphX = "migraphx",
        /// NVIDIA's, for RTX.
        NvRtx = "nvrtx",
        /// Intel's oneDNN.
        OneDnn = "onednn",
        /// Intel's, for processors, GPUs and NPUs.
        OpenVino = "openvino",
        /// Qualcomm's.
        Qnn = "qnn",
        /// AMD's, in older libraries.
        Rocm = "rocm",
        /// NVIDIA's, compiled for the GPU at hand.
        TensorRt = "tensorrt",
        /// AMD's Vitis.
        Vitis = "vitis",
        /// Any GPU that Dawn reaches.
        WebGpu = "webgpu",
        /// Google's, for processors.
        Xnnpack = "xnnpack",
    }
}

/// What the operator wants models to be computed by, the best first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Providers(Vec<Wanted>);

/// One of them, with what is to be said to it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    provider: Provider,
    options: Vec<(String, String)>,
}

/// What the library says to one of them.
struct Offer {
    is_there: bool,
    dispatch: ExecutionProviderDispatch,
}

impl Providers {
    /// Reads `NAME [KEY=VALUE …], …`. The processor comes last: nothing would be left for what stands behind it.
    pub fn parse(text: &str) -> Option<Self> {
        let wanted = text.split(',').map(Wanted::parse).collect::<Option<Vec<_>>>()?;
        let (_, before) = wanted.split_last()?;
        before.iter().all(|wanted| wanted.provider != Provider::Cpu).then_some(Self(wanted))
    }

    /// What `parse` takes.
    pub fn form() -> String {
        format!(
            "a list of {}, with cpu at its end, each with its KEY=VALUE behind it",
            Provider::ALL.map(Provider::as_str).join(", ")
        )
    }

    /// Whether the library at this path has all of them.
    /// Errors: a sentence for the operator.
    pub fn check(&self, library: &Path) -> Result<(), String> {
        let missing: Vec<_> = self.0.iter().filter(|wanted| !wanted.offer().is_none_or(|offer| offer.is_there)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.iter().map(|wanted| wanted.provider.as_str()).collect::<Vec<_>>().join(" and no ");
        Err(format!("MATTING_PROVIDERS: {} has no {missing}; it has {}", library.display(), there().join(", ")))
    }

    /// Whether the processor may do what the others cannot.
    pub fn allow_cpu(&self) -> bool {
        self.0.iter().any(|wanted| wanted.provider == Provider::Cpu)
    }

    /// Those that must be asked for, in order.
    pub fn dispatches(&self) -> Vec<ExecutionProviderDispatch> {
        self.0.iter().filter_map(Wanted::offer).map(|offer| offer.dispatch.error_on_failure()).collect()
    }
}

impl Wanted {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let provider: Provider = words.next()?.parse().ok()?;
        let pair = |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let options = words.map(pair).collect::<Option<Vec<_>>>()?;
        let takes_options = !matches!(provider, Provider::Cpu | Provider::MiGraphX);
        (takes_options || options.is_empty()).then_some(Self { provider, options })
    }

    /// None for the processor, which need not be asked for.
    fn offer(&self) -> Option<Offer> {
        let options = &self.options;
        Some(match self.provider {
            Provider::Cpu => return None,
            Provider::Cann => configured(ep::CANN::default(), options),
            Provider::CoreMl => configured(ep::CoreML::default(), options),
            Provider::Cuda => configured(ep::CUDA::default(), options),
            Provider::MiGraphX => Offer::of(ep::MIGraphX::default()),
            Provider::NvRtx => configured(ep::NVRTX::default(), options),
            Provider::OneDnn => configured(ep::OneDNN::default(), options),
            Provider::OpenVino => configured(ep::OpenVINO::default(), options),
            Provider::Qnn => configured(ep::QNN::default(), options),
            Provider::Rocm => configured(ep::ROCm::default(), options),
            Provider::TensorRt => configured(ep::TensorRT::default(), options),
            Provider::Vitis => configured(ep::Vitis::default(), options),
            Provider::WebGpu => configured(ep::WebGPU::default(), options),
            Provider::Xnnpack => configured(ep::XNNPACK::default(), options),
        })
    }
}

impl Offer {
    fn of(provider: impl ExecutionProvider + Into<ExecutionProviderDispatch>) -> Self {
        Self { is_there: provider.is_available().unwrap_or(false), dispatch: provider.into() }
    }
}

fn configured<P>(provider: P, options: &[(String, String)]) -> Offer
where
    P: ArbitrarilyConfigurableExecutionProvider + ExecutionProvider + Into<ExecutionProviderDispatch>,
{
    Offer::of(options.iter().fold(provider, |provider, (key, value)| provider.with_arbitrary_config(key, value)))
}

/// Those that the library has.
pub fn there() -> Vec<&'static str> {
    let is_there =
        |provider: &Provider| Wanted { provider: *provider, options: Vec::new() }.offer().is_none_or(|offer| offer.is_there);
    Provider::ALL.into_iter().filter(is_there).map(Provider::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_read_in_order_with_their_options() {
        let read = Providers::parse("openvino device_type=AUTO:GPU precision=FP16, cuda,cpu").unwrap();
        assert_eq!(
            read.0.iter().map(|wanted| wanted.provider).collect::<Vec<_>>(),
            [Provider::OpenVino, Provider::Cuda, Provider::Cpu]
        );
        let options = [("device_type", "AUTO:GPU"), ("precision", "FP16")];
        assert_eq!(read.0[0].options, options.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(read.allow_cpu() && !Providers::parse("cuda").unwrap().allow_cpu());
    }

    #[test]
    fn what_cannot_be_meant_is_not_read() {
        for text in ["", "abacus", "cuda,,cpu", "cpu,cuda", "cuda device_id", "cpu threads=1", "migraphx device_id=1"] {
            assert_eq!(Providers::parse(text), None, "{text}");
        }
    }
}
