"""Sheets of stills: source, truth over magenta, the result over magenta, error of alpha.

    sheet.py OUT CASE_FOLDER...     writes OUT-1.png, OUT-2.png, …

Of each case the frame whose alpha is worst, and below it the part of that frame whose alpha is worst, enlarged. In the error,
red is too opaque and blue too clear.
"""
import pathlib
import sys

import cv2
import numpy as np

import cases
import score

TILE = (270, 480)
CASES_PER_SHEET = 4
ZOOM = 4
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


def closer(shape, error):
    """Where the squared error of a part of the frame is largest."""
    rows, columns = shape[0] // ZOOM, shape[1] // ZOOM
    mean = cv2.blur(error**2, (columns, rows), borderType=cv2.BORDER_CONSTANT)
    y, x = np.unravel_index(np.argmax(mean), mean.shape)
    top, left = (int(np.clip(place, 0, end)) for place, end in ((y - rows // 2, shape[0] - rows), (x - columns // 2, shape[1] - columns)))
    return slice(top, top + rows), slice(left, left + columns)


def stills(case, result):
    """Two rows of tiles."""
    facts, shape = cases.facts(case), score.shape_of(case / "alpha.mkv")
    index, error = worst(case, shape, result) if result.exists() else (0, np.zeros(shape, np.float32))
    truth, color = frame(case / "alpha.mkv", "gray", 1, shape, index), frame(case / "foreground.mkv", "rgb24", 3, shape, index)
    found = frame(result, "rgba", 4, shape, index) if result.exists() else np.zeros((*shape, 4), np.uint8)
    strength = np.clip(np.sqrt(np.abs(error))[..., None] * 255, 0, 255)
    tint = np.where(error[..., None] > 0, (1.0, 0.25, 0.2), (0.3, 0.45, 1.0))
    source = frame(case / facts["plate"], "rgb24", 3, shape, index)
    tiles = [source, over(color, truth[..., 0]), over(found[..., :3], found[..., 3]), (strength * tint).astype(np.uint8)]
    part = closer(shape, error)
    whole = [cv2.resize(tile, TILE[::-1], interpolation=cv2.INTER_AREA) for tile in tiles]
    parts = [cv2.resize(np.ascontiguousarray(tile[part]), TILE[::-1], interpolation=cv2.INTER_NEAREST) for tile in tiles]
    said = f"{case.name}, frame {index}, MSE {float((error**2).mean()) * 1e3:.2f}" if result.exists() else f"{case.name}: no result"
    whole[0] = cv2.putText(np.ascontiguousarray(whole[0]), said, (8, 22), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return np.vstack([np.hstack(whole), np.hstack(parts)])


def write(path, folders):
    """Draws the cases with their results `keyed.mov`; returns the paths of the sheets."""
    paths = []
    for start in range(0, len(folders), CASES_PER_SHEET):
        picture = np.vstack([stills(case, case / "keyed.mov") for case in folders[start : start + CASES_PER_SHEET]])
        paths.append(path.with_name(f"{path.name}-{len(paths) + 1}.png"))
        if not cv2.imwrite(str(paths[-1]), picture[..., ::-1]):
            raise SystemExit(f"{paths[-1]} cannot be written")
    return paths


if __name__ == "__main__":
    write(pathlib.Path(sys.argv[1]), [pathlib.Path(folder) for folder in sys.argv[2:]])
