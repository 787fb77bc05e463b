"""Mattes of a static camera, beside ffmpeg's backgroundkey and a difference threshold, both tuned with the truth in hand.

The threshold is told the true background, or the clip's median, whichever serves it better. Kinds that cannot be matted must
be refused; the last table says which were. Speeds are of the whole command: decoding, matting and lossless encoding.
"""
import itertools
import json
import math
import pathlib
import subprocess
import sys
import time

import cv2
import numpy as np

import cases

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
import score  # noqa: E402

STRATEGY = "static-camera"
DISTANCES = range(4, 200, 4)
BACKGROUNDKEY = list(itertools.product((0.02, 0.05, 0.08, 0.15), (0.05, 0.1, 0.2), (0.0, 0.1)))


def truths(case, shape):
    return zip(score.stream(case / "alpha.mkv", "gray", 1, shape), score.stream(case / "foreground.mkv", "rgb24", 3, shape))


def threshold(case, shape):
    """The best of all distances before the true background and before the median."""
    plates = np.stack(list(score.stream(case / "plate.mp4", "rgb24", 3, shape)))
    true = cv2.imread(str(case / "background.png"))[..., ::-1].astype(np.float32)
    best = None
    for name, behind in (("true", true), ("median", np.median(plates, 0).astype(np.float32))):
        far = np.stack([np.sqrt(((plate.astype(np.float32) - behind) ** 2).sum(-1)) for plate in plates])
        alphas = [alpha[..., 0].astype(np.float32) / 255 for alpha, _ in truths(case, shape)]
        errors = [(np.mean([((f > distance) - a).__pow__(2).mean() for f, a in zip(far, alphas)]), distance) for distance in DISTANCES]
        error, distance = min(errors)
        if best is None or error < best[0]:
            keyed = (np.dstack([plate, np.where(f > distance, 255, 0).astype(np.uint8)]) for plate, f in zip(plates, far))
            best = error, score.score_frames(truths(case, shape), keyed), f"{name}:{distance}"
    return best[1:]


def has_backgroundkey():
    """ffmpeg has it since 6.0."""
    filters = subprocess.run(["ffmpeg", "-v", "error", "-filters"], stdout=subprocess.PIPE, text=True, check=True).stdout
    return " backgroundkey " in filters


def backgroundkey(case, shape):
    """ffmpeg's filter, which learns the background from the first frame; the best of its settings."""

    def with_setting(setting):
        chain = "format=yuva444p,backgroundkey={}:{}:{},format=rgba".format(*setting)
        return score.score_frames(truths(case, shape), score.stream(case / "plate.mp4", "rgba", 4, shape, after=["-vf", chain])), setting

    figures, setting = min(map(with_setting, BACKGROUNDKEY), key=lambda found: found[0]["MSE"])
    return figures, ":".join(map(str, setting))


def rivals(case):
    """Kept beside the case, since both stay as they are."""
    shape = score.shape_of(case / "alpha.mkv")

    def kept(rival):
        known = case / f"{rival.__name__}.json"
        if not known.exists():
            known.write_text(json.dumps(rival(case, shape)))
        return json.loads(known.read_text())

    return kept(threshold), kept(backgroundkey) if has_backgroundkey() else None


def matte(transcoder, case, result, background=None):
    """Runs the transcoder; seconds, and what it said when it failed."""
    command = [transcoder, "run", case / "plate.mp4", "--output", "mov-prores4444", "-o", result, "--strategy", STRATEGY]
    if background is not None:
        command += ["--background", background]
    begun = time.monotonic()
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    return time.monotonic() - begun, None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def run(transcoder, cache, seeds, kinds, frames=None, size=None):
    """Prints the tables."""
    frames, size = frames or cases.FRAMES, size or f"{cases.WIDTH}x{cases.HEIGHT}"
    line = "{:<12}" + "{:>8}" * 5 + "{:>7}   |" + "{:>8}{:>12}   |" + "{:>8}{:>14}   |" + "{:>7}"
    if not has_backgroundkey():
        print("this ffmpeg is older than 6.0 and has no backgroundkey; it is left out")
    print(f"{STRATEGY}; a difference threshold; backgroundkey; MSE of the first as a share of the second's")
    print(line.format("case", *score.FIGURES, "fps", "MSE", "threshold", "MSE", "setting", "share"))
    shares, wrong = [], []
    for seed, kind in itertools.product(seeds, kinds):
        name = f"{kind} {seed}"
        case = cache / f"{kind}-{seed}-{frames}-{size}"
        if not (case / "made").exists():
            cases.make(case, kind, seed, frames, size)
            (case / "made").touch()
        seconds, refusal = matte(transcoder, case, case / "matted.mov", case / "empty.jpg" if kind == "given" else None)
        if refusal is not None or kind in cases.REFUSED:
            is_right = refusal is not None and kind in cases.REFUSED
            wrong += [] if is_right else [name]
            print(f"{name:<12}{'refused' if refusal else 'NOT REFUSED'}: {refusal or ''}", flush=True)
            continue
        ours = score.score(case, case / "matted.mov")
        (theirs, distance), keyed = rivals(case)
        others, setting = (f"{keyed[0]['MSE']:.3f}", keyed[1]) if keyed else ("-", "-")
        shares.append(ours["MSE"] / theirs["MSE"])
        figures = [f"{ours[figure]:.3f}" for figure in score.FIGURES] + [f"{frames / seconds:.1f}"]
        rest = [f"{theirs['MSE']:.3f}", distance, others, setting, f"{shares[-1]:.3f}"]
        print(line.format(name, *figures, *rest), flush=True)
    if shares:
        mean = math.exp(sum(map(math.log, shares)) / len(shares))
        over = sum(share > 0.5 for share in shares)
        print(f"geometric mean of the shares: {mean:.3f}; {over} of {len(shares)} above a half; greatest {max(shares):.3f}")
    print(f"refused or not against what the case is for: {', '.join(wrong) or 'none'}")
