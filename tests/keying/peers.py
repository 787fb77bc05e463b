"""Textbook keyers, each tuned to a case with its truth in hand, which no user can do.

    peers.py CASE_FOLDER [NAME,NAME]

chromakey  ffmpeg's distance of chroma, in the right colour space and with wide blends
obs        the chroma key of OBS Studio: distance of chroma in a 3x3 neighbourhood, raised to 1.5; spill becomes grey
vlahos     colour difference, as a share of the screen's
ibk        colour difference, as a share of that of a clean plate
line       projection onto the line from the plate to the nearest colour of the subject's core

A peer has settings that change its map (costly), curves that turn the map into alpha, and finishes that make the colour. All
combinations of the first two are tried on every third pixel, both ways, of a few frames; then all finishes.
"""
import dataclasses
import functools
import itertools
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable

import cv2
import numpy as np

import cases
import score

SAMPLE = (slice(1, None, 3), slice(1, None, 3))
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
# Weights of the larger of the two other channels against the smaller one.
BALANCES = (0.0, 0.25, 0.5, 0.75, 1.0)
LEVELS = [(low, high) for low in (0, 0.02, 0.05, 0.08, 0.12, 0.17, 0.24, 0.32, 0.42) for high in (0.5, 0.6, 0.7, 0.8, 0.88, 0.95, 1)]


class Clip:
    """A case in memory: 16-bit RGB of the plate with chroma in its place, and the truth."""

    def __init__(self, folder):
        self.folder, facts = pathlib.Path(folder), cases.facts(folder)
        self.shape = score.shape_of(self.folder / "alpha.mkv")
        self.alphas = [alpha[..., 0] for alpha in score.stream(self.folder / "alpha.mkv", "gray", 1, self.shape)]
        self.colors = list(score.stream(self.folder / "foreground.mkv", "rgb24", 3, self.shape))
        place = "in_h_chr_pos=0:" if facts["siting"] == "left" else ""
        scale = f"scale={place}in_color_matrix=bt709:in_range=tv:flags=bicubic+accurate_rnd+full_chroma_int+full_chroma_inp"
        command = ["ffmpeg", "-v", "error", "-i", str(self.folder / facts["plate"]), "-vf", f"{scale},format=rgb48le"]
        raw = subprocess.run([*command, "-f", "rawvideo", "pipe:1"], stdout=subprocess.PIPE, check=True).stdout
        self.plates = np.frombuffer(raw, "<u2").reshape(-1, *self.shape, 3)
        count = len(self.plates)
        self.tuning = [count // 8, count // 2, count - 1 - count // 8]
        told = np.array(facts["screen"], np.float32) / 255
        bare = [self.picture(index)[self.alphas[index] == 0] for index in self.tuning[::2]]
        self.screens = (told, np.median(np.concatenate(bare), 0).astype(np.float32))
        self.key = 2 if told[2] > told[1] else 1
        self.others = [0, 3 - self.key]

    @functools.lru_cache(4)
    def picture(self, index):
        return self.plates[index].astype(np.float32) / 65535

    def difference(self, picture, balance):
        """How far the key channel exceeds the two others."""
        one, other = (picture[..., channel] for channel in self.others)
        return picture[..., self.key] - balance * np.maximum(one, other) - (1 - balance) * np.minimum(one, other)

    def despilled(self, picture, balance):
        picture = picture.copy()
        picture[..., self.key] -= np.maximum(0, self.difference(picture, balance))
        return picture

    @functools.lru_cache(6)
    def clean_plate(self, index, distance):
        """What is surely screen, carried on beneath the subject."""
        sure = (chroma_distance(self.picture(index), self.screens[1]) < distance).astype(np.uint8)
        sure = cv2.erode(sure, np.ones((9, 9), np.uint8))
        if sure.sum() < 500:
            return np.broadcast_to(self.screens[1], self.picture(index).shape).copy()
        return cv2.GaussianBlur(spread(self.picture(index), sure.astype(np.float32)), (0, 0), 3)

    @functools.lru_cache(8)
    def core(self, index, distance, least):
        """The colours of the subject's core, carried on outwards."""
        far = chroma_distance(self.picture(index), self.clean_plate(index, distance)) > least
        inside = cv2.erode(far.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
        return spread(self.picture(index), inside) if inside.sum() > 50 else np.full((*self.shape, 3), 0.5, np.float32)


def chroma(picture):
    luma = picture @ LUMA
    return np.stack([(picture[..., 2] - luma) / 1.8556, (picture[..., 0] - luma) / 1.5748], -1)


def chroma_distance(picture, screen):
    """As ffmpeg's chromakey has it, in a 3x3 neighbourhood, 1 for opposite corners."""
    apart = (chroma(picture) - chroma(screen)) * (224 / 255)
    return cv2.blur(np.sqrt((apart**2).sum(-1) / 2), (3, 3), borderType=cv2.BORDER_REPLICATE)


def obs_distance(picture, screen):
    """The middle weighs one, four places around it two each."""
    apart = np.sqrt(((chroma(picture) - chroma(screen)) ** 2).sum(-1))
    ring = np.array([[0.25, 0.5, 0.25], [0.5, 0, 0.5], [0.25, 0.5, 0.25]], np.float32) / 3
    return cv2.filter2D(apart, -1, ring * 8 / 9 + np.pad([[1 / 9]], 1), borderType=cv2.BORDER_REPLICATE)


def spread(picture, weight):
    """The weighted picture, its gaps filled from ever coarser means."""
    levels = [(picture * weight[..., None], weight)]
    while min(levels[-1][1].shape) > 4:
        levels.append(tuple(cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for part in levels[-1]))
    filled = levels[-1][0] / np.maximum(levels[-1][1], 1e-6)[..., None]
    for total, share in reversed(levels[:-1]):
        coarse = cv2.resize(filled, share.shape[::-1], interpolation=cv2.INTER_LINEAR)
        trust = np.clip(share * 6, 0, 1)[..., None]
        filled = coarse * (1 - trust) + trust * total / np.maximum(share, 1e-6)[..., None]
    return filled


@dataclasses.dataclass
class Peer:
    """`measure(clip, index, setting)` makes the map, `curve(map, curve)` alpha, `finish(clip, index, alpha, setting, finish)` colour."""

    settings: list
    measure: Callable
    curves: list
    curve: Callable
    finishes: list
    finish: Callable


def ramp(found, curve):
    return np.clip((found - curve[0]) / (curve[1] - curve[0]), 0, 1)


def blend(found, curve):
    return np.clip((found - curve[0]) / curve[1], 0, 1)


def plain_finish(clip, index, alpha, setting, finish):
    """The picture as it is, or with the key channel limited by the two others."""
    return clip.picture(index) if finish is None else clip.despilled(clip.picture(index), finish)


def unmixed(clip, index, alpha, plate, balance):
    """What is left when the screen's share is taken away."""
    share = np.clip(alpha, 0.1, 1)[..., None]
    return clip.despilled(np.clip((clip.picture(index) - (1 - alpha[..., None]) * plate) / share, 0, 1), balance)


def plate_finish(clip, index, alpha, setting, finish):
    how, balance = finish
    if how == "unmix":
        return unmixed(clip, index, alpha, clip.clean_plate(index, setting[0]), balance)
    return plain_finish(clip, index, alpha, setting, balance)


def flat_finish(clip, index, alpha, setting, finish):
    how, balance = finish
    if how == "unmix":
        return unmixed(clip, index, alpha, clip.screens[1], balance)
    return plain_finish(clip, index, alpha, setting, balance)


def obs_finish(clip, index, alpha, setting, finish):
    """The nearer to the screen, the greyer."""
    screen, (similarity, _) = setting, finish[1]
    keep = (blend(obs_distance(clip.picture(index), clip.screens[screen]), (similarity, finish[0])) ** 1.5)[..., None]
    return (clip.picture(index) @ LUMA)[..., None] * (1 - keep) + clip.picture(index) * keep


def ibk_map(clip, index, setting):
    distance, *weights = setting

    def difference(picture):
        return picture[..., clip.key] - sum(weight * picture[..., channel] for weight, channel in zip(weights, clip.others))

    return 1 - difference(clip.picture(index)) / np.maximum(difference(clip.clean_plate(index, distance)), 0.02)


def line_map(clip, index, setting):
    distance, least, luma_weight = setting

    def point(picture):
        return np.dstack([(picture @ LUMA) * luma_weight, chroma(picture)])

    plate = point(clip.clean_plate(index, distance))
    line, seen = point(clip.core(index, distance, least)) - plate, point(clip.picture(index)) - plate
    return (line * seen).sum(-1) / np.maximum((line**2).sum(-1), 1e-4)


def vlahos_map(clip, index, setting):
    screen, balance = setting
    return 1 - clip.difference(clip.picture(index), balance) / max(1e-3, float(clip.difference(clip.screens[screen], balance)))


UNMIX = [("unmix", balance) for balance in BALANCES] + [("limit", balance) for balance in (None, *BALANCES)]
LIMITS = [None, *BALANCES]
PEERS = {
    "chromakey": Peer(
        [0, 1],
        lambda clip, index, screen: chroma_distance(clip.picture(index), clip.screens[screen]),
        list(itertools.product((0.01, 0.02, 0.03, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2), (1e-4, 0.03, 0.06, 0.1, 0.15, 0.2, 0.25, 0.3))),
        blend,
        LIMITS,
        plain_finish,
    ),
    "obs": Peer(
        [0, 1],
        lambda clip, index, screen: obs_distance(clip.picture(index), clip.screens[screen]),
        list(itertools.product((0.005, 0.02, 0.04, 0.06, 0.09, 0.12, 0.16, 0.2, 0.26), (0.02, 0.05, 0.08, 0.12, 0.16, 0.2, 0.26, 0.33, 0.4, 0.5))),
        lambda found, curve: blend(found, curve) ** 1.5,
        [0.01, 0.05, 0.1, 0.2, 0.35, 0.6],
        obs_finish,
    ),
    "vlahos": Peer(list(itertools.product((0, 1), BALANCES)), vlahos_map, LEVELS, ramp, UNMIX, flat_finish),
    "ibk": Peer(list(itertools.product((0.05, 0.1), (0.25, 0.5, 0.75, 1), (0, 0.25, 0.5))), ibk_map, LEVELS, ramp, UNMIX, plate_finish),
    "line": Peer(list(itertools.product((0.06,), (0.08, 0.13, 0.2), (0, 0.4, 1))), line_map, LEVELS, ramp, UNMIX, plate_finish),
}


def tune(clip, peer):
    """The best setting and curve by MSE of alpha."""
    truths = [clip.alphas[index][SAMPLE].astype(np.float32) / 255 for index in clip.tuning]
    found = []
    for setting in peer.settings:
        maps = [np.ascontiguousarray(peer.measure(clip, index, setting)[SAMPLE]) for index in clip.tuning]
        for curve in peer.curves:
            errors = [((peer.curve(part, curve) - truth) ** 2).mean() for part, truth in zip(maps, truths)]
            found.append((np.mean(errors), setting, curve))
    return min(found, key=lambda entry: entry[0])[1:]


def keyed(clip, peer, setting, curve, finish, index):
    """Alpha and colour of a frame, 0 to 1."""
    alpha = peer.curve(peer.measure(clip, index, setting), curve).astype(np.float32)
    told = (finish, curve) if peer.finish is obs_finish else finish
    return alpha, np.clip(peer.finish(clip, index, alpha, setting, told), 0, 1)


def color_error(clip, index, color):
    seen = clip.alphas[index] > 12
    return float(((color[seen] - clip.colors[index][seen] / 255) ** 2).mean()) * 1e3 if seen.any() else np.nan


def measured(clip, peer):
    """The figures of a tuned peer over all frames, and how it was tuned."""
    setting, curve = tune(clip, peer)

    def finish_error(finish):
        return np.nanmean([color_error(clip, index, keyed(clip, peer, setting, curve, finish, index)[1]) for index in clip.tuning[:2]])

    finish = min(peer.finishes, key=finish_error)
    rows, before = [], None
    for index, truth in enumerate(clip.alphas):
        alpha, color = keyed(clip, peer, setting, curve, finish, index)
        error = np.round(alpha * 255) / 255 - truth.astype(np.float32) / 255
        flicker = np.nan if before is None else np.sqrt(((error - before) ** 2).mean()) * 1e2
        rows.append(((error**2).mean() * 1e3, flicker, color_error(clip, index, color)))
        before = error
    figures = dict(zip(("MSE", "dtSSD", "FgMSE"), map(float, np.nanmean(rows, 0))))
    return figures | {"setting": str(setting), "curve": str(curve), "finish": str(finish)}


def figures(case, names=tuple(PEERS)):
    """The figures of each peer by name; kept beside the case, since both stay as they are."""
    known = pathlib.Path(case) / "peers.json"
    found = json.loads(known.read_text()) if known.exists() else {}
    missing = [name for name in names if name not in found]
    if missing:
        clip = Clip(case)
        found |= {name: measured(clip, PEERS[name]) for name in missing}
        known.write_text(json.dumps(found, indent=1))
    return {name: found[name] for name in names}


if __name__ == "__main__":
    for name, row in figures(sys.argv[1], sys.argv[2].split(",") if len(sys.argv) > 2 else tuple(PEERS)).items():
        print(f"{name:<10}", "  ".join(f"{key} {value:.3f}" if isinstance(value, float) else f"{key} {value}" for key, value in row.items()))
