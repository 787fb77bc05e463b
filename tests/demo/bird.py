"""The demo's clip with a screen: a drawn bird of cut paper before a green screen that is lit unevenly, with sound.

    bird.py FOLDER

Writes plate.mp4 (what a camera would record), and alpha.mkv, the truth: fine strands, soft edges, motion blur. Sheets of paper
cast soft shadows on those behind them and a faint one on the screen, which is no part of the subject. The clip is a loop.
"""
import multiprocessing
import pathlib
import sys

import cv2
import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "matting"))
import cases  # noqa: E402

SHAPE, FRAMES = (720, 1280), 72
MOMENTS, SHUTTER = 6, 0.4
FLAPS, SECONDS = 4 / 3, 3
UNIT = 300  # pixels
SOFTNESS = 0.9  # standard deviation of the lens's blur, in pixels
TURN = 2 * np.pi
CORAL, RUST, PLUM, INDIGO = (238, 96, 66), (196, 58, 52), (150, 40, 96), (62, 50, 132)
GOLD, CREAM, SKY, NIGHT = (246, 172, 66), (252, 236, 214), (112, 160, 224), (34, 28, 62)


def leaf(base, angle, length, width, bend=0.0, wave=0.0, phase=0.0):
    """Outline of a feather; `bend` turns its end, `wave` waves it."""
    along = np.linspace(0, 1, 40)
    turn = angle + bend * along + wave * np.sin(TURN * along - phase) * along
    step = length / 39 * np.stack([np.cos(turn), np.sin(turn)], -1)
    middle = np.cumsum(np.vstack([base, step[:-1]]), 0)
    across = np.stack([-np.sin(turn), np.cos(turn)], -1)
    half = width * np.sin(np.pi * along**0.75)[:, None] ** 0.8
    return np.vstack([middle + half * across, (middle - half * across)[::-1]]), middle


def disc(middle, radius):
    angles = np.linspace(0, TURN, 48, endpoint=False)
    return np.array(middle) + radius * np.stack([np.cos(angles), np.sin(angles)], -1)


def wing(shoulder, lift, near, shades):
    """Two rows of feathers; `lift` is the wing's angle, 0 when it is level. Nearer wings are seen a little from above."""
    for row, (count, length, width) in enumerate(((9, 1.12, 0.085), (7, 0.66, 0.075), (4, 0.36, 0.07))):
        for index in range(count):
            share = index / (count - 1)
            angle = np.deg2rad(148 - 74 * share)
            reach = length * (0.62 + 0.38 * np.sin(np.pi * (0.25 + 0.5 * share)))
            tip = reach * np.array([np.cos(angle), -np.sin(angle) * (np.sin(lift) - 0.22 * near * np.cos(lift))])
            base = np.array(shoulder) + [-0.16 + 0.24 * share, 0.02]
            outline, middle = leaf(base, np.arctan2(tip[1], tip[0]), np.hypot(*tip), width, bend=-0.25 * np.sign(tip[1]))
            yield outline, shades[(row * 2 + index % 2) % len(shades)], middle


def tail(time):
    """Long ribbons that wave, and strands with a drop at their end."""
    for index, color in enumerate((INDIGO, PLUM, SKY, RUST, GOLD, CORAL)):
        angle = np.pi + 0.34 - 0.13 * index
        phase = TURN * (time * 2 / SECONDS - 0.11 * index)
        length = 1.15 - 0.1 * abs(index - 2.5)
        yield leaf((-0.5, 0.08), angle, length, 0.042, bend=0.3 - 0.12 * index, wave=0.55, phase=phase)[0], color, None
    for index in range(5):
        angle = np.pi + 0.3 - 0.15 * index
        phase = TURN * (time / SECONDS - 0.17 * index)
        _, strand = leaf((-0.5, 0.08), angle, 1.38 - 0.06 * index, 0.01, bend=0.42 - 0.2 * index, wave=0.7, phase=phase)
        yield strand, (PLUM, GOLD, CORAL, SKY, RUST)[index], "strand"
        yield disc(strand[-1], 0.03), (CORAL, INDIGO, GOLD, PLUM, SKY)[index], None


def crest(time):
    for index in range(4):
        phase = TURN * (time * FLAPS - 0.12 * index)
        _, strand = leaf((0.56, -0.3), np.deg2rad(-118 - 17 * index), 0.34 - 0.03 * index, 0.01, bend=-0.8, wave=0.25, phase=phase)
        yield strand, (PLUM, CORAL, GOLD, INDIGO)[index], "strand"
        yield disc(strand[-1], 0.021), (GOLD, CREAM, CORAL, SKY)[index], None


def sheets(time):
    """Sheets of paper from the back to the front: outline, colour, and what else there is to draw."""
    lift = np.deg2rad(8 + 56 * np.sin(TURN * FLAPS * time))
    yield from wing((0.2, -0.12), lift * 0.95, -1, (INDIGO, NIGHT, PLUM, INDIGO, SKY))
    yield from tail(time)
    yield from crest(time)
    yield leaf((0.98, -0.13), np.pi - 0.02, 0.36, 0.05)[0], GOLD, None
    yield leaf((0.74, -0.26), np.deg2rad(165), 1.42, 0.27, bend=-0.22)[0], CORAL, None
    yield leaf((0.66, -0.06), np.deg2rad(160), 1.08, 0.15, bend=0.1)[0], CREAM, None
    yield leaf((0.6, 0.02), np.deg2rad(160), 0.8, 0.075, bend=0.1)[0], GOLD, None
    yield disc((0.55, -0.17), 0.2), CORAL, None
    yield disc((0.58, -0.08), 0.075), RUST, None
    yield disc((0.62, -0.21), 0.062), CREAM, None
    yield disc((0.63, -0.21), 0.042), NIGHT, None
    yield disc((0.645, -0.225), 0.013), CREAM, None
    yield from wing((0.1, -0.06), lift, 1, (RUST, CORAL, GOLD, PLUM, CREAM, GOLD))


def place(points, time):
    """Bird to pixels: it hovers along an eight and pitches."""
    angle = 0.1 * np.sin(TURN * 2 * time / SECONDS) - 0.06
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    bob = -0.05 * np.cos(TURN * FLAPS * time)
    middle = np.array([0.4 * np.sin(TURN * time / SECONDS), 0.2 * np.sin(TURN * 2 * time / SECONDS) + bob])
    return (points @ turn.T + middle) * UNIT + [SHAPE[1] / 2 + 0.3 * UNIT, SHAPE[0] / 2]


def fixed(points):
    return [np.round(points * 16).astype(np.int32)]


def draw_sheet(colors, alphas, outline, color, extra):
    """Puts one sheet onto the canvas (colour times alpha, and alpha, in bytes), and its shadow onto what is there."""
    margin = 24
    low = np.maximum(np.floor(outline.min(0)).astype(int) - margin, 0)
    high = np.minimum(np.ceil(outline.max(0)).astype(int) + margin, SHAPE[::-1])
    if (high <= low).any():
        return
    window = (slice(low[1], high[1]), slice(low[0], high[0]))
    mask = np.zeros((high - low)[::-1], np.uint8)
    # Light from above, 128 is plain; the cut edge and the fold of the paper catch more of it.
    light = np.repeat(np.linspace(141, 110, mask.shape[0]).astype(np.uint8)[:, None], mask.shape[1], 1)
    if isinstance(extra, str):
        cv2.polylines(mask, fixed(outline - low), False, 255, 3, cv2.LINE_AA, 4)
    else:
        cv2.fillPoly(mask, fixed(outline - low), 255, cv2.LINE_AA, 4)
        ridge = np.zeros_like(mask)
        if extra is not None:
            cv2.polylines(ridge, fixed(extra[3:-6] - low), False, 9, 1, cv2.LINE_AA, 4)
        cv2.polylines(ridge, fixed(outline - low), True, 18, 2, cv2.LINE_AA, 4)
        light = cv2.add(light, ridge)
    small = cv2.GaussianBlur(cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA), (0, 0), 1.5)
    shade = cv2.resize(255 - cv2.convertScaleAbs(np.roll(small, (2, 1), (0, 1)), alpha=0.4), mask.shape[::-1])
    tones = np.minimum(np.arange(256)[:, None] / 128 * np.array(color), 255).astype(np.uint8)[None]
    behind = cv2.multiply(np.ascontiguousarray(colors[window]), cv2.merge([shade] * 3), scale=1 / 255)
    share = mask.astype(np.float32)
    colors[window] = cv2.blendLinear(behind, cv2.LUT(cv2.merge([light] * 3), tones), 255 - share, share)
    alphas[window] = 255 - cv2.multiply(255 - alphas[window], 255 - mask, scale=1 / 255)


def screen():
    """Light from the left, darker corners, and a few soft folds."""
    down, across = np.mgrid[0 : SHAPE[0], 0 : SHAPE[1]].astype(np.float32) / SHAPE[0]
    light = 1.06 - 0.13 * ((across - 0.62) ** 2 + 1.2 * (down - 0.42) ** 2)
    light += 0.012 * np.sin(9 * across + 1.3 * down) + 0.008 * np.sin(21 * across - 0.7 * down)
    return light[..., None] * np.float32([30, 176, 78]) / 255


def frame(index):
    """Plate and alpha of a frame as bytes."""
    canvas = np.zeros((*SHAPE, 4), np.float32)
    for moment in range(MOMENTS):
        time = (index + SHUTTER * moment / MOMENTS) / cases.RATE
        colors, alphas = np.zeros((*SHAPE, 3), np.uint8), np.zeros(SHAPE, np.uint8)
        for outline, color, extra in sheets(time):
            moved = extra if extra is None or isinstance(extra, str) else place(extra, time)
            draw_sheet(colors, alphas, place(outline, time), color, moved)
        cv2.accumulate(np.dstack([colors, alphas]), canvas)
    canvas = cv2.GaussianBlur(canvas, (0, 0), SOFTNESS) / (255 * MOMENTS)
    color, alpha = canvas[..., :3], canvas[..., 3:]
    cast = cv2.GaussianBlur(cv2.resize(alpha[..., 0], None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA), (0, 0), 6)
    cast = cv2.resize(np.roll(cast, (9, 6), (0, 1)), SHAPE[::-1], interpolation=cv2.INTER_CUBIC)
    plate = color + (1 - alpha) * screen() * (1 - 0.1 * cast[..., None])
    grain = cv2.GaussianBlur(np.random.default_rng(index).normal(0, 2.2, plate.shape).astype(np.float32), (0, 0), 0.6)
    return np.clip(np.round(plate * 255 + grain), 0, 255).astype(np.uint8), np.round(alpha * 255).astype(np.uint8)


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    sound = ["-f", "lavfi", "-i", f"sine=frequency=330:sample_rate=48000:duration={SECONDS},tremolo=f=3:d=0.8,volume=0.3"]
    h264 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "17"]
    sound += ["-c:a", "aac", "-b:a", "128k", "-movflags", "+faststart"]
    sinks = [
        cases.sink(folder / "plate.mp4", "rgb24", SHAPE, [*sound[:4], *h264, "-preset", "fast", *cases.BT709, *sound[4:]]),
        cases.sink(folder / "alpha.mkv", "gray", SHAPE, ["-c:v", "ffv1"]),
    ]
    with multiprocessing.Pool() as pool:
        for pictures in pool.imap(frame, range(FRAMES)):
            for process, picture in zip(sinks, pictures):
                process.stdin.write(picture.tobytes())
    for process in sinks:
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg could not write the clip")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
