"""A sheet of stills, a row a case: source, truth over magenta, the result over magenta, error of alpha.

    sheet.py OUT.png CASE_FOLDER...

Each row shows the frame whose alpha is worst. In the error, red is too opaque and blue too clear.
"""
import pathlib
import sys

import cv2
import numpy as np

import cases
import score

TILE = (270, 480)
BEHIND = np.array([200, 40, 200], np.float32)


def over(color, alpha):
    share = alpha[..., None].astype(np.float32) / 255
    return (color * share + BEHIND * (1 - share)).astype(np.uint8)


def worst(case, shape, result):
    """Index of the frame with the largest squared error of alpha, and that error, signed."""
    pairs = zip(score.stream(case / "alpha.mkv", "gray", 1, shape), score.stream(result, "rgba", 4, shape))
    errors = ((found[..., 3].astype(np.float32) - truth[..., 0]) / 255 for truth, found in pairs)
    return max(enumerate(errors), key=lambda entry: float((entry[1] ** 2).mean()))


def frame(path, pixel_format, channels, shape, index):
    chosen = ["-vf", f"select=eq(n\\,{index})", "-frames:v", "1"]
    return next(score.stream(path, pixel_format, channels, shape, after=chosen))


def row(case, result):
    facts, shape = cases.facts(case), score.shape_of(case / "alpha.mkv")
    index, error = worst(case, shape, result) if result.exists() else (0, np.zeros(shape, np.float32))
    truth, color = frame(case / "alpha.mkv", "gray", 1, shape, index), frame(case / "foreground.mkv", "rgb24", 3, shape, index)
    found = frame(result, "rgba", 4, shape, index) if result.exists() else np.zeros((*shape, 4), np.uint8)
    strength = np.clip(np.sqrt(np.abs(error))[..., None] * 255, 0, 255)
    tint = np.where(error[..., None] > 0, (1.0, 0.25, 0.2), (0.3, 0.45, 1.0))
    source = frame(case / facts["plate"], "rgb24", 3, shape, index)
    tiles = [source, over(color, truth[..., 0]), over(found[..., :3], found[..., 3]), (strength * tint).astype(np.uint8)]
    tiles = [cv2.resize(tile, TILE[::-1], interpolation=cv2.INTER_AREA) for tile in tiles]
    said = f"{case.name}, frame {index}, MSE {float((error**2).mean()) * 1e3:.2f}" if result.exists() else f"{case.name}: no result"
    tiles[0] = cv2.putText(np.ascontiguousarray(tiles[0]), said, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return np.hstack(tiles)


def write(path, folders):
    """Draws one row for each case, with its result `keyed.mov`."""
    picture = np.vstack([row(case, case / "keyed.mov") for case in folders])
    if not cv2.imwrite(str(path), picture[..., ::-1]):
        raise SystemExit(f"{path} cannot be written")


if __name__ == "__main__":
    write(sys.argv[1], [pathlib.Path(folder) for folder in sys.argv[2:]])
