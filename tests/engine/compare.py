"""PSNR of alpha, and of the picture over grey, by frame index."""
import math
import subprocess
import tempfile
import zipfile

import cv2
import numpy as np
from PIL import Image

# ffmpeg's quick conversion is off by two codes, and would say so of every result.
ACCURATE = "scale=in_color_matrix=bt709:in_range={}:out_range=pc:flags=accurate_rnd+full_chroma_int+full_chroma_inp+bicubic"


def raw_frames(arguments, width, height, pixel_format):
    channels = {"rgba": 4, "gray": 1}[pixel_format]
    is_picture = str(arguments[-1]).endswith((".png", ".apng", ".gif"))
    convert = "null" if is_picture else ACCURATE.format("tv")
    command = ["ffmpeg", "-v", "error", *map(str, arguments), "-vf", f"{convert},format={pixel_format}"]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixel_format, "-"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as decoder:
        while len(data := decoder.stdout.read(width * height * channels)) == width * height * channels:
            yield np.frombuffer(data, np.uint8).reshape(height, width, channels)


def webp_frames(path):
    with Image.open(path) as image:
        for index in range(image.n_frames):
            image.seek(index)
            yield np.asarray(image.convert("RGBA"))


def frames(kind, path, width, height):
    """The frames of a result as RGBA, or as alpha alone."""
    match kind:
        case "webm-vp9-alpha":
            yield from raw_frames(["-c:v", "libvpx-vp9", "-i", path], width, height, "rgba")
        case "animated-webp":
            yield from webp_frames(path)
        case "matte-grayscale-mp4":
            yield from raw_frames(["-i", path], width, height, "gray")
        case "png-sequence" if path.suffix == ".zip":
            with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
                archive.extractall(folder)
                yield from raw_frames(["-i", f"{folder}/frame_%06d.png"], width, height, "rgba")
        case _:
            yield from raw_frames(["-i", path], width, height, "rgba")


def over_grey(rgba):
    alpha = rgba[..., 3:].astype(np.float32) / 255
    return rgba[..., :3] * alpha + 128 * (1 - alpha)


def scaled(rgba, width, height):
    """Through premultiplied colour, so that nothing invisible bleeds in."""
    if rgba.shape[:2] == (height, width):
        return rgba
    alpha = rgba[..., 3:].astype(np.float32) / 255
    small = cv2.resize(np.dstack([rgba[..., :3] * alpha, alpha]), (width, height), interpolation=cv2.INTER_AREA)
    color = small[..., :3] / np.maximum(small[..., 3:], 1e-4)
    return np.dstack([np.clip(color, 0, 255), small[..., 3] * 255]).round().astype(np.uint8)


def decibel(errors):
    error = np.mean(errors)
    return math.inf if error == 0 else 10 * math.log10(255**2 / error)


def psnr(kind, path, clip, clip_size, size, keep_every, compare_every=10):
    """Alpha's and colour's, over every so many of the result's frames; colour is None for a matte."""
    alphas, colors = [], []
    kept = (frame for index, frame in enumerate(raw_frames(["-i", clip], *clip_size, "rgba")) if index % keep_every == 0)
    for index, (truth, found) in enumerate(zip(kept, frames(kind, path, *size), strict=True)):
        if index % compare_every:
            continue
        truth = scaled(truth, *size)
        alphas.append(np.mean((truth[..., 3].astype(np.float32) - found[..., -1]) ** 2))
        if found.shape[2] == 4:
            colors.append(np.mean((over_grey(truth) - over_grey(found)) ** 2))
    return decibel(alphas), decibel(colors) if colors else None
