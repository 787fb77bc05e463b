//! Execution providers by name: what computes a model. Which of them there are is up to the operator's ONNX Runtime.

use ort::ep::{self, ExecutionProviderDispatch};

/// The provider of this name; none for the processor, which is always there.
/// Errors: a sentence for the operator.
pub fn find(name: &str) -> Result<Option<ExecutionProviderDispatch>, String> {
    let found = match name {
        "cpu" => return Ok(None),
        "cuda" => ep::CUDA::default().build(),
        "tensorrt" => ep::TensorRT::default().build(),
        "openvino" => ep::OpenVINO::default().build(),
        "migraphx" => ep::MIGraphX::default().build(),
        _ => return Err(format!("MATTING_PROVIDERS names `{name}`; cpu, cuda, tensorrt, openvino and migraphx are known")),
    };
    Ok(Some(found.error_on_failure()))
}
