"""Real people before real scenes, with their true alpha and foreground, recorded as H.264 4:2:0.

    people.py FOLDER KIND SEED [FRAMES [WIDTHxHEIGHT]] [--cache FOLDER]

Writes plate.mp4 (what a camera would record), alpha.mkv and foreground.mkv (the truth). People are cut out of photographs
(`cutouts.py`), moved, bent and lit; alpha and colour go the same way, so the truth is exact. `sources.py` says where pictures
come from. Each seed is another clip: person, place, size, scene, camera, noise, compression.
"""
import argparse
import pathlib

import cv2
import numpy as np

import cases
import cutouts
import objects
import sources
from scenes import PHOTOGRAPHS, WIDE, Scene, View, chained, to_world

KINDS = (
    "talking_head", "full_body", "two_people", "object_in_hand", "passing_car", "pan", "shake", "low_light", "small", "still_camera",
)
WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 24, 48
BUSTS, WALKERS = ("collins", "hopper", "obama", "president"), ("coat", "phone")
# The part of a cut-out's height that can be shown: below, it is cut off by a border of its photograph.
# Collins holds a helmet from 0.66 on, which is shown whole or not at all: half of one could be anything.
SHOWN = {"collins": 0.66, "hopper": 0.73, "obama": 1.0, "president": 1.0}
SHOWN_WITH_OBJECT = SHOWN | {"collins": 0.9}
# Kinds in which people may sit.
SEATED = ("talking_head", "still_camera", "low_light", "object_in_hand")
SHUTTER = 0.5


def wave(random, slow, fast):
    """A smooth function of time within -1 and 1, of two frequencies in Hz."""
    parts = [(random.uniform(0, 2 * np.pi), random.uniform(slow, fast), weight) for weight in (0.65, 0.35)]
    return lambda time: sum(weight * np.sin(2 * np.pi * rate * time + phase) for phase, rate, weight in parts)


def bump(distance):
    """1 in the middle, 0 from 1 on, smooth."""
    return np.clip(1 - distance**2, 0, 1) ** 2


class Person:
    """A cut-out that breathes, sways, turns its head and walks."""

    def __init__(self, random, name, shape, folders, x, top, height, life=1.0):
        self.name, self.shape, self.x, self.top, self.height = name, shape, x, top, height
        self.photograph = cutouts.PEOPLE[name]
        color, alpha = cutouts.load(name, *folders)
        scale = min(1.0, 1.15 * height * shape[0] / color.shape[0])
        picture = np.dstack([color * alpha[..., None], alpha])
        if scale < 1:
            picture = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        self.is_mirrored = random.random() < 0.5
        self.scale = scale * self.photograph.scale
        x_head, y_head, radius = self.photograph.head
        self.head = (*self.to_picture(x_head, y_head, picture.shape), radius * self.scale)
        self.picture = np.ascontiguousarray(picture[:, ::-1] if self.is_mirrored else picture)
        self.has_feet = self.photograph.has_feet
        self.rows, self.columns = self.picture.shape[:2]
        self.way = wave(random, 0.15, 0.5), wave(random, 0.2, 0.6)
        self.sway, self.turn, self.nod = wave(random, 0.2, 0.6), wave(random, 0.3, 1.1), wave(random, 0.4, 1.4)
        self.lean, self.breath, self.gait = wave(random, 0.1, 0.4), random.uniform(0.25, 0.4), random.uniform(0.8, 1.1)
        self.phase = random.uniform(0, 2 * np.pi)
        self.life, self.walk = life, 0.0
        self.drift = random.uniform(0.01, 0.03)
        self.gain = np.ones(3, np.float32)

    def to_picture(self, x, y, shape):
        """A place on the photograph as one on the scaled cut-out."""
        left, top = self.photograph.crop[:2]
        x, y = (x - left) * self.scale, (y - top) * self.scale
        return (shape[1] - 1 - x if self.is_mirrored else x), y

    def from_world(self, time):
        """The matrix from the world to the cut-out's pixels, without bending."""
        bob = 0.008 * self.height * abs(np.sin(2 * np.pi * self.gait * time + self.phase)) if self.walk else 0.0
        angle = 0.025 * self.life * self.lean(time)
        per_height = self.rows / (self.height * (1 + 0.012 * self.life * self.way[1](time) * (not self.has_feet)))
        x = self.x + self.walk * time + self.drift * self.life * self.way[0](time)
        foot = np.array([x, self.top + self.height - bob])
        turn = per_height * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return np.c_[turn, np.array([self.columns / 2, self.rows]) - turn @ foot]

    def bent(self, x, y, time):
        """Where on the cut-out the colour of a pixel of its bent picture is."""
        rows = self.rows
        up = np.clip(1 - y / rows, 0, 1)
        head_x, head_y, radius = self.head
        x_new = x + 0.03 * self.life * rows * self.sway(time) * up**2
        chest = bump((y / rows - 0.45) / 0.3)
        breath = np.sin(2 * np.pi * self.breath * time + self.phase)
        y_new = y + 0.005 * self.life * rows * breath * chest
        x_new += 0.012 * self.life * breath * chest * (x - self.columns / 2)
        # The head turns and nods about the neck; the neck and what is beside it follow less and less.
        near = bump(np.hypot(x - head_x, y - head_y) / (2.6 * radius))
        angle = 0.09 * self.life * self.turn(time) * near
        neck_y = head_y + 1.2 * radius
        x_new += angle * (y - neck_y)
        y_new += 0.5 * angle * (head_x - x) + 0.05 * radius * self.life * self.nod(time) * near
        x_new += 0.1 * radius * self.life * self.turn(time) * bump(np.hypot(x - head_x, y - head_y) / radius)
        if self.walk:
            stride = np.sin(2 * np.pi * self.gait * time + self.phase)
            x_new += 0.03 * rows * stride * np.clip(y / rows - 0.5, 0, 0.5) * np.tanh((x / self.columns - 0.5) / 0.15)
        return x_new, y_new

    def render(self, time, view):
        """Colour times alpha, and alpha."""
        matrix = chained(self.from_world(time), to_world(view, self.shape))
        down, across = np.mgrid[0 : self.shape[0], 0 : self.shape[1]].astype(np.float32)
        x = matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]
        y = matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]
        x, y = self.bent(x, y, time)
        if not self.has_feet:
            y = np.minimum(y, self.rows - 1)
        drawn = cv2.remap(self.picture, np.float32(x), np.float32(y), cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        drawn[..., :3] *= self.gain
        return drawn

    def hand(self, time):
        """Middle of the hand in the world."""
        x, y = self.to_picture(*self.photograph.hand, (self.rows, self.columns))
        matrix = np.vstack([self.from_world(time), [0, 0, 1]])
        return (np.linalg.inv(matrix) @ [x, y, 1])[:2]

    def shadow(self, time, view):
        """How much light is left on the ground around the feet."""
        if not self.has_feet:
            return None
        matrix = to_world(view, self.shape)
        down, across = np.mgrid[0 : self.shape[0], 0 : self.shape[1]].astype(np.float32)
        x = matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2] - (self.x + self.walk * time)
        y = matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2] - (self.top + 0.955 * self.height)
        return 1 - 0.5 * np.exp(-((x / (0.2 * self.height)) ** 2) - (y / (0.03 * self.height)) ** 2)


def camera_of(random, kind, seconds):
    """The camera as a function of time, how fast it pans, and how far it goes."""
    slow = [wave(random, 0.15, 0.6) for _ in range(4)]
    fast = [wave(random, 1.2, 3.2) for _ in range(3)]
    amount = {"still_camera": 0.0, "shake": 0.02}.get(kind, random.uniform(0.002, 0.008))
    jolt = random.uniform(0.012, 0.028) if kind == "shake" else 0.0
    speed = random.choice([-1, 1]) * random.uniform(0.35, 0.8) if kind == "pan" else 0.0
    if kind in ("full_body", "small"):
        speed = random.choice([-1, 0, 1]) * random.uniform(0.05, 0.2)

    def view(time):
        pan = speed * (time - seconds / 2)
        x = pan + amount * slow[0](time) + jolt * fast[0](time)
        y = amount * slow[1](time) + jolt * fast[1](time)
        zoom = 1 + (0.0 if kind == "still_camera" else 0.02 * slow[2](time))
        return View(x, y, zoom, (amount * 0.4) * slow[3](time) + 0.5 * jolt * fast[2](time))

    return view, speed, abs(speed) * seconds / 2 + amount + jolt


def people_of(random, kind, seed, shape, folders, speed, seconds):
    """The people of a clip; each seed has others in each kind."""
    def pick(names, skipped=0):
        return names[(seed + KINDS.index(kind) + skipped) % len(names)]

    def bust(name, x, least=0.1, most=0.15):
        """The radius of the head is from `least` to `most`, larger where the lower border would be left otherwise."""
        top, photograph = random.uniform(-0.43, -0.28), cutouts.PEOPLE[name]
        head = photograph.head[2] / (photograph.crop[3] - photograph.crop[1])
        lowest = 0.6 if kind == "shake" else 0.56
        shown = (SHOWN_WITH_OBJECT if kind == "object_in_hand" else SHOWN)[name]
        height = max((lowest - top) / shown, random.uniform(least, most) / head)
        return Person(random, name, shape, folders, x, top, height, random.uniform(0.6, 1.3))

    def walker(name, x, height=None, foot=None):
        height = random.uniform(0.66, 0.86) if height is None else height
        foot = random.uniform(0.38, 0.46) if foot is None else foot
        return Person(random, name, shape, folders, x, foot - height, height, random.uniform(0.5, 1.0))

    def either(x):
        name = pick(("hopper", "coat", "collins", "phone", "obama", "president"))
        return bust(name, x) if name in BUSTS else walker(name, x)

    x = random.uniform(-0.3, 0.3)
    if kind == "talking_head":
        name = pick(("hopper", "collins", "obama", "president"), 1)
        return [bust(name, 0.6 * x, 0.14, 0.2)]
    if kind == "small":
        people = [walker(pick(WALKERS), 2 * x, random.uniform(0.18, 0.24), random.uniform(0.1, 0.4))]
    elif kind == "full_body":
        people = [walker(pick(WALKERS), x)]
    elif kind == "two_people":
        if seed % 2 == 0:
            height = random.uniform(0.6, 0.8)
            names = [WALKERS[index] for index in random.permutation(2)]
            return [walker(names[0], -0.3 + 0.4 * x, height), walker(names[1], 0.3 + 0.4 * x, height * random.uniform(0.94, 1.06))]
        # Not Hopper, whose photograph shows too little of her.
        names = [("collins", "obama", "president")[index] for index in random.permutation(3)[:2]]
        return [bust(names[0], -0.4, 0.13, 0.17), bust(names[1], 0.4, 0.13, 0.17)]
    elif kind == "object_in_hand":
        name = pick(("obama", "coat", "collins", "phone", "president"))
        people = [bust(name, 0.6 * x, 0.08, 0.1) if name in BUSTS else walker(name, x)]
    else:
        people = [either(x)]
    for person in people:
        if person.has_feet and kind != "still_camera":
            person.walk = speed or random.choice([-1, 1]) * random.uniform(0.02, 0.12)
            person.x -= person.walk * seconds / 2
        elif kind == "pan":
            person.walk = speed
            person.x -= speed * seconds / 2
    return people


def clip(kind, seed, count, shape, folders):
    """Alpha, foreground and plate of each frame, 0 to 1; the plate without noise."""
    random = np.random.default_rng((seed, KINDS.index(kind), 16))
    seconds = count / RATE
    view, speed, reach = camera_of(random, kind, seconds)
    people = people_of(random, kind, seed, shape, folders, speed, seconds)
    defocus = {"talking_head": random.uniform(0.0, 0.012)}.get(kind, random.choice([0.0, 0.003]))
    places = WIDE if kind in ("small", "full_body") else tuple(PHOTOGRAPHS)
    place = places[(seed + KINDS.index(kind)) % len(places)]
    scene = Scene(random, place, folders[0], shape, reach, kind == "still_camera", defocus)
    scene.stand(random, random.integers(1, 4))
    if kind in SEATED and not people[0].has_feet and random.random() < 0.6:
        # The upper border of the seat is somewhere between the eyes and the shoulders.
        scene.seat(random, people[0].x, people[0].top + people[0].height * people[0].head[1] / people[0].rows * random.uniform(1.0, 2.0))
    if kind == "passing_car" and not people[0].has_feet and random.random() < 0.5:
        scene.pass_bus(random, folders[0], seconds)
    scene.drive(random, {"passing_car": 3, "still_camera": 0, "small": 0}.get(kind, random.integers(0, 2)), seconds)
    things = []
    if kind == "object_in_hand" and people[0].photograph.hand:
        things = [objects.Held(random, people[0], folders[0], shape)]
    match_light(random, people, scene.render(0, view(0)))
    steps = 6 if kind in ("pan", "shake", "passing_car", "full_body") else 3
    yield from shoot(scene, [*people, *things], view, wave(random, 0.1, 0.5), shape, count, steps)


def shoot(scene, layers, view, light, shape, count, steps):
    """Alpha, foreground and plate of each frame, all with the motion blur of `steps` moments."""
    for index in range(count):
        sums, plate = np.zeros((*shape, 4), np.float32), np.zeros((*shape, 3), np.float32)
        for step in range(steps):
            time = (index + SHUTTER * step / steps) / RATE
            now = view(time)
            behind = scene.render(time, now)
            drawn = np.zeros((*shape, 4), np.float32)
            for layer in layers:
                shade = layer.shadow(time, now)
                behind = behind if shade is None else behind * shade[..., None]
                above = layer.render(time, now)
                drawn = drawn * (1 - above[..., 3:]) + above
            sums += drawn / steps
            plate += (drawn[..., :3] + (1 - drawn[..., 3:]) * behind) / steps
        exposure = 1 + 0.04 * light(index / RATE)
        alpha = np.clip(sums[..., 3], 0, 1)
        color = sums[..., :3] / np.maximum(alpha, 1e-4)[..., None]
        yield alpha, color * exposure, plate * exposure


def match_light(random, people, behind):
    """Gives people some of the scene's light, as a good composite has it."""
    tint = behind.mean((0, 1)) + 0.05
    tint = (tint / tint.mean()) ** 0.35
    level = float(np.clip((behind.mean() / 0.4) ** 0.35, 0.7, 1.25))
    for person in people:
        person.gain = np.float32(tint * level * random.uniform(0.92, 1.08))


def record(random, kind, pictures):
    """Plate, alpha and foreground of each frame as bytes."""
    noise, tint, level = random.uniform(1.0, 3.0), np.ones(3), None
    if kind == "low_light":
        noise, tint, level = random.uniform(4.0, 7.0), np.array([1.12, 1.0, 0.82]), random.uniform(0.11, 0.18)
    gain = 1.0 if level is None else None
    for alpha, color, plate in pictures:
        gain = min(1.0, level / plate.mean()) if gain is None else gain
        grain = random.normal(0, noise, plate.shape).astype(np.float32)
        # Demosaicing makes grain a little coarse.
        grain = 0.5 * grain + 0.9 * cv2.GaussianBlur(grain, (0, 0), 0.7)
        seen = cv2.GaussianBlur(plate, (0, 0), 0.4) * gain * tint * 255 + grain
        yield (
            np.clip(np.round(seen), 0, 255).astype(np.uint8),
            np.round(cv2.GaussianBlur(alpha, (0, 0), 0.4) * 255).astype(np.uint8),
            np.round(np.where(alpha[..., None] > 0, np.clip(color * gain * tint, 0, 1), 0) * 255).astype(np.uint8),
        )


def make(folder, kind, seed, count=FRAMES, size=f"{WIDTH}x{HEIGHT}", cache=None):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cache = folder.parent if cache is None else pathlib.Path(cache)
    (cache / "cutouts").mkdir(parents=True, exist_ok=True)
    folders = sources.ensure(cache / "sources"), cache / "cutouts"
    shape = tuple(int(side) for side in size.split("x"))[::-1]
    random = np.random.default_rng((seed, KINDS.index(kind), 17))
    quality = random.integers(20, 31)
    write(folder, shape, quality, record(random, kind, clip(kind, seed, count, shape, folders)))


def write(folder, shape, quality, frames):
    """Encodes plate, alpha and foreground of each frame; `quality` is the plate's CRF."""
    h264 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", str(quality)]
    sinks = [
        cases.sink(folder / "plate.mp4", "rgb24", shape, [*h264, "-preset", "fast", *cases.BT709]),
        cases.sink(folder / "alpha.mkv", "gray", shape, ["-c:v", "ffv1"]),
        cases.sink(folder / "foreground.mkv", "rgb24", shape, ["-c:v", "ffv1", "-pix_fmt", "bgr0"]),
    ]
    for pictures in frames:
        for process, picture in zip(sinks, pictures):
            process.stdin.write(np.ascontiguousarray(picture).tobytes())
    for process in sinks:
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg could not write a case")


def ensure(cache, kind, seed, frames=None, size=None):
    """The folder of a case in the cache, made once."""
    frames, size = frames or FRAMES, size or f"{WIDTH}x{HEIGHT}"
    case = cache / "people" / f"{kind}-{seed}-{frames}-{size}"
    if not (case / "made").exists():
        make(case, kind, seed, frames, size, cache)
        (case / "made").touch()
    return case


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for name, convert in (("folder", str), ("kind", str), ("seed", int)):
        parser.add_argument(name, type=convert)
    parser.add_argument("frames", type=int, nargs="?", default=FRAMES)
    parser.add_argument("size", nargs="?", default=f"{WIDTH}x{HEIGHT}")
    parser.add_argument("--cache")
    options = parser.parse_args()
    make(options.folder, options.kind, options.seed, options.frames, options.size, options.cache)
