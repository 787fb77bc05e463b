"""Cases without a coloured screen: a moving figure with a known matte before a textured scene, recorded as H.264 4:2:0.

    cases.py FOLDER KIND SEED [FRAMES [WIDTHxHEIGHT]]

Writes plate.mp4 (what a camera would record), alpha.mkv and foreground.mkv (the truth), background.png (the scene as it
is), and empty.jpg (a picture of the empty scene as a caller would give it: another exposure, size and compression).
"""
import pathlib
import subprocess
import sys

import cv2
import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
from hair import comb  # noqa: E402

# What can be matted, and what must be refused.
KINDS = ("room", "leaves", "gradient", "drift", "shadow", "pause", "near", "hair", "noisy", "blur", "given")
REFUSED = ("pan", "shake", "stuck", "empty")
WIDTH, HEIGHT, RATE, FRAMES = 480, 270, 24, 60
WARM = [(205, 65, 55), (238, 198, 168), (62, 52, 118), (248, 240, 228), (32, 30, 36)]
WALLS = [(196, 188, 172), (150, 165, 175), (120, 128, 112), (178, 150, 130), (92, 96, 110)]
WOOD = [(122, 84, 52), (70, 48, 36), (168, 132, 92), (210, 205, 196), (58, 62, 70), (140, 60, 50), (60, 90, 100)]
BT709 = ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"]


def clouds(random, shape, across):
    """Smooth noise of 0 to 1 with so many cells down."""
    seeds = random.random((max(2, int(across)), max(2, int(across * shape[1] / shape[0]))), dtype=np.float32)
    return cv2.resize(seeds, shape[::-1], interpolation=cv2.INTER_CUBIC)


def ramp(field, colors):
    """A field as colours between stops, 0 to 1."""
    field = (field - field.min()) / max(float(np.ptp(field)), 1e-6) * (len(colors) - 1)
    return np.stack([np.interp(field, range(len(colors)), [color[channel] for color in colors]) for channel in range(3)], -1) / 255


def rough(random, shape, first=4):
    """Noise like a photograph's: every octave, each half as strong as the last."""
    total, weight, across = np.zeros(shape, np.float32), 1.0, first
    while across < shape[0] / 1.5:
        total += weight * (clouds(random, shape, across) - 0.5)
        weight, across = weight * 0.62, across * 2
    return total


def wall(random, shape):
    """Light that falls off, and hardly any texture."""
    base = np.array(WALLS[random.integers(len(WALLS))], np.float32) / 255
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / shape[0]
    angle, depth = random.uniform(0, 2 * np.pi), random.uniform(0.15, 0.4)
    light = 1 + depth * (np.cos(angle) * (across - 0.9) + np.sin(angle) * (down - 0.5))
    return base * light[..., None] * (1 + 0.02 * rough(random, shape, 12)[..., None])


def leaves(random, shape):
    colors = [(30, 40, 22), (72, 92, 44), (120, 130, 70), (168, 172, 120), (96, 72, 50)]
    return ramp(rough(random, shape, 6), colors) * (1 + 0.5 * rough(random, shape, 24)[..., None])


def room(random, shape):
    """A wall, a floor, shelves, frames and things with hard edges."""
    height, width = shape
    scene = wall(random, shape)
    floor = int(height * random.uniform(0.7, 0.82))
    boards = ramp(clouds(random, (height, width), 3) + 0.3 * rough(random, shape, 10), [WOOD[0], WOOD[2]])
    scene[floor:] = boards[floor:] * (0.8 + 0.2 * (np.arange(width) // max(1, width // 14) % 2))[None, :, None]
    for _ in range(random.integers(9, 15)):
        color = np.array(WOOD[random.integers(len(WOOD))], np.float32) / 255
        across, down = int(random.uniform(0.06, 0.3) * height), int(random.uniform(0.05, 0.45) * height)
        left, top = int(random.uniform(-0.05, 0.95) * width), int(random.uniform(0.0, 0.75) * height)
        piece = scene[max(top, 0) : top + down, max(left, 0) : left + across]
        if piece.size == 0:
            continue
        texture = 1 + random.uniform(0.05, 0.4) * rough(random, piece.shape[:2], 6)[..., None]
        piece[:] = color * texture
        for line in range(0, down, max(4, down // int(random.integers(2, 7)))):
            piece[line : line + 2] *= 0.6
        cv2.rectangle(scene, (left, top), (left + across, top + down), (color * 0.5).tolist(), 2)
    return scene


def scene_of(random, kind, shape):
    pick = {"leaves": leaves, "gradient": wall, "room": room}.get(kind)
    if pick is None:
        pick = (room, leaves, wall)[random.integers(3)] if kind not in ("pan", "shake", "stuck") else (room, leaves)[random.integers(2)]
    return np.clip(pick(random, shape), 0.03, 0.97).astype(np.float32)


class Figure:
    """Somebody with a head, a trunk, two waving arms, legs, and hair where the kind has it."""

    def __init__(self, random, kind, shape):
        self.kind, self.shape = kind, shape
        self.size = random.uniform(0.36, 0.44) * shape[0]
        self.phase = random.uniform(0, 2 * np.pi)
        self.side = random.choice([-1, 1])
        self.rest = random.uniform(0.42, 0.58)
        self.start = random.uniform(0.2, 0.27)
        self.hairs = [
            (random.uniform(-np.pi, 0), random.uniform(0.12, 0.4), random.normal(0, 0.5), random.uniform(0.3, 1.2))
            for _ in range(140 if kind == "hair" else 40)
        ]

    def walked(self, time):
        """How far across the picture the figure is, 0 to 1, and how far in its gait."""
        if self.kind == "pause":
            # In, a long rest, and out again.
            path = np.interp(time, [0, 0.22, 0.78, 1], [-0.15, self.rest, self.rest + 0.004, 1.15])
            return (path if self.side > 0 else 1 - path), np.interp(time, [0, 0.22, 0.78, 1], [0, 1, 1.04, 2])
        if self.kind in ("stuck", "given"):
            return self.rest + 0.006 * np.sin(2 * np.pi * time + self.phase), 2 * time
        if self.kind == "blur":
            return 0.5 + (0.5 - self.start) * np.sin(4 * np.pi * time + self.phase), 5 * time
        path = self.start + (1 - 2 * self.start) * (0.5 - 0.5 * np.cos(np.pi * (time * 1.6)))
        return (path if self.side > 0 else 1 - path), 2 * time

    def middle(self, time):
        return self.shape[1] * self.walked(time)[0]

    def matte(self, time, scale):
        height, width = self.shape
        canvas = np.zeros((height * scale, width * scale), np.uint8)
        middle, gait = self.middle(time), self.walked(time)[1]
        lean = 0.05 * np.sin(6 * gait)

        def at(x, y):
            return (int((middle + (x + lean * y) * self.size) * scale), int((0.62 * height + y * self.size) * scale))

        thick = self.size * scale
        cv2.ellipse(canvas, at(0, -0.62), (int(0.16 * thick), int(0.21 * thick)), 0, 0, 360, 255, -1)
        trunk = ((-0.09, -0.5), (0.09, -0.5), (0.3, -0.34), (0.22, 0.35), (-0.22, 0.35), (-0.3, -0.34))
        cv2.fillPoly(canvas, [np.array([at(*corner) for corner in trunk])], 255)
        step = 0.16 * np.sin(2 * np.pi * gait + self.phase)
        for swing in (-step, step):
            cv2.line(canvas, at(swing * 0.3, 0.3), at(swing, 0.86), 255, int(0.17 * thick))
        swing = 0.3 + 0.8 * np.sin(2 * np.pi * gait + self.phase)
        for side, angle in ((-1, -swing), (1, swing + 0.4)):
            elbow = at(side * (0.30 + 0.20 * np.cos(angle)), -0.2 + 0.30 * np.sin(angle))
            hand = at(side * (0.34 + 0.40 * np.cos(angle)), -0.25 + 0.6 * np.sin(angle))
            cv2.line(canvas, at(side * 0.27, -0.28), elbow, 255, int(0.12 * thick))
            cv2.line(canvas, elbow, hand, 255, int(0.09 * thick))
        comb(canvas, at, self.hairs, gait, scale)
        return cv2.resize(canvas, (width, height), interpolation=cv2.INTER_AREA).astype(np.float32) / 255

    def blurred(self, index, count):
        """The matte over an open shutter."""
        parts, open_for = (9, 0.8) if self.kind == "blur" else (3, 0.35)
        times = [(index + (part / (parts - 1) - 0.5) * open_for) / count for part in range(parts)]
        return np.mean([self.matte(time, 3) for time in times], 0)


def shadow_of(random, kind, shape):
    """What the figure's shadow takes from the light: depth, softness, and where it falls."""
    strong = kind == "shadow"
    depth = random.uniform(0.35, 0.5) if strong else random.uniform(0.08, 0.2)
    softness = shape[0] * (random.uniform(0.012, 0.03) if strong else 0.05)
    slant = random.uniform(0.25, 0.5) * random.choice([-1, 1])
    return depth, softness, slant


def cast(alpha, shadow):
    """How much light is left where the figure stands between it and the scene: on the floor, slanted; on the wall, beside."""
    depth, softness, slant = shadow
    height, width = alpha.shape
    foot = 0.97 * height
    floor = cv2.warpAffine(alpha, np.float32([[1, slant / 0.3, -slant / 0.3 * foot], [0, 0.3, 0.7 * foot]]), (width, height))
    behind = cv2.warpAffine(alpha, np.float32([[1, 0, slant * 0.35 * height], [0, 1, 0.03 * height]]), (width, height))
    return 1 - depth * np.clip(cv2.GaussianBlur(np.maximum(floor, 0.6 * behind), (0, 0), softness), 0, 1)


def light_of(random, kind, count):
    """The gain of each frame and channel, and what is added to it."""
    time = np.arange(count)[:, None] / count
    if kind != "drift":
        return 1 + 0.004 * np.sin(2 * np.pi * (time + random.random(3))), np.zeros((count, 3))
    gain = 1 + random.uniform(0.10, 0.2) * np.sin(2 * np.pi * (0.8 * time + random.random())) + 0.03 * random.choice([-1, 1], 3) * time
    return gain * (1 + random.normal(0, 0.008, (count, 1))), 0.02 * np.sin(2 * np.pi * (time + random.random(3)))


def cloth(random, kind, scene, shape):
    """The subject's own colours, a picture wider than the frame; in `near` they are the scene's, a little off."""
    size = (shape[0] * 2, shape[1] * 3)
    if kind == "near":
        mean, spread = scene.mean((0, 1)), scene.std((0, 1)) + 0.04
        off = random.choice([-1, 1]) * np.array([0.11, 0.08, 0.06], np.float32)[random.permutation(3)]
        return np.clip(mean + off + 0.6 * spread * rough(random, size, 8)[..., None], 0.02, 0.98)
    colors = [WARM[index] for index in random.permutation(len(WARM))]
    return np.clip(ramp(clouds(random, size, 6), colors) * (0.85 + 0.3 * clouds(random, size, 40)[..., None]), 0, 1)


def moved(scene, kind, index, count, random, path):
    """The scene as a camera sees it that does not stand still."""
    height, width = scene.shape[:2]
    if kind == "pan":
        shift = np.float32([path[0] * index / count * width * 0.35, path[1] * index / count * height * 0.1])
    elif kind == "shake":
        shift = np.float32([np.sin(0.7 * index + path[0]) * 2.2 + np.sin(0.31 * index) * 1.5, np.cos(0.9 * index + path[1]) * 1.8])
    else:
        return scene
    return cv2.warpAffine(scene, np.float32([[1, 0, shift[0]], [0, 1, shift[1]]]), (width, height), borderMode=cv2.BORDER_REFLECT)


def frames(kind, seed, count, shape):
    """Plate, alpha and foreground of each frame, as bytes; first of all, the scene."""
    number = (KINDS + REFUSED).index(kind)
    random = np.random.default_rng((seed, number))
    scene = scene_of(random, kind, shape)
    yield np.round(scene * 255).astype(np.uint8)
    colors, figure = cloth(random, kind, scene, shape), Figure(random, kind, shape)
    shadow, (gain, offset) = shadow_of(random, kind, shape), light_of(random, kind, count)
    noise = {"noisy": 7.0, "near": 1.5}.get(kind, 2.5)
    path = random.choice([-1, 1], 2)
    for index in range(count):
        alpha = np.zeros(shape, np.float32) if kind == "empty" else figure.blurred(index, count)
        left = int(shape[1] * 1.5 - figure.middle(index / count))
        truth = colors[shape[0] // 2 : shape[0] // 2 + shape[0], max(left - shape[1] // 2, 0) :][:, : shape[1]]
        truth = np.clip(truth * gain[index] + offset[index], 0, 1)
        behind = moved(scene, kind, index, count, random, path) * cast(alpha, shadow)[..., None] * gain[index] + offset[index]
        share = alpha[..., None]
        plate = (share * truth + (1 - share) * behind) * 255 + random.normal(0, noise, (*shape, 3))
        yield (
            np.clip(np.round(plate), 0, 255).astype(np.uint8),
            np.round(np.clip(alpha, 0, 1) * 255).astype(np.uint8),
            np.round(np.where(share > 0, truth, 0) * 255).astype(np.uint8),
        )


def sink(path, pixel_format, shape, options):
    head = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", pixel_format]
    head += ["-s", f"{shape[1]}x{shape[0]}", "-r", str(RATE), "-i", "pipe:0"]
    return subprocess.Popen([*head, *options, str(path)], stdin=subprocess.PIPE)


def photograph(scene):
    """The empty scene as a caller gives it: half as large again, brighter and warmer, as JPEG."""
    large = cv2.resize(scene, None, fx=1.5, fy=1.5, interpolation=cv2.INTER_CUBIC).astype(np.float32)
    return np.clip(large * [1.06, 1.04, 1.0] + 4, 0, 255).astype(np.uint8)


def make(folder, kind, seed, count=FRAMES, size=f"{WIDTH}x{HEIGHT}"):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    shape = tuple(int(side) for side in size.split("x"))[::-1]
    pictures = frames(kind, seed, count, shape)
    scene = next(pictures)
    cv2.imwrite(str(folder / "background.png"), scene[..., ::-1])
    cv2.imwrite(str(folder / "empty.jpg"), photograph(scene)[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])
    h264 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "20"]
    sinks = [
        sink(folder / "plate.mp4", "rgb24", shape, [*h264, "-preset", "fast", *BT709]),
        sink(folder / "alpha.mkv", "gray", shape, ["-c:v", "ffv1"]),
        sink(folder / "foreground.mkv", "rgb24", shape, ["-c:v", "ffv1", "-pix_fmt", "bgr0"]),
    ]
    for pictures_of_one in pictures:
        for process, picture in zip(sinks, pictures_of_one):
            process.stdin.write(picture.tobytes())
    for process in sinks:
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg could not write a case")


if __name__ == "__main__":
    folder, kind, seed, *rest = sys.argv[1:]
    make(folder, kind, int(seed), *(convert(word) for convert, word in zip((int, str), rest)))
