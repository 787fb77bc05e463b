"""The product's keyer, without any setting, beside textbook keyers that are tuned to each case with its truth in hand.

    bench.py TRANSCODER KEY_CLIP CACHE_FOLDER [--seeds 1,2] [--kinds hair,folds] [--frames 48] [--speed hair,folds] [--speed-frames 240]

Writes sheets of stills of each seed into the cache folder. Speeds are of the first seed.
"""
import argparse
import collections
import math
import pathlib
import subprocess

import numpy as np

import cases
import peers
import score
import sheet
import speed

LINE = "{:<15}" + "{:>8}" * 5 + "{:>7}" * 2 + "   |{:>10}" + "{:>8}" * 3 + "   |" + "{:>7}" * 3
COLUMNS = ("MSE", "FgMSE", "dtSSD")


def key(transcoder, case):
    """The figures of the product's result; those of a clear matte, and the reason, when it refuses."""
    keyed = case / "keyed.mov"
    keyed.unlink(missing_ok=True)
    command = [transcoder, "run", case / cases.facts(case)["plate"], "--output", "mov-prores4444", "-o", keyed]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode == 0:
        return score.score(case, keyed), None
    shape = score.shape_of(case / "alpha.mkv")
    clear = (np.zeros((*shape, 4), np.uint8) for _ in score.stream(case / "alpha.mkv", "gray", 1, shape))
    truths = zip(score.stream(case / "alpha.mkv", "gray", 1, shape), score.stream(case / "foreground.mkv", "rgb24", 3, shape))
    return score.score_frames(truths, clear), done.stderr.strip().splitlines()[-1]


def compared(transcoder, case, name):
    """Prints the row of a case; returns ours as shares of the best peers'."""
    ours, refusal = key(transcoder, case)
    if refusal:
        print(f"{name}: scored as a clear matte, since refused: {refusal}")
    rivals = peers.figures(case)
    best = min(rivals, key=lambda rival: rivals[rival]["MSE"])
    theirs = [rivals[best]["MSE"], min(rival["FgMSE"] for rival in rivals.values()), rivals[best]["dtSSD"]]
    shares = [ours[column] / max(other, 1e-9) for column, other in zip(COLUMNS, theirs)]
    figures = [f"{ours[column]:.3f}" for column in ("MSE", "FgMSE", "dtSSD", "MAD", "Grad")]
    figures += [f"{ours[defect]:.1f}" for defect in score.DEFECTS]
    print(LINE.format(name, *figures, best, *(f"{value:.3f}" for value in (*theirs, *shares))), flush=True)
    return shares + [ours[defect] for defect in score.DEFECTS]


def mean(values):
    return math.exp(sum(math.log(max(value, 1e-9)) for value in values) / len(values))


def summarize(name, rows):
    if rows:
        *shares, blobs, holes = zip(*rows)
        means = ", ".join(f"{column} {mean(share):.3f}" for column, share in zip(COLUMNS, shares))
        worse = sum(row[0] > 1 for row in rows)
        print(f"{name}: geometric means {means}; {worse} of {len(rows)} worse than the best peer; worst {max(shares[0]):.2f};", end=" ")
        print(f"blobs up to {max(blobs):.1f}, holes up to {max(holes):.1f} pixels a frame")


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "key_clip", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--kinds", default=",".join(cases.KINDS))
    parser.add_argument("--frames", type=int)
    parser.add_argument("--speed", default="hair,folds,phone")
    parser.add_argument("--speed-frames", type=int, default=240)
    options = parser.parse_args()
    seeds, kinds = options.seeds.split(","), options.kinds.split(",")
    found = collections.defaultdict(list)
    print("ours; the best peer by MSE, and the best foreground of any; ours as shares of these")
    shares = [f"/{column}" for column in COLUMNS]
    print(LINE.format("case", *COLUMNS, "MAD", "Grad", *score.DEFECTS, "best peer", *COLUMNS, *shares))
    for seed in seeds:
        folders = [cases.ensure(options.cache, kind, seed, options.frames) for kind in kinds]
        for kind, case in zip(kinds, folders):
            found[kind].append(compared(options.transcoder, case, f"{kind} {seed}"))
        sheets = sheet.write(options.cache / f"sheet-{seed}", folders)
        print("stills:", *sheets, flush=True)
    for name, group in (("simple kinds", cases.SIMPLE), ("hard kinds", cases.HARD)):
        summarize(name, [row for kind in group for row in found[kind]])
    for kind in (kind for kind in options.speed.split(",") if kind in kinds):
        speed.compare(options.key_clip, cases.ensure(options.cache, kind, seeds[0], options.frames), options.speed_frames)


if __name__ == "__main__":
    main()
