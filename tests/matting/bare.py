"""Matting models by themselves, as their authors' examples run them: what the product is compared with.

A segmentation model sees the whole picture at its own size, and its map is enlarged and clipped at 0.1 and 0.9. Robust Video
Matting gets `downsample_ratio` = 512 over the longer side, at most 1.
"""
import time

import cv2
import numpy as np
import onnxruntime

BLACK, WHITE = 0.1, 0.9
INNER_SIDE = 512


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def tensor(picture):
    return np.ascontiguousarray((picture.astype(np.float32) / 255).transpose(2, 0, 1)[None])


def segment(model, frames):
    """Alpha of each frame, 0 to 1."""
    (source,) = model.get_inputs()
    side = source.shape[-1] if isinstance(source.shape[-1], int) else 256
    for frame in frames:
        small = cv2.resize(frame, (side, side), interpolation=cv2.INTER_AREA)
        found = model.run(None, {source.name: tensor(small)})[0].reshape(side, side)
        large = cv2.resize(found, frame.shape[1::-1], interpolation=cv2.INTER_LINEAR)
        yield np.clip((large - BLACK) / (WHITE - BLACK), 0, 1)


def recur(model, frames):
    """Alpha of each frame, 0 to 1."""
    state = [np.zeros((1, 1, 1, 1), np.float32)] * 4
    for frame in frames:
        ratio = np.array([min(1.0, INNER_SIDE / max(frame.shape[:2]))], np.float32)
        inputs = {"src": tensor(frame), "downsample_ratio": ratio, **{f"r{index + 1}i": held for index, held in enumerate(state)}}
        found, *state = model.run(["pha", "r1o", "r2o", "r3o", "r4o"], inputs)
        yield found[0, 0]


def run(path, frames):
    """The alphas, and the milliseconds a frame."""
    model = session(path)
    way = recur if len(model.get_inputs()) > 1 else segment
    begun = time.monotonic()
    found = [np.float32(alpha) for alpha in way(model, frames)]
    return found, 1e3 * (time.monotonic() - begun) / len(found)
