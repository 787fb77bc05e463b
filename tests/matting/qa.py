"""Whether the QA score of mattes of people ranks them as their true error does.

    qa.py TRANSCODER CACHE_FOLDER [--seeds 1] [--kinds pan,shake] [--ways object,late] [--frames 24] [--size 640x360]

Cases of `people.py` are degraded by every way of `degrade.py`. Prints Spearman's rank correlation of the score with the true
error, told in three ways: absolute error of alpha, squared error, and squared error over the subject's area (all x 1000); then
the worst score of a true matte and the best ones of the worst mattes. A score that is not known is counted, not ranked.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import degrade
import people

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
import ranking  # noqa: E402

KINDS = ("talking_head", "full_body", "two_people", "passing_car", "pan", "still_camera")
# A matte with more squared error over the subject's area (x 1000) than this is one that nobody can use.
UNUSABLE = 200
LINE = "{:<20}{:<24}{:>5}{:>8}{:>9}{:>9}{:>9}   {}"


def qa_report(transcoder, case, result):
    """The QA report of a result."""
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        command = [transcoder, "qa", case / "plate.mp4", result, "--report", report.name]
        done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
        if done.returncode:
            raise SystemExit(done.stderr)
        found = json.load(report)
        if any(warning["code"] == "score_uncertain" for warning in found["warnings"]):
            found["score"] = None
        return found


def errors(trues, founds):
    """Absolute and squared error of alpha, and squared error over the subject's area, x 1000."""
    wanted, found = np.stack(trues), np.stack(founds)
    squared = (found - wanted) ** 2
    return tuple(1e3 * float(value) for value in (np.abs(found - wanted).mean(), squared.mean(), squared.sum() / max(wanted.sum(), 1)))


def degraded(transcoder, ways, case):
    """Name, way, strength, report and errors of one case, for each strength of the ways."""
    pictures, rows = degrade.read(case), []
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "degraded.mov"
        for way, strength in [("truth", 0), *((way, strength) for way in ways for strength in degrade.WAYS[way])]:
            alphas = degrade.degrade(case, pictures, way, strength, result)
            rows.append((case.name, way, strength, qa_report(transcoder, case, result), *errors(pictures[0], alphas)))
    return rows


def print_correlation(name, rows):
    known = [row for row in rows if row[3].get("score") is not None]
    if not known:
        return
    shown = [row[3]["score"] for row in known]
    figures = [-ranking.spearman(shown, [row[column] for row in known]) for column in (4, 5, 6)]
    line = "{:<24}{:>5} mattes, {:>3} not known   absolute {:6.3f}   squared {:6.3f}   over area {:6.3f}   scores {:>3} to {:>3}"
    print(line.format(name, len(rows), len(rows) - len(known), *figures, min(shown), max(shown)), flush=True)


def print_extremes(title, rows, is_worst_first):
    print(title)
    known = [row for row in rows if row[3].get("score") is not None]
    for row in sorted(known, key=lambda row: row[3]["score"], reverse=not is_worst_first)[:5]:
        print(f"  {row[3]['score']:>3}  {row[0]} {row[1]} {row[2] or ''}")


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--ways", default=",".join(degrade.WAYS))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--size", default=f"{people.WIDTH}x{people.HEIGHT}")
    options = parser.parse_args()
    pairs = itertools.product(options.seeds.split(","), options.kinds.split(","))
    found = [people.ensure(options.cache, kind, int(seed), options.frames, options.size) for seed, kind in pairs]
    ways = options.ways.split(",")
    print(LINE.format("case", "way", "", "score", "absolute", "squared", "area", "score's terms"))
    rows = []
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for row in itertools.chain.from_iterable(pool.map(degraded, itertools.repeat(options.transcoder), itertools.repeat(ways), found)):
            rows.append(row)
            name, way, strength, report, *figures = row
            terms = " ".join(f"{term['term']} {term['error']:.3f}" for term in report.get("scoreTerms", []))
            shown = report.get("score")
            shown = "-" if shown is None else shown
            print(LINE.format(name.rsplit("-", 2)[0], way, strength or "", shown, *(f"{value:.2f}" for value in figures), terms), flush=True)
    print("\nSpearman's rank correlation of the score's shortfall with the true error")
    for way in ways:
        print_correlation(way, [row for row in rows if row[1] == way])
    print_correlation("all", rows)
    print_extremes("\nWorst of the true mattes", [row for row in rows if row[1] == "truth"], True)
    print_extremes("Best of the unusable mattes", [row for row in rows if row[6] > UNUSABLE], False)


if __name__ == "__main__":
    main()
