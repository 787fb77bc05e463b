"""Compares the converted selfie model with the original, which MediaPipe's own library runs.

    original.py ORIGINAL.tflite CONVERTED.onnx

The picture is scikit-image's portrait of an astronaut (public domain). Prints the mean and the
largest difference of alpha, and the mean alpha, as JSON.
"""

import importlib.util
import json
import pathlib
import sys
from unittest.mock import MagicMock

import flatbuffers
import numpy
import onnxruntime
from PIL import Image

# MediaPipe imports these for drawing alone.
for name in ("cv2", "matplotlib", "matplotlib.pyplot"):
    sys.modules[name] = MagicMock()

import mediapipe  # noqa: E402
from mediapipe.tasks import python as tasks  # noqa: E402
from mediapipe.tasks.metadata import metadata_schema_py_generated as metadata  # noqa: E402
from mediapipe.tasks.metadata import schema_py_generated as schema  # noqa: E402

SIDE = 256


def with_metadata(model_bytes):
    """The model with the metadata that MediaPipe's API asks for: pixels are divided by 255."""
    normalization = metadata.NormalizationOptionsT()
    normalization.mean, normalization.std = [0.0], [255.0]
    unit = metadata.ProcessUnitT()
    unit.optionsType, unit.options = metadata.ProcessUnitOptions.NormalizationOptions, normalization
    picture, matte, graph, root = (
        metadata.TensorMetadataT(), metadata.TensorMetadataT(), metadata.SubGraphMetadataT(), metadata.ModelMetadataT()
    )
    picture.processUnits = [unit]
    graph.inputTensorMetadata, graph.outputTensorMetadata = [picture], [matte]
    root.subgraphMetadata = [graph]
    builder = flatbuffers.Builder(0)
    builder.Finish(root.Pack(builder), b"M001")
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(model_bytes, 0))
    buffer, entry = schema.BufferT(), schema.MetadataT()
    buffer.data = numpy.frombuffer(bytes(builder.Output()), numpy.uint8)
    model.buffers.append(buffer)
    entry.name, entry.buffer = "TFLITE_METADATA", len(model.buffers) - 1
    model.metadata = [entry]
    builder = flatbuffers.Builder(0)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def original_alpha(model_bytes, pixels):
    base = tasks.BaseOptions(model_asset_buffer=with_metadata(model_bytes))
    options = tasks.vision.ImageSegmenterOptions(base_options=base, output_confidence_masks=True)
    with tasks.vision.ImageSegmenter.create_from_options(options) as segmenter:
        picture = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=pixels)
        return segmenter.segment(picture).confidence_masks[0].numpy_view().reshape(SIDE, SIDE).copy()


def main():
    original, converted = (pathlib.Path(path) for path in sys.argv[1:3])
    folder = pathlib.Path(importlib.util.find_spec("skimage").origin).parent
    picture = Image.open(folder / "data/astronaut.png").convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    pixels = numpy.asarray(picture)
    # As a batch of two, the second mirrored: a picture must not depend on those beside it.
    both = [numpy.ascontiguousarray(pixels), numpy.ascontiguousarray(pixels[:, ::-1])]
    expected = numpy.stack([original_alpha(original.read_bytes(), pixels) for pixels in both])
    batch = numpy.stack(both).transpose(0, 3, 1, 2).astype(numpy.float32) / 255
    [alpha] = onnxruntime.InferenceSession(converted).run(["alpha"], {"input": batch})
    apart = numpy.abs(alpha[:, 0] - expected)
    print(json.dumps({"mean": float(apart.mean()), "max": float(apart.max()), "alpha": float(expected.mean())}))


main()
