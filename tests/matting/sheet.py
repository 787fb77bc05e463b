"""Stills of results side by side."""
import pathlib
import sys

import cv2
import numpy as np

import scores

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
import score  # noqa: E402

WIDTH = 400


def checked(shape):
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]] // 16
    return np.where(((down + across) % 2)[..., None] > 0, np.float32([0.75, 0.35, 0.75]), np.float32([0.9, 0.6, 0.9]))


def over(color, alpha):
    """A picture over a check in a colour that people do not have."""
    share = alpha[..., None].astype(np.float32) / 255
    return np.round((share * color.astype(np.float32) / 255 + (1 - share) * checked(alpha.shape)) * 255).astype(np.uint8)


def middle(frames, count):
    return list(frames)[count // 2]


def row(name, case, videos):
    shape = score.shape_of(case / "alpha.mkv")
    count = len(list(scores.truth(case)))
    alpha = middle(score.stream(case / "alpha.mkv", "gray", 1, shape), count)[..., 0]
    pictures = {
        name: middle(score.stream(case / "plate.mp4", "rgb24", 3, shape), count),
        "truth": over(middle(score.stream(case / "foreground.mkv", "rgb24", 3, shape), count), alpha),
    }
    for way, video in videos.items():
        if video is None:
            pictures[f"{way}: refused"] = np.zeros((*shape, 3), np.uint8)
            continue
        result = middle(score.stream(video, "rgba", 4, shape), count)
        pictures[way] = over(result[..., :3], result[..., 3])
    tiles = []
    for title, picture in pictures.items():
        tile = cv2.resize(picture, (WIDTH, WIDTH * shape[0] // shape[1]), interpolation=cv2.INTER_AREA)
        for color, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
            cv2.putText(tile, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, color, thick, cv2.LINE_AA)
        tiles.append(tile)
    return np.hstack(tiles)


def write(target, stills):
    """A row for each case: source, truth, and the result of each way."""
    rows = [row(*still) for still in stills]
    wide = max(picture.shape[1] for picture in rows)
    rows = [cv2.copyMakeBorder(picture, 0, 4, 0, wide - picture.shape[1], cv2.BORDER_CONSTANT) for picture in rows]
    cv2.imwrite(str(target), np.vstack(rows)[..., ::-1])
