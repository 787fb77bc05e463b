"""Keying cases: a moving figure with a known matte before a coloured screen, as a camera records it.

    cases.py FOLDER KIND SEED [FRAMES]

Writes plate.mp4 (plate.mov for ProRes), alpha.mkv, foreground.mkv (straight colour, black where alpha is 0) and case.json: the
screen's colour, the siting of chroma, the file of the plate. The simple kinds are here, the hard ones in sets.py.
"""
import hashlib
import json
import pathlib
import subprocess
import sys

import cv2
import numpy as np

import film
from hair import comb
from sets import HARD

SIMPLE = ("hair", "blur", "glass", "olive", "uneven", "blue", "spill")
KINDS = SIMPLE + HARD
WIDTH, HEIGHT, RATE, FRAMES = 960, 540, 24, 48
GREEN, BLUE = (0, 177, 64), (0, 71, 187)
WARM = [(205, 65, 55), (238, 198, 168), (62, 52, 118), (248, 240, 228), (32, 30, 36)]
OLIVE = [(92, 112, 42), (148, 158, 72), (42, 96, 88), (188, 182, 92)]
BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]


def screen_color(kind):
    return BLUE if kind == "blue" else GREEN


def clouds(random, rows, columns, across):
    """Smooth noise of 0 to 1 with so many cells down."""
    seeds = random.random((across, max(2, across * columns // rows)), dtype=np.float32)
    return cv2.resize(seeds, (columns, rows), interpolation=cv2.INTER_CUBIC)


def cloth(random, colors):
    """The subject's own colours, a picture twice as wide and high as the frame, 0 to 1."""
    rows, columns = HEIGHT * 2, WIDTH * 2
    field = clouds(random, rows, columns, 6)
    field = (field - field.min()) / max(float(np.ptp(field)), 1e-6) * (len(colors) - 1)
    stops = np.arange(len(colors))
    picture = np.stack([np.interp(field, stops, [color[channel] for color in colors]) for channel in range(3)], -1) / 255
    return np.clip(picture * (0.85 + 0.3 * clouds(random, rows, columns, 40)[..., None]), 0, 1).astype(np.float32)


class Figure:
    """Somebody with a head, a trunk, two waving arms, and hair where the kind has it."""

    def __init__(self, random, kind):
        self.size = 0.42 * HEIGHT
        self.home = WIDTH * random.uniform(0.4, 0.6)
        self.reach = WIDTH * random.uniform(0.05, 0.12)
        self.phase = random.uniform(0, 2 * np.pi)
        self.rate = 6 if kind == "blur" else 2
        has_hair = kind in ("hair", "spill", "blue", "uneven")
        self.hairs = [
            (random.uniform(-np.pi, 0), random.uniform(0.15, 0.5), random.normal(0, 0.5), random.uniform(0.3, 1.3))
            for _ in range(160 if has_hair else 0)
        ]

    def middle(self, time):
        return self.home + self.reach * np.sin(np.pi * self.rate * time + self.phase)

    def matte(self, time, scale):
        canvas = np.zeros((HEIGHT * scale, WIDTH * scale), np.uint8)
        middle, lean = self.middle(time), 0.05 * np.sin(6 * time)

        def at(x, y):
            return (int((middle + (x + lean * y) * self.size) * scale), int((0.62 * HEIGHT + y * self.size) * scale))

        thick = self.size * scale
        cv2.ellipse(canvas, at(0, -0.62), (int(0.16 * thick), int(0.21 * thick)), 0, 0, 360, 255, -1)
        trunk = [at(*corner) for corner in ((-0.09, -0.5), (0.09, -0.5), (0.34, -0.34), (0.27, 0.9), (-0.27, 0.9), (-0.34, -0.34))]
        cv2.fillPoly(canvas, [np.array(trunk)], 255)
        swing = 0.3 + 0.9 * np.sin(2 * np.pi * self.rate * time + self.phase)
        for side, angle in ((-1, -swing), (1, swing + 0.4)):
            elbow = at(side * (0.34 + 0.22 * np.cos(angle)), -0.2 + 0.30 * np.sin(angle))
            hand = at(side * (0.40 + 0.44 * np.cos(angle)), -0.25 + 0.62 * np.sin(angle))
            cv2.line(canvas, at(side * 0.3, -0.28), elbow, 255, int(0.13 * thick))
            cv2.line(canvas, elbow, hand, 255, int(0.10 * thick))
        comb(canvas, at, self.hairs, time, scale)
        return cv2.resize(canvas, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def pane(home, reach, share):
    """A round of glass that passes by: clear in the middle, denser towards its rim."""
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    radius = np.hypot(across - home - 1.5 * reach * np.cos(2 * np.pi * share), (down - 0.45 * HEIGHT) * 0.9) / (0.2 * HEIGHT)
    return np.clip((1 - radius) * 12, 0, 1) * (0.25 + 0.35 * np.clip(radius, 0, 1) ** 2)


def frames(kind, seed, count):
    """Plate, alpha and foreground of each frame, as bytes."""
    random = np.random.default_rng((seed, SIMPLE.index(kind)))
    screen = np.array(screen_color(kind), np.float32) / 255
    colors = cloth(random, OLIVE if kind == "olive" else WARM)
    figure = Figure(random, kind)
    light, noise = np.ones((HEIGHT, WIDTH), np.float32), 2.0
    if kind == "uneven":
        light, noise = 0.72 + 0.36 * clouds(random, HEIGHT, WIDTH, 4) + 0.05 * clouds(random, HEIGHT, WIDTH, 24), 6.0
    behind = screen * light[..., None]
    for index in range(count):
        if kind == "blur":
            times = [(index + (part / 9 - 0.5) * 0.8) / count for part in range(9)]
            alpha = np.mean([figure.matte(time, 2) for time in times], 0)
        else:
            alpha = figure.matte(index / count, 4)
        if kind == "glass":
            alpha = alpha + (1 - alpha) * pane(figure.home, figure.reach, index / count)
        left = int(figure.home - figure.middle(index / count) + WIDTH / 2)
        truth = colors[HEIGHT // 2 : HEIGHT // 2 + HEIGHT, left : left + WIDTH]
        lit = truth
        if kind == "spill":
            rim = 1 - cv2.GaussianBlur(alpha, (0, 0), 0.02 * HEIGHT)
            lit = truth + 0.28 * np.clip(rim, 0, 1)[..., None] * screen
        share = alpha[..., None]
        plate = (share * lit + (1 - share) * behind) * 255 + random.normal(0, noise, (HEIGHT, WIDTH, 3))
        yield (
            np.clip(plate, 0, 255).astype(np.uint8),
            np.round(np.clip(alpha, 0, 1) * 255).astype(np.uint8),
            (np.where(share > 0, truth, 0) * 255).astype(np.uint8),
        )


def sink(path, shape, pixel_format, options):
    head = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", pixel_format]
    head += ["-s", f"{shape[1]}x{shape[0]}", "-r", str(RATE), "-i", "pipe:0"]
    return subprocess.Popen([*head, *options, str(path)], stdin=subprocess.PIPE)


def recorded(kind, seed, count):
    """Plate, alpha and foreground of each frame as bytes, and the colour of the screen."""
    if kind in SIMPLE:
        for pictures in frames(kind, seed, count):
            yield *(picture.tobytes() for picture in pictures), screen_color(kind)
    else:
        for plate, alpha, foreground, color in film.frames(kind, seed, count):
            truth = (np.round(part * 255).astype(np.uint8).tobytes() for part in (alpha, foreground))
            yield film.planar(plate, kind == "prores422"), *truth, color


def plate_sink(folder, kind):
    """The file of the plate, and the process that encodes it."""
    if kind in SIMPLE:
        h264 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "18"]
        return "plate.mp4", sink(folder / "plate.mp4", (HEIGHT, WIDTH), "rgb24", [*h264, "-preset", "fast", *BT709])
    shape = (film.HEIGHT, film.WIDTH)
    if kind == "prores422":
        prores = ["-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0", *BT709]
        return "plate.mov", sink(folder / "plate.mov", shape, "yuv422p10le", prores)
    h264 = ["-c:v", "libx264", "-crf", {"phone": "30", "dark": "23"}.get(kind, "19"), "-preset", "fast", *BT709]
    return "plate.mp4", sink(folder / "plate.mp4", shape, "yuv420p", h264)


def make(folder, kind, seed, count=None):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shape, usual = ((HEIGHT, WIDTH), FRAMES) if kind in SIMPLE else ((film.HEIGHT, film.WIDTH), film.FRAMES)
    name, plate = plate_sink(folder, kind)
    alpha = sink(folder / "alpha.mkv", shape, "gray", ["-c:v", "ffv1"])
    foreground = sink(folder / "foreground.mkv", shape, "rgb24", ["-c:v", "ffv1", "-pix_fmt", "bgr0"])
    sinks, colors = (plate, alpha, foreground), []
    for *pictures, color in recorded(kind, seed, count or usual):
        colors.append([int(channel) for channel in color])
        for process, picture in zip(sinks, pictures):
            process.stdin.write(picture)
    for process in sinks:
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg could not write a case")
    facts = {"kind": kind, "plate": name, "screen": colors[0], "siting": "center" if kind in SIMPLE else "left"}
    (folder / "case.json").write_text(json.dumps(facts))


def facts(folder):
    """Kind, file of the plate, colour of the screen, and siting of chroma."""
    return json.loads((pathlib.Path(folder) / "case.json").read_text())


def ensure(cache, kind, seed, count=None):
    """The folder of a case, which is made unless these generators made it already."""
    sources = sorted(pathlib.Path(__file__).parent.glob("*.py"))
    used = [path for path in sources if path.stem in ("cases", "film", "hair", "people", "sets")]
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in used)).hexdigest()
    case = cache / f"{kind}-{seed}-{count or 'all'}"
    made = case / "made"
    if not made.exists() or made.read_text() != digest:
        for stale in case.glob("*.json"):
            stale.unlink()
        make(case, kind, int(seed), count)
        made.write_text(digest)
    return case


if __name__ == "__main__":
    make(sys.argv[1], sys.argv[2], int(sys.argv[3]), *map(int, sys.argv[4:5]))
