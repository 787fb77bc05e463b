"""Inputs with one difficulty each. Numbers, people and colours are drawn from the random generator that an input is given."""
import dataclasses
from collections.abc import Callable

import cv2
import numpy as np

import people
import sets

SHAPE = (216, 384)
RATE, FRAMES = 25, 26
H264 = ["-c:v", "libx264", "-preset", "veryfast", "-crf", "18", "-pix_fmt", "yuv420p"]
INPUTS: dict[str, Callable] = {}


@dataclasses.dataclass
class Input:
    """What is filmed: `shot(index)` gives picture and alpha, 0 to 1; alpha below 0 is not judged."""

    shot: Callable
    count: int = FRAMES
    codec: list = dataclasses.field(default_factory=lambda: H264)
    filters: str = ""
    name: str = "clip.mp4"
    options: tuple = ()
    may_be_refused: bool = False


def entry(function):
    INPUTS[function.__name__] = function
    return function


def color_of(random, colors):
    """One of the colours, a little off."""
    return np.clip(np.array(colors[random.integers(len(colors))]) + random.integers(-8, 9, 3), 4, 235)


def green(random):
    return sets.lit(random, SHAPE, color_of(random, sets.GREENS))


def blue(random):
    return sets.lit(random, SHAPE, color_of(random, sets.BLUES))


def person(random, **more):
    """Somebody whose unit is a share of the height."""
    unit = more.pop("unit", random.uniform(0.34, 0.4)) * SHAPE[0]
    return people.Person(random, SHAPE, unit=unit, **more)


def before(random, who, screen, gain=lambda index: 1.0, grain=2.0):
    """Somebody before a picture, or before what a function of the frame gives."""

    def shot(index):
        alpha, color = who.picture(index / RATE)
        behind = screen(index) if callable(screen) else screen
        picture = (color + behind * (1 - alpha)[..., None]) * gain(index)
        return picture + random.normal(0, grain / 255, picture.shape), alpha

    return shot


def after_cuts(*shots):
    """Shots of the same length, one after the other."""
    return lambda index: shots[index * len(shots) // FRAMES](index)


def unjudged(shot, is_skipped):
    """Leaves out frames in which nothing can be right: a step of light, a fade's end."""

    def judged(index):
        picture, alpha = shot(index)
        return picture, np.full_like(alpha, -1) if is_skipped(index) else alpha

    return judged


def barred(random, across, down):
    """Black bars of so many pixels."""
    shot = before(random, person(random, unit=0.28), green(random))

    def with_bars(index):
        picture, alpha = shot(index)
        bars = np.ones(SHAPE, bool)
        bars[down : SHAPE[0] - down, across : SHAPE[1] - across] = False
        return np.where(bars[..., None], 0, picture), np.where(bars, 0, alpha)

    return Input(with_bars)


def step(random, screen, ratio):
    at = int(random.integers(8, 18))
    shot = before(random, person(random), screen, lambda index: ratio if index >= at else 1.0)
    return Input(unjudged(shot, lambda index: at <= index < at + 2))


@entry
def step_darker_on_blue(random):
    return step(random, blue(random), random.uniform(0.6, 0.85))


@entry
def step_brighter(random):
    return step(random, green(random) * 0.8, random.uniform(1.1, 1.25))


@entry
def stairs_of_light(random):
    gains = random.permutation([1.0, 0.85, 0.7, 0.92])
    shot = before(random, person(random), green(random), lambda index: gains[index * 4 // FRAMES])
    return Input(unjudged(shot, lambda index: index * 4 // FRAMES != max(0, index - 2) * 4 // FRAMES))


@entry
def flicker(random):
    depth, pace = random.uniform(0.03, 0.06), random.uniform(1.2, 2.6)
    return Input(before(random, person(random), green(random), lambda index: 0.95 + depth * np.sin(pace * index)))


@entry
def flicker_on_blue(random):
    depth, pace = random.uniform(0.06, 0.1), random.uniform(1.2, 2.6)
    return Input(before(random, person(random), blue(random), lambda index: 0.9 + depth * np.sin(pace * index)))


@entry
def fade_in(random):
    length = int(random.integers(6, 13))
    shot = before(random, person(random), green(random), lambda index: min(1, index / length), grain=0.5)
    return Input(unjudged(shot, lambda index: index / length < 0.3))


@entry
def dip_to_black_between_shots(random):
    def gain(index):
        return min(1.0, abs(index - FRAMES / 2) / 5)

    shots = [before(random, person(random), screen, gain, grain=0.5) for screen in (green(random), green(random))]
    return Input(unjudged(after_cuts(*shots), lambda index: gain(index) < 0.3))


@entry
def cut_to_a_close_up(random):
    wide, close = person(random, unit=0.28), person(random, unit=0.6)
    screen = green(random)
    return Input(after_cuts(before(random, wide, screen * random.uniform(0.65, 0.8)), before(random, close, screen)))


@entry
def three_shots(random):
    return Input(after_cuts(*(before(random, person(random, unit=random.uniform(0.26, 0.5)), green(random) * gain) for gain in (0.7, 1, 0.85))))


@entry
def green_then_blue(random):
    return Input(after_cuts(before(random, person(random), green(random)), before(random, person(random), blue(random))))


@entry
def blue_then_dim_green(random):
    return Input(after_cuts(before(random, person(random), blue(random)), before(random, person(random), green(random) * 0.5)))


def wrinkled(random, shape):
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    waves = np.sin(across / random.uniform(8, 16) + 2 * np.sin(down / random.uniform(25, 50)))
    return sets.creased(random, shape, color_of(random, sets.GREENS)) * (1 + random.uniform(0.04, 0.08) * waves)[..., None]


@entry
def pan_over_wrinkles(random):
    wide, pace = wrinkled(random, (SHAPE[0], SHAPE[1] * 2)), int(random.integers(3, 8))
    who = person(random, middle=0.72 * SHAPE[1], walk=-0.28 * SHAPE[1])
    return Input(before(random, who, lambda index: wide[:, index * pace : index * pace + SHAPE[1]]))


@entry
def tilt_over_wrinkles(random):
    tall, pace = wrinkled(random, (SHAPE[0] * 2, SHAPE[1])), int(random.integers(2, 5))
    return Input(before(random, person(random), lambda index: tall[index * pace : index * pace + SHAPE[0]]))


@entry
def broad_bars(random):
    return barred(random, 0, int(random.integers(22, 34)))


@entry
def thin_bars(random):
    return barred(random, 0, int(random.integers(4, 9)))


@entry
def bars_on_all_sides(random):
    return barred(random, int(random.integers(20, 50)), int(random.integers(8, 20)))


def amid_studio(random, left, right):
    """A screen between two columns; what is beside it is judged by nobody."""
    screen, studio = green(random), np.clip(0.3 + 0.3 * people.octaves(random, SHAPE, 5)[..., None] * np.array([1, 0.96, 0.9]), 0, 1)
    beside = np.ones(SHAPE, bool)
    beside[:, left:right] = False
    who = person(random, middle=(left + right) / 2)
    shot = before(random, who, np.where(beside[..., None], studio, screen).astype(np.float32))

    def judged(index):
        picture, alpha = shot(index)
        return picture, np.where(beside, -1, alpha)

    return Input(judged)


@entry
def screen_amid_a_studio(random):
    return amid_studio(random, int(SHAPE[1] * random.uniform(0.14, 0.2)), int(SHAPE[1] * random.uniform(0.78, 0.86)))


@entry
def screen_at_one_side(random):
    return amid_studio(random, 0, int(SHAPE[1] * random.uniform(0.6, 0.75)))


@entry
def dim_green(random):
    who = person(random, clothes=[(96, 40, 44), (52, 56, 80)])
    return Input(before(random, who, sets.lit(random, SHAPE, (random.integers(8, 18), random.integers(52, 70), random.integers(22, 34))), grain=2.5))


@entry
def dim_blue(random):
    who = person(random, clothes=[(96, 40, 44), (110, 100, 60)])
    return Input(before(random, who, sets.lit(random, SHAPE, (random.integers(8, 18), random.integers(24, 34), random.integers(64, 84))), grain=2.5))


@entry
def screen_off_its_hue(random):
    color = [(20, 150, 110), (70, 165, 50), (40, 110, 190)][random.integers(3)]
    return Input(before(random, person(random), sets.lit(random, SHAPE, color)))


@entry
def marks_of_tape(random):
    return Input(before(random, person(random), sets.taped(random, SHAPE, color_of(random, sets.GREENS))))


@entry
def denim_before_blue(random):
    denim = np.array([82, 96, 122]) + random.integers(-8, 9, 3)
    return Input(before(random, person(random, clothes=[tuple(denim)]), sets.lit(random, SHAPE, (random.integers(8, 24), 76, 188))))


@entry
def green_prints(random):
    class Printed(people.Person):
        def draw(self, canvas, time):
            super().draw(canvas, time)
            middle = self.place(time) * people.SCALE
            for height, color in ((0.3, 8), (0.62, 9)):
                where = (round(middle), round((self.top + height * self.unit) * people.SCALE))
                cv2.circle(canvas, where, round(0.11 * self.unit * people.SCALE), color, -1)

    who = Printed(random, SHAPE, clothes=sets.WHITES, unit=0.4 * SHAPE[0])
    prints = ((36, 110, 62), (110, 160, 66))
    who.colors |= {8 + index: np.array(tone, np.float32) / 255 + random.uniform(-0.03, 0.03) for index, tone in enumerate(prints)}
    return Input(before(random, who, green(random)))


@entry
def large_face(random):
    who = person(random, unit=random.uniform(1.0, 1.3))
    who.top = 0.62 * SHAPE[0]
    return Input(before(random, who, green(random), grain=0.5))


@entry
def low_bitrate(random):
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-b:v", f"{int(random.integers(70, 120))}k", "-pix_fmt", "yuv420p"]
    return Input(before(random, person(random), green(random), grain=1.0), codec=codec)


@entry
def subject_enters_late(random):
    who = person(random, middle=-0.3 * SHAPE[1], walk=0.75 * SHAPE[1])
    return Input(before(random, who, green(random)))


@entry
def interlaced(random):
    shot = before(random, person(random), green(random))

    def field(index):
        return shot(index / 2)

    fields = "tinterlace=interleave_top,setfield=tff"
    flags = ["-r", "25", "-flags", "+ilme+ildct", "-x264-params", "tff=1"]
    return Input(field, count=2 * FRAMES, filters=fields, codec=[*H264, *flags], name="clip.mov")


@entry
def alpha_that_is_none(random):
    filters = "format=rgba,colorchannelmixer=aa=0"
    return Input(before(random, person(random), green(random)), filters=filters, codec=["-c:v", "png", "-pix_fmt", "rgba"], name="clip.mov")


@entry
def at_rest_before_a_wall(random):
    who = person(random)
    who.reach = 0
    wall = sets.lit(random, SHAPE, tuple(random.integers(150, 220) + random.integers(-12, 13, 3)))
    return Input(before(random, who, wall), may_be_refused=True)


@entry
def white_said(random):
    who = person(random)
    return Input(before(random, who, np.full((*SHAPE, 3), 0.96, np.float32)), options=("--screen-color", "#f5f5f5"), may_be_refused=True)
