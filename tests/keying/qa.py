"""Whether the QA score ranks results as their true error does: cases spoiled on purpose, and Spearman's rank correlation.

    qa.py TRANSCODER CACHE_FOLDER [--seeds 1] [--kinds hair,blur] [--frames 12] [--bases truth,keyed]

True error is told twice: as the squared error of alpha, and as that of the picture over mid grey (both x 1000).
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import subprocess
import tempfile

import numpy as np

import cases
import degrade
import score


def errors(case, result):
    """Mean squared error of alpha, and of the picture over mid grey."""
    shape = score.shape_of(case / "alpha.mkv")
    truths = zip(score.stream(case / "alpha.mkv", "gray", 1, shape), score.stream(case / "foreground.mkv", "rgb24", 3, shape))
    rows = []
    for (alpha, color), found in zip(truths, score.stream(result, "rgba", 4, shape), strict=True):
        wanted, got = alpha.astype(np.float32) / 255, found[..., 3:].astype(np.float32) / 255
        over = wanted * (color / 255 - 0.5) - got * (found[..., :3] / 255 - 0.5)
        rows.append((float(((got - wanted) ** 2).mean()) * 1e3, float((over**2).mean()) * 1e3))
    return np.mean(rows, 0)


def judged(transcoder, case, result):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        quiet(transcoder, "qa", case / "plate.mp4", result, "--report", report.name)
        return json.load(report)


def quiet(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
    if done.returncode:
        raise SystemExit(done.stderr)


def spoiled(transcoder, case, kind, base):
    """Every way and strength of one case."""
    pictures = list(degrade.pictures(case, case / "keyed.mov" if base == "keyed" else "truth"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "spoiled.mov"
        for way, strength in ((way, strength) for way, strengths in degrade.WAYS.items() for strength in strengths):
            degrade.degrade(case, kind, pictures, way, strength, result)
            rows.append((case.name, base, way, strength, judged(transcoder, case, result), *errors(case, result)))
    return rows


def ranks(values):
    """From 1; equals share the mean of theirs."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[where]


def spearman(left, right):
    """Not a number where all are equal: spill alone leaves alpha as it is."""
    if len(set(left)) < 2 or len(set(right)) < 2:
        return float("nan")
    return float(np.corrcoef(ranks(left), ranks(right))[0, 1])


def told(name, rows):
    scores = [row[4]["score"] for row in rows]
    figures = [-spearman(scores, [row[column] for row in rows]) for column in (5, 6)]
    print(f"{name:<24}{len(rows):>6} cases   alpha {figures[0]:6.3f}   over grey {figures[1]:6.3f}", flush=True)


def prepare(transcoder, cache, kind, seed, frames):
    case = cache / f"{kind}-{seed}-{frames}"
    if not (case / "made").exists():
        cases.make(case, kind, int(seed), frames)
        (case / "made").touch()
    quiet(transcoder, "run", case / "plate.mp4", "--output", "mov-prores4444", "-o", case / "keyed.mov", "--strategy", "chroma-key")
    return case


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--kinds", default=",".join(cases.SIMPLE))
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--bases", default="truth,keyed")
    options = parser.parse_args()
    seeds, kinds, bases = (text.split(",") for text in (options.seeds, options.kinds, options.bases))
    folders = {key: prepare(options.transcoder, options.cache, *key, options.frames) for key in itertools.product(kinds, seeds)}
    work = [(options.transcoder, folders[key], key[0], base) for key, base in itertools.product(folders, bases)]
    line = "{:<14}{:<7}{:<9}{:>7}{:>7}{:>12}{:>12}   {}"
    print(line.format("case", "base", "way", "", "score", "alpha", "over grey", "score's terms"))
    rows = []
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for row in itertools.chain.from_iterable(pool.map(spoiled, *zip(*work))):
            rows.append(row)
            name, base, way, strength, report, alpha, over = row
            terms = " ".join(f"{term['term']} {term['error']:.3f}" for term in report["scoreTerms"])
            print(line.format(name, base, way, strength, report["score"], f"{alpha:.3f}", f"{over:.3f}", terms), flush=True)
    print("\nSpearman's rank correlation of the score's shortfall with the true error")
    for way in degrade.WAYS:
        told(way, [row for row in rows if row[2] == way])
    for base in bases:
        told(f"all of {base}", [row for row in rows if row[1] == base])
    told("all", rows)


if __name__ == "__main__":
    main()
