//! ONNX Runtime's execution providers. The operator's build of the library decides which of them
//! are available.

use std::path::Path;

use ort::ep::{self, ArbitrarilyConfigurableExecutionProvider, ExecutionProvider, ExecutionProviderDispatch};

shared::names! {
    /// Execution providers, without those for other systems than Linux and macOS.
    Provider {
        /// The CPU; always available.
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

/// The configured providers, in order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Providers(Vec<ProviderConfig>);

/// A configured provider and its options.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ProviderConfig {
    provider: Provider,
    options: Vec<(String, String)>,
}

/// A provider as the library has it.
struct ProviderState {
    is_available: bool,
    dispatch: ExecutionProviderDispatch,
}

impl Providers {
    /// Parses `NAME [KEY=VALUE …], …`. `cpu` must be last, as it runs everything and leaves nothing
    /// to later providers.
    pub fn parse(text: &str) -> Option<Self> {
        let configs = text.split(',').map(ProviderConfig::parse).collect::<Option<Vec<_>>>()?;
        let (_, before) = configs.split_last()?;
        before.iter().all(|config| config.provider != Provider::Cpu).then_some(Self(configs))
    }

    /// Describes the syntax for error messages.
    pub fn form() -> String {
        format!(
            "a list of {}, with cpu at its end, each with its KEY=VALUE behind it",
            Provider::ALL.map(Provider::as_str).join(", ")
        )
    }

    /// Checks that the library at this path has all configured providers.
    /// Errors: a sentence for the operator.
    pub fn check(&self, library: &Path) -> Result<(), String> {
        let missing: Vec<_> = self.0.iter().filter(|config| !config.state().is_none_or(|state| state.is_available)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let missing = missing.iter().map(|config| config.provider.as_str()).collect::<Vec<_>>().join(" and no ");
        Err(format!("MATTING_PROVIDERS: {} has no {missing}; it has {}", library.display(), available().join(", ")))
    }

    /// Whether operators that no other provider supports may run on the CPU.
    pub fn allow_cpu(&self) -> bool {
        self.0.iter().any(|config| config.provider == Provider::Cpu)
    }

    /// The providers to register with a session, in order; without `cpu`, which is always
    /// registered.
    pub fn dispatches(&self) -> Vec<ExecutionProviderDispatch> {
        self.0.iter().filter_map(ProviderConfig::state).map(|state| state.dispatch.error_on_failure()).collect()
    }
}

impl ProviderConfig {
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace();
        let provider: Provider = words.next()?.parse().ok()?;
        let pair = |word: &str| word.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
        let options = words.map(pair).collect::<Option<Vec<_>>>()?;
        let takes_options = !matches!(provider, Provider::Cpu | Provider::MiGraphX);
        (takes_options || options.is_empty()).then_some(Self { provider, options })
    }

    /// None for the CPU, which need not be registered.
    fn state(&self) -> Option<ProviderState> {
        let options = &self.options;
        Some(match self.provider {
            Provider::Cpu => return None,
            Provider::Cann => configured(ep::CANN::default(), options),
            Provider::CoreMl => configured(ep::CoreML::default(), options),
            Provider::Cuda => configured(ep::CUDA::default(), options),
            Provider::MiGraphX => ProviderState::of(ep::MIGraphX::default()),
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

impl ProviderState {
    fn of(provider: impl ExecutionProvider + Into<ExecutionProviderDispatch>) -> Self {
        Self { is_available: provider.is_available().unwrap_or(false), dispatch: provider.into() }
    }
}

fn configured<P>(provider: P, options: &[(String, String)]) -> ProviderState
where
    P: ArbitrarilyConfigurableExecutionProvider + ExecutionProvider + Into<ExecutionProviderDispatch>,
{
    ProviderState::of(options.iter().fold(provider, |provider, (key, value)| provider.with_arbitrary_config(key, value)))
}

/// Names of the providers that the library has.
pub fn available() -> Vec<&'static str> {
    let is_available = |provider: &Provider| {
        ProviderConfig { provider: *provider, options: Vec::new() }.state().is_none_or(|state| state.is_available)
    };
    Provider::ALL.into_iter().filter(is_available).map(Provider::as_str).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_are_read_in_order_with_their_options() {
        let read = Providers::parse("openvino device_type=AUTO:GPU precision=FP16, cuda,cpu").unwrap();
        assert_eq!(
            read.0.iter().map(|configs| configs.provider).collect::<Vec<_>>(),
            [Provider::OpenVino, Provider::Cuda, Provider::Cpu]
        );
        let options = [("device_type", "AUTO:GPU"), ("precision", "FP16")];
        assert_eq!(read.0[0].options, options.map(|(key, value)| (key.to_owned(), value.to_owned())));
        assert!(read.allow_cpu() && !Providers::parse("cuda").unwrap().allow_cpu());
    }

    #[test]
    fn invalid_lists_are_refused() {
        for text in ["", "abacus", "cuda,,cpu", "cpu,cuda", "cuda device_id", "cpu threads=1", "migraphx device_id=1"] {
            assert_eq!(Providers::parse(text), None, "{text}");
        }
    }
}
