"""How near a keyed video comes to a case's truth; lower is better.

    score.py CASE_FOLDER KEYED_VIDEO

MAD and MSE of alpha (x 1000), Grad (squared difference of alpha's gradients, x 1/1000 per frame), dtSSD (root mean square
error of alpha's change from frame to frame, x 100), FgMSE (squared error of the straight colour where the true alpha is
above 0.05, x 1000). Defects, in pixels a frame: blobs (screen that is more than half opaque, farther than 4 pixels from the
subject) and holes (less than half opaque, deeper than 3 pixels inside the subject).
"""
import pathlib
import subprocess
import sys

import cv2
import numpy as np

FIGURES = ("MAD", "MSE", "Grad", "dtSSD", "FgMSE")
DEFECTS = ("blobs", "holes")
SIGMA = 1.4
NEAR, DEEP = (cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2) for radius in (4, 3))


def stream(path, pixel_format, channels, shape, options=(), after=()):
    """The frames of a video, one after the other."""
    command = ["ffmpeg", "-v", "error", *options, "-i", str(path), *after, "-f", "rawvideo", "-pix_fmt", pixel_format, "pipe:1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    size = shape[0] * shape[1] * channels
    while len(data := process.stdout.read(size)) == size:
        yield np.frombuffer(data, np.uint8).reshape(*shape, channels)
    if process.wait() or data:
        raise SystemExit(f"{path} cannot be read")


def shape_of(path):
    command = ["ffprobe", "-v", "error", "-select_streams", "v:0", "-show_entries", "stream=height,width", "-of", "csv=p=0"]
    width, height = subprocess.run([*command, str(path)], stdout=subprocess.PIPE, check=True, text=True).stdout.split(",")[:2]
    return int(height), int(width)


def slope(alpha):
    smooth = cv2.getGaussianKernel(9, SIGMA)
    derivative = -np.arange(-4, 5)[:, None] / SIGMA**2 * smooth
    return np.hypot(cv2.sepFilter2D(alpha, -1, derivative, smooth), cv2.sepFilter2D(alpha, -1, smooth, derivative))


def defects(wanted, found):
    """Pixels of opaque screen, and of holes."""
    far = cv2.dilate((wanted > 0).astype(np.uint8), NEAR) == 0
    deep = cv2.erode((wanted > 0.995).astype(np.uint8), DEEP) > 0
    return int((far & (found > 0.5)).sum()), int((deep & (found < 0.5)).sum())


def score(case, keyed):
    """The figures by name, over all frames."""
    case, keyed = pathlib.Path(case), pathlib.Path(keyed)
    shape = shape_of(case / "alpha.mkv")
    decoder = ["-c:v", "libvpx-vp9"] if keyed.suffix == ".webm" else []
    truths = zip(stream(case / "alpha.mkv", "gray", 1, shape), stream(case / "foreground.mkv", "rgb24", 3, shape), strict=True)
    return score_frames(truths, stream(keyed, "rgba", 4, shape, decoder))


def score_frames(truths, results):
    rows, before = [], None
    for (alpha, color), result in zip(truths, results, strict=True):
        wanted, found = alpha[..., 0].astype(np.float32) / 255, result[..., 3].astype(np.float32) / 255
        error = found - wanted
        seen = wanted > 0.05
        color_error = (color[seen].astype(np.float32) - result[..., :3][seen]) / 255
        flicker = np.nan if before is None else float(np.sqrt(((error - before) ** 2).mean()))
        gradient = ((slope(wanted) - slope(found)) ** 2).sum()
        color_mse = (color_error**2).mean() * 1e3 if seen.any() else np.nan
        figures = (np.abs(error).mean() * 1e3, (error**2).mean() * 1e3, gradient / 1e3, flicker * 1e2, color_mse)
        rows.append((*figures, *defects(wanted, found)))
        before = error
    return dict(zip(FIGURES + DEFECTS, map(float, np.nanmean(rows, 0))))


if __name__ == "__main__":
    print("  ".join(f"{name} {value:.3f}" for name, value in score(sys.argv[1], sys.argv[2]).items()))
