"""Sets of the hard kinds: screens, light, camera. Each kind is something that people film, with a truth of its own.

folds      a cloth screen with creases and sheen, and the subject's shadow on it
dark       an underexposed screen, noise in luma and chroma
clutter    the screen covers the middle; truth: what is beside it is opaque
teal       clothes in teal, cyan, yellow-green, mint
phone      sensor noise, denoising and sharpening in the camera, exposure drift, shake, CRF 30
whitespill strong screen light on skin and white clothes
thin       glasses, wires, a stand, strings
prores422  10-bit 4:2:2 with grain and a soft lens
floor      two people on a glossy floor that is screen too, with contact shadows; one leaves the picture
defocus    a subject out of focus, filmed twice as large and scaled down
marks      fast hands with motion blur before a screen with tape marks
cut        an exposure ramp, then a cut to another camera with another shade of the screen
"""
import dataclasses

import cv2
import numpy as np

import people

HARD = ("folds", "dark", "clutter", "teal", "phone", "whitespill", "thin", "prores422", "floor", "defocus", "marks", "cut")
GREENS = [(8, 172, 70), (40, 158, 74), (62, 188, 84), (20, 140, 60)]
BLUES = [(16, 76, 182), (40, 90, 200)]
TEALS = [(12, 138, 128), (150, 184, 56), (64, 186, 200), (148, 218, 188), (30, 110, 120)]
WHITES = [(244, 243, 240), (236, 238, 240)]


@dataclasses.dataclass
class Grain:
    """Standard deviations in 8-bit steps; softness in pixels."""

    luma: float = 2.0
    chroma: float = 0.0
    softness: float = 0.0

    def add(self, picture, random):
        def layer(strength, softness):
            noise = random.normal(0, 1, picture.shape[:2]).astype(np.float32)
            if softness:
                noise = cv2.GaussianBlur(noise, (0, 0), softness)
                noise /= noise.std()
            return noise * strength / 255

        picture = picture + layer(self.luma, self.softness)[..., None]
        if self.chroma:
            red, blue = layer(self.chroma, self.softness + 1), layer(self.chroma, self.softness + 1)
            picture += np.dstack([red, np.zeros_like(red), blue])
        return picture


@dataclasses.dataclass
class Set:
    people: list
    color: tuple
    screen: np.ndarray
    grain: Grain = dataclasses.field(default_factory=Grain)
    lens: float = 0.6
    disc: float = 0.0
    shutter: int = 1
    shadow: float = 0.0
    gloss: float = 0.0
    spill: float = 0.0
    ramp: float = 0.0
    subject_gain: float = 1.0
    shake: float = 0.0
    is_phone: bool = False
    wall: tuple | None = None


def places(shape):
    """Across and down, around the middle, in heights of the picture."""
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return (across - shape[1] / 2) / shape[0], down / shape[0] - 0.5


def lit(random, shape, color):
    """A screen with light that falls off towards one side and the corners."""
    across, down = places(shape)
    angle, slope = random.uniform(0, 2 * np.pi), random.uniform(0.03, 0.16)
    light = 1.02 + slope * (np.cos(angle) * across + np.sin(angle) * down) - 0.18 * (across**2 + down**2)
    light += 0.03 * people.octaves(random, shape, 4, 2)
    return np.array(color, np.float32) / 255 * light[..., None]


def creased(random, shape, color):
    """Creases: a bright flank, a dark flank, and sheen on the bright one."""
    across, down = places(shape)
    relief = np.zeros(shape, np.float32)
    for _ in range(10):
        angle, width = random.normal(0.2, 0.5), random.uniform(0.012, 0.05)
        offset = across * np.cos(angle) + down * np.sin(angle) - random.uniform(-0.8, 0.8) + 0.04 * people.octaves(random, shape, 3, 2)
        strength = random.uniform(0.12, 0.34) * np.clip(0.6 + people.octaves(random, shape, 3, 1), 0, 1)
        relief += strength * np.exp(-((offset / width - 0.8) ** 2)) - strength * np.exp(-((offset / width + 0.8) ** 2) / 2)
    return np.clip(lit(random, shape, color) * np.clip(1 + relief, 0.4, 1.3)[..., None] + 0.1 * np.clip(relief, 0, 0.5)[..., None], 0, 1)


def taped(random, shape, color):
    """Crosses of tape in darker and lighter shades of the screen."""
    screen, size = lit(random, shape, color), shape[0] / 60
    for row in np.arange(0.1, 1, 0.2):
        for column in np.arange(0.07, 1, 0.17):
            x, y = (column + random.normal(0, 0.01)) * shape[1], (row + random.normal(0, 0.01)) * shape[0]
            stencil = np.zeros((shape[0] * 4, shape[1] * 4), np.uint8)
            for way in (0, np.pi / 2):
                end = np.array([np.cos(way), np.sin(way)]) * size
                start, end = ((np.array([x, y]) + sign * end) * 4 for sign in (-1, 1))
                cv2.line(stencil, tuple(map(round, start)), tuple(map(round, end)), 255, round(size * 1.6))
            share = cv2.resize(stencil, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)[..., None] / 255
            screen = screen * (1 + share * (random.choice([0.62, 0.75, 1.16]) - 1))
    return screen


def studio(random, shape):
    """What stands beside a screen, and where: slanted edges left and right."""
    rows, columns = shape
    picture = np.ascontiguousarray((0.48 + 0.35 * people.octaves(random, shape, 5))[..., None] * np.array([1.05, 1.0, 0.94], np.float32))
    for _ in range(44):
        left = int(columns * (random.uniform(0, 0.15) if random.random() < 0.5 else random.uniform(0.82, 1)))
        top, wide, high = int(random.uniform(0, rows)), int(random.uniform(5, 50)), int(random.uniform(4, 80))
        tone = [float(part) for part in random.random(3) * (0.9, 0.66, 0.8)]
        cv2.rectangle(picture, (left, top), (left + wide, top + high), tone, -1)
    edges = np.zeros((rows * 4, columns * 4), np.uint8)
    left, right = ((columns * 4 * random.uniform(*span)).__trunc__() for span in ((0.15, 0.18), (0.8, 0.83)))
    cv2.fillPoly(edges, [np.array([(0, 0), (left, 0), (left + 16, rows * 4), (0, rows * 4)])], 255)
    cv2.fillPoly(edges, [np.array([(right, 0), (columns * 4, 0), (columns * 4, rows * 4), (right - 20, rows * 4)])], 255)
    return cv2.resize(edges, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) / 255, np.clip(picture, 0, 1)


def build(random, kind, shape):
    """The sets of a kind, in the order in which they are filmed."""
    rows, columns = shape
    color = GREENS[random.integers(len(GREENS))]

    def person(**more):
        return people.Person(random, shape, **more)

    if kind == "folds":
        return [Set([person()], color, creased(random, shape, color), shadow=0.4)]
    if kind == "dark":
        color = (random.integers(8, 18), random.integers(50, 70), random.integers(24, 36))
        return [Set([person()], color, lit(random, shape, color), Grain(4.5, 4.5), subject_gain=0.42)]
    if kind == "clutter":
        return [Set([person()], color, lit(random, shape, color), wall=studio(random, shape))]
    if kind == "teal":
        return [Set([person(clothes=TEALS)], color, lit(random, shape, color))]
    if kind == "phone":
        return [Set([person()], color, lit(random, shape, color), Grain(5, 4), ramp=0.06, shake=0.004 * rows, is_phone=True)]
    if kind == "whitespill":
        return [Set([person(clothes=WHITES)], color, lit(random, shape, color), spill=0.6)]
    if kind == "thin":
        return [Set([people.Props(random, shape, has_glasses=True)], color, lit(random, shape, color))]
    if kind == "prores422":
        return [Set([person()], color, lit(random, shape, color), Grain(3.5, 1.5, 0.6), lens=0.85)]
    if kind == "floor":
        color = BLUES[random.integers(len(BLUES))] if random.random() < 0.5 else color
        left = person(middle=0.36 * columns, unit=0.26 * rows, foot=0.93 * rows)
        right = person(middle=0.66 * columns, unit=0.28 * rows, foot=0.95 * rows, walk=0.45 * columns)
        bend = 1 - 0.14 / (1 + np.exp((0.3 - places(shape)[1]) * 60))
        return [Set([left, right], color, lit(random, shape, color) * bend[..., None], shadow=0.35, gloss=0.07)]
    if kind == "defocus":
        return [Set([person()], color, lit(random, shape, color), Grain(4, 0), disc=0.016 * rows)]
    if kind == "marks":
        return [Set([person(pace=2.2, walk=0.1 * columns)], color, taped(random, shape, color), shutter=9)]
    wide, close = person(), person(unit=0.62 * rows)
    other = tuple(np.clip(np.array(color) * (0.8, 1.12, 1.25) + (14, 0, 6), 0, 235).astype(int))
    return [
        Set([wide], color, lit(random, shape, color) * 0.9, ramp=0.18),
        Set([close], other, lit(random, shape, other), Grain(3, 2)),
    ]
