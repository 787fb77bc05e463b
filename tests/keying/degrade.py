"""Spoils a matte on purpose, in ways and strengths that are known.

    degrade.py CASE_FOLDER RESULT WAY STRENGTH OUT.mov

RESULT is a keyed video of the case, or `truth` for the case's own alpha and foreground.
"""
import pathlib
import subprocess
import sys
import zlib

import cv2
import numpy as np

import cases
import score

# What a strength means: how far edges are eaten (pixels), share of the subject that is punched out, how much of alpha is lost
# at most in any one frame, how much of the screen's light lies on edges, how far the matte is moved (pixels).
WAYS = {
    "eroded": (1, 2, 4),
    "holes": (0.005, 0.02, 0.06),
    "flicker": (0.08, 0.2, 0.4),
    "spill": (0.1, 0.25, 0.5),
    "shifted": (1, 2, 4),
}


def extended(color, alpha):
    """The colour of what is seen, carried on to where nothing is, as a keyer does: the truth is black there."""
    seen = (alpha > 0.02).astype(np.float32)
    filled, known = color * seen[..., None], seen > 0
    for side in (3, 9, 31, 101, 301):
        weight = cv2.blur(seen, (side, side))
        near = cv2.blur(color * seen[..., None], (side, side)) / np.maximum(weight, 1e-6)[..., None]
        fill = ~known & (weight > 1e-4)
        filled[fill] = near[fill]
        known |= fill
    return filled


def punched(alpha, share, random):
    """Round holes in the subject, with soft rims."""
    subject = np.argwhere(alpha > 0.9)
    mask, left = np.zeros_like(alpha), share * len(subject)
    while left > 0:
        y, x = subject[random.integers(len(subject))]
        radius = int(random.integers(2, 9))
        cv2.circle(mask, (int(x), int(y)), radius, 1.0, -1)
        left -= np.pi * radius**2
    return alpha * (1 - cv2.GaussianBlur(mask, (0, 0), 0.7))


def spoil(pictures, way, strength, screen, seed):
    """Alpha and colour of each frame, 0 to 1."""
    random = np.random.default_rng((seed, list(WAYS).index(way)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(strength) + 1,) * 2)
    for index, (alpha, color) in enumerate(pictures):
        if way == "eroded":
            alpha = cv2.erode(alpha, disc)
        elif way == "holes":
            alpha = punched(alpha, strength, np.random.default_rng((seed, index // 6)))
        elif way == "flicker":
            alpha = alpha * (1 - strength * random.random())
        elif way == "spill":
            rim = 1 - cv2.GaussianBlur(alpha, (0, 0), 0.015 * alpha.shape[0])
            color = color + strength * np.clip(rim, 0, 1)[..., None] * screen
        elif way == "shifted":
            move = np.float32([[1, 0, strength], [0, 1, strength / 2]])
            alpha = cv2.warpAffine(alpha, move, alpha.shape[::-1])
        yield alpha, np.clip(color, 0, 1)


def pictures(case, result):
    """Alpha and colour of each frame, 0 to 1."""
    shape = score.shape_of(case / "alpha.mkv")
    if result == "truth":
        alphas = score.stream(case / "alpha.mkv", "gray", 1, shape)
        for alpha, color in zip(alphas, score.stream(case / "foreground.mkv", "rgb24", 3, shape), strict=True):
            alpha = alpha[..., 0].astype(np.float32) / 255
            yield alpha, extended(color.astype(np.float32) / 255, alpha)
    else:
        for picture in score.stream(result, "rgba", 4, shape):
            picture = picture.astype(np.float32) / 255
            yield picture[..., 3], picture[..., :3]


def write(pictures, target):
    """Lossless, straight alpha."""
    sink = None
    for alpha, color in pictures:
        if sink is None:
            head = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{alpha.shape[1]}x{alpha.shape[0]}"]
            head += ["-r", str(cases.RATE), "-i", "pipe:0", "-c:v", "png", "-compression_level", "1", "-pred", "none", str(target)]
            sink = subprocess.Popen(head, stdin=subprocess.PIPE)
        sink.stdin.write(np.round(np.dstack([color, alpha]) * 255).astype(np.uint8).tobytes())
    sink.stdin.close()
    if sink.wait():
        raise SystemExit("ffmpeg could not write the spoiled video")


def degrade(case, kind, pictures, way, strength, target):
    """Writes the spoiled pictures of a case; the same each time."""
    screen = np.array(cases.screen_color(kind), np.float32) / 255
    seed = zlib.crc32(f"{case.name} {way} {strength}".encode())
    write(spoil(pictures, way, float(strength), screen, seed), target)


if __name__ == "__main__":
    case, (result, way, strength, target) = pathlib.Path(sys.argv[1]), sys.argv[2:]
    degrade(case, case.name.split("-")[0], pictures(case, result), way, strength, target)
