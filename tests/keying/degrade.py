"""Degrades a matte on purpose, in ways and strengths that are known.

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
# at most in any one frame, how much of the screen's light lies on edges, how far the matte is moved (pixels), share of the
# subject that is cut away on one side, alpha that is left of the body (with its colour kept, or solved anew so that nothing
# shows over the screen), alpha of the screen, share of the screen that stays in large opaque pieces, share of the frames.
WAYS = {
    "eroded": (1, 2, 4),
    "holes": (0.005, 0.02, 0.06),
    "flicker": (0.08, 0.2, 0.4),
    "spill": (0.1, 0.25, 0.5),
    "shifted": (1, 2, 4),
    "cut_off": (0.05, 0.15, 0.35),
    "thinned": (0.95, 0.85),
    "haze": (0.03, 0.08),
    "pieces": (0.01, 0.04),
}
# Results that nobody can use.
RUINS = {
    "cut_off": (0.8, 0.92),
    "thinned": (0.5, 0.3),
    "thinned_fitting": (0.5,),
    "haze": (0.3,),
    "pieces": (0.25, 0.5),
    "holes": (0.35,),
    "opaque_from": (0.3, 0.6),
    "clear_stretches": (0.5,),
    "opaque": (1,),
    "clear": (1,),
}
NAMES = list(dict.fromkeys([*WAYS, *RUINS]))
STRETCH_FRAMES_MAX = 4


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


def cut_off(alpha, share, angle):
    """Nothing of the subject is left on one side of a line that has this share of it behind it."""
    down, across = np.mgrid[0 : alpha.shape[0], 0 : alpha.shape[1]].astype(np.float32)
    along = across * np.cos(angle) + down * np.sin(angle)
    order = np.argsort(along, None)
    behind = np.cumsum(alpha.ravel()[order])
    if behind[-1] <= 0:
        return alpha
    edge = along.ravel()[order[np.searchsorted(behind, share * behind[-1])]]
    return alpha * np.clip(along - edge, 0, 1)


def pieces(alpha, share, random):
    """Where large pieces of the screen stay: 0 or 1."""
    rows, columns = alpha.shape
    mask, left = np.zeros_like(alpha), share * float((1 - alpha).sum())
    for _ in range(200):
        if float((mask * (1 - alpha)).sum()) >= left:
            break
        x, y = random.integers(columns), random.integers(rows)
        size = max(4, int(0.5 * np.sqrt(left)))
        cv2.ellipse(mask, (int(x), int(y)), (size, size), 0, 0, 360, 1.0, -1)
    return mask


def solved(source, behind, alpha):
    """The colour that, with this alpha before the screen, gives the source."""
    share = np.maximum(alpha, 1e-3)[..., None]
    return np.where(share > 0.01, (source - (1 - share) * behind) / share, source)


def spoil(pictures, way, strength, screen, seed):
    """Alpha and colour of each frame, 0 to 1."""
    random = np.random.default_rng((seed, NAMES.index(way)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * int(strength) + 1,) * 2)
    angle, state = random.uniform(0, 2 * np.pi), int(random.integers(1 << 31))
    pictures = list(pictures)
    stretch = max(1, min(STRETCH_FRAMES_MAX, len(pictures) // 3))
    for index, (alpha, color) in enumerate(pictures):
        # What the camera sees, but for its light and noise.
        source = alpha[..., None] * color + (1 - alpha[..., None]) * screen
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
        elif way == "cut_off":
            alpha = cut_off(alpha, strength, angle)
        elif way == "thinned":
            alpha = alpha * strength
        elif way == "thinned_fitting":
            alpha = alpha * strength
            color = solved(source, screen, alpha)
        elif way == "haze":
            share = (strength * (1 - alpha))[..., None]
            whole = alpha[..., None] + share
            color, alpha = (color * alpha[..., None] + screen * share) / np.maximum(whole, 1e-4), whole[..., 0]
        elif way == "pieces":
            mask = pieces(alpha, strength, np.random.default_rng((state, index // 12)))
            color, alpha = np.where(mask[..., None] > 0, source, color), np.maximum(alpha, mask)
        elif way == "opaque" or (way == "opaque_from" and index >= int(strength * len(pictures))):
            color, alpha = source, np.ones_like(alpha)
        elif way == "clear" or (way == "clear_stretches" and index // stretch % 2):
            alpha = np.zeros_like(alpha)
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


def degrade(case, pictures, way, strength, target):
    """Writes the degraded pictures of a case; the same each time."""
    screen = np.array(cases.facts(case)["screen"], np.float32) / 255
    seed = zlib.crc32(f"{case.name} {way} {strength}".encode())
    write(spoil(pictures, way, float(strength), screen, seed), target)


if __name__ == "__main__":
    case, (result, way, strength, target) = pathlib.Path(sys.argv[1]), sys.argv[2:]
    degrade(case, pictures(case, result), way, strength, target)
