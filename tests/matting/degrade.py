"""Degrades a matte of a person on purpose, as matting models err, in strengths that are known.

    degrade.py CASE_FOLDER WAY STRENGTH OUT.mov

The same case, way and strength give the same result.
"""
import pathlib
import sys
import zlib

import cv2
import numpy as np

import cases
import scores

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
import score  # noqa: E402

# What a strength means is said at the function of its way. Areas are shares of the subject's; pixels are those at 640 across.
WAYS = {
    "object": (0.05, 0.2, 0.6),
    "object_comes_and_goes": (0.05, 0.2, 0.6),
    "pillar": (0.02, 0.06, 0.14),
    "half_clear": (0.05, 0.15, 0.35),
    "missing": (0.04, 0.12, 0.35),
    "missing_comes_and_goes": (0.04, 0.12, 0.35),
    "flicker": (0.1, 0.25, 0.5),
    "eroded": (1, 3, 6),
    "dilated": (1, 3, 6),
    "soft": (1.5, 3, 6),
    "shifted": (1, 3, 7),
    "late": (1, 3, 6),
    "haze": (0.05, 0.15),
}
ACROSS = 640
# In runs of so many frames things come and go.
RUN_FRAMES = 6


def patch(alpha, area, middle, random):
    """A soft-edged ellipse of this many pixels about a place."""
    stretch = random.uniform(0.6, 1.6)
    across = max(2.0, np.sqrt(area * stretch / np.pi))
    mask = np.zeros(alpha.shape, np.float32)
    axes = (round(across), max(2, round(across / stretch)))
    cv2.ellipse(mask, tuple(map(int, middle)), axes, random.uniform(0, 180), 0, 360, 1.0, -1)
    return cv2.GaussianBlur(mask, (0, 0), 1.2)


def far_place(random, alphas):
    """A pixel that no frame's subject comes near."""
    taken = np.max(alphas, 0) > 0.05
    distance = cv2.distanceTransform((~taken).astype(np.uint8), cv2.DIST_L2, 5)
    places = np.argwhere(distance > 0.6 * distance.max())
    down, across = places[random.integers(len(places))]
    return across, down


def rim_places(random, alphas):
    """A place on the subject's outline in each frame: the same direction from its middle."""
    angle, reach = random.uniform(0, 2 * np.pi), random.uniform(0.5, 1.0)
    places = []
    for alpha in alphas:
        found = np.argwhere(alpha > 0.5)
        if not len(found):
            places.append((0, 0))
            continue
        along = found @ np.array([np.sin(angle), np.cos(angle)])
        middle = found.mean(0)
        far = found[np.argmax(along)]
        down, across = middle + reach * (far - middle)
        places.append((across, down))
    return places


def is_there(index, state):
    """Whether something that comes and goes is there."""
    return (index // RUN_FRAMES + state) % 2 == 0


def ellipse(radius):
    radius = max(1, round(radius))
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1,) * 2)


def degrade_alphas(alphas, way, strength, seed):
    """The alpha of each frame, 0 to 1."""
    random = np.random.default_rng((seed, list(WAYS).index(way)))
    state = int(random.integers(1 << 31))
    pixel = alphas[0].shape[1] / ACROSS
    subject = float(np.mean([(alpha > 0.5).sum() for alpha in alphas]))
    comes_and_goes = way.endswith("comes_and_goes")
    if way.startswith("object"):
        # Something else in the picture is taken for a subject.
        mask = patch(alphas[0], strength * subject, far_place(random, alphas), random)
        return [np.maximum(alpha, mask * (not comes_and_goes or is_there(index, state))) for index, alpha in enumerate(alphas)]
    if way == "pillar":
        # An upright of this share of the width stays in all frames.
        middle, wide = far_place(random, alphas)[0], strength * alphas[0].shape[1] / 2
        mask = np.clip(wide + 0.5 - np.abs(np.arange(alphas[0].shape[1]) - middle), 0, 1)[None].astype(np.float32)
        return [np.maximum(alpha, mask) for alpha in alphas]
    if way == "half_clear" or way.startswith("missing"):
        # A part at the outline is half clear, or not there at all.
        left, turns = 0.5 if way == "half_clear" else 0.0, state
        masks = [patch(alphas[0], strength * subject, place, np.random.default_rng(turns)) for place in rim_places(random, alphas)]
        masks = [mask * (not comes_and_goes or is_there(index, state)) for index, mask in enumerate(masks)]
        return [alpha * (1 - (1 - left) * mask) for alpha, mask in zip(alphas, masks)]
    if way == "flicker":
        # So much of alpha at most is lost in a frame.
        return [alpha * (1 - strength * random.random()) for alpha in alphas]
    if way == "eroded":
        return [cv2.erode(alpha, ellipse(strength * pixel)) for alpha in alphas]
    if way == "dilated":
        return [cv2.dilate(alpha, ellipse(strength * pixel)) for alpha in alphas]
    if way == "soft":
        return [cv2.GaussianBlur(alpha, (0, 0), strength * pixel) for alpha in alphas]
    if way == "shifted":
        move = np.float32([[1, 0, strength * pixel], [0, 1, strength * pixel / 2]])
        return [cv2.warpAffine(alpha, move, alpha.shape[::-1]) for alpha in alphas]
    if way == "late":
        # The matte of so many frames before.
        return [alphas[max(index - int(strength), 0)] for index in range(len(alphas))]
    # Haze: this alpha all over the background.
    return [alpha + strength * (1 - alpha) for alpha in alphas]


def read(case):
    """The true alpha of each frame, its foreground, and the plate."""
    shape = score.shape_of(case / "alpha.mkv")
    alphas = list(scores.truth(case))
    colors = list(score.stream(case / "foreground.mkv", "rgb24", 3, shape))
    return alphas, colors, list(score.stream(case / "plate.mp4", "rgb24", 3, shape))


def write(target, alphas, pictures):
    """Lossless, straight alpha: the true foreground where it was, and the plate where something else was kept."""
    trues, colors, plates = pictures
    coding = ["-c:v", "png", "-compression_level", "1", "-pred", "none"]
    sink = cases.sink(target, "rgba", alphas[0].shape, coding)
    for alpha, true, color, plate in zip(alphas, trues, colors, plates, strict=True):
        shown = np.where((true > 0.05)[..., None], color, plate)
        sink.stdin.write(np.dstack([shown, np.round(np.clip(alpha, 0, 1) * 255).astype(np.uint8)]).tobytes())
    sink.stdin.close()
    if sink.wait():
        raise SystemExit("ffmpeg could not write the degraded matte")


def degrade(case, pictures, way, strength, target):
    """Writes the degraded matte; returns its alphas."""
    seed = zlib.crc32(f"{case.name} {way} {strength}".encode())
    alphas = pictures[0] if way == "truth" else degrade_alphas(pictures[0], way, float(strength), seed)
    write(target, alphas, pictures)
    return alphas


if __name__ == "__main__":
    case, (way, strength, target) = pathlib.Path(sys.argv[1]), sys.argv[2:]
    degrade(case, read(case), way, strength, target)
