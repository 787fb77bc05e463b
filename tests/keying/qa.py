"""Whether the QA score ranks results as their true error does, and tells unusable results from good ones.

    qa.py TRANSCODER CACHE_FOLDER [--seeds 1] [--kinds hair,folds] [--conditions drift,smoke] [--frames 12] [--bases truth,keyed]

Cases with a known truth, and their subjects under the conditions of conditions.py, are degraded by every way of degrade.py.
Prints Spearman's rank correlation of the score with the true error, told in three ways: squared error of alpha, that of the
picture over mid grey (both x 1000), and the first over the subject's area; then the worst score of a true matte and the best
one of a ruined matte. The bounds of the score were chosen on seeds 1 and 7.
"""
import argparse
import concurrent.futures
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import zlib

import numpy as np

import cases
import conditions
import degrade
import ranking
import score

# Of every condition; cases have every way and strength.
BRIEF = {"eroded": (2,), "holes": (0.02,), "cut_off": (0.15,), "pieces": (0.04,)}
# Not "clutter": its truth has the set beside the screen, which a garbage matte rightly clears.
KINDS = ("hair", "blur", "glass", "olive", "blue", "spill", "folds", "dark", "teal", "phone", "whitespill", "thin")
# An empty screen has no subject that could be ruined; smoke alone has no body.
WITHOUT_BODY = {"empty": ("opaque", "haze", "pieces"), "smoke_alone": ("opaque", "haze", "clear", "opaque_from")}


def film(case, condition, frames):
    """The folder of a case under a condition, made once."""
    folder = case.with_name(f"{case.name}-{condition}")
    if (folder / "made").exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    facts = cases.facts(case)
    screen = np.array(facts["screen"], np.float32) / 255
    shape = score.shape_of(case / "alpha.mkv")
    h264 = ["-vf", "scale=out_color_matrix=bt709:out_range=tv", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "20", *cases.BT709]
    sinks = [
        cases.sink(folder / "plate.mp4", shape, "rgb24", h264),
        cases.sink(folder / "alpha.mkv", shape, "gray", ["-c:v", "ffv1"]),
        cases.sink(folder / "foreground.mkv", shape, "rgb24", ["-c:v", "ffv1", "-pix_fmt", "bgr0"]),
    ]
    pictures = itertools.islice(degrade.pictures(case, "truth"), frames)
    for filmed in conditions.film(condition, pictures, screen, zlib.crc32(case.name.encode())):
        for process, picture in zip(sinks, filmed):
            process.stdin.write(np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8).tobytes())
    for process in sinks:
        process.stdin.close()
        if process.wait():
            raise SystemExit("ffmpeg could not write a case")
    (folder / "case.json").write_text(json.dumps({**facts, "plate": "plate.mp4"}))
    (folder / "made").touch()
    return folder


def errors(case, result):
    """Mean squared error of alpha, of the picture over mid grey, and the first over the subject's area."""
    shape = score.shape_of(case / "alpha.mkv")
    truths = zip(score.stream(case / "alpha.mkv", "gray", 1, shape), score.stream(case / "foreground.mkv", "rgb24", 3, shape))
    rows = []
    for (alpha, color), found in zip(truths, score.stream(result, "rgba", 4, shape), strict=True):
        wanted, got = alpha.astype(np.float32) / 255, found[..., 3:].astype(np.float32) / 255
        over = wanted * (color / 255 - 0.5) - got * (found[..., :3] / 255 - 0.5)
        rows.append((float(((got - wanted) ** 2).mean()) * 1e3, float((over**2).mean()) * 1e3, float(wanted.mean())))
    alpha, over, area = np.mean(rows, 0)
    return alpha, over, alpha / max(area, 0.01)


def judged(transcoder, case, result):
    with tempfile.NamedTemporaryFile(suffix=".json") as report:
        quiet(transcoder, "qa", case / cases.facts(case)["plate"], result, "--report", report.name)
        return json.load(report)


def quiet(*command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
    if done.returncode:
        raise SystemExit(done.stderr)


def ways_of(condition):
    """Way, strength and whether the result is ruined."""
    graded = degrade.WAYS if condition is None else BRIEF
    ruins = degrade.RUINS
    if condition in WITHOUT_BODY:
        graded, ruins = {}, {way: ruins[way] for way in WITHOUT_BODY[condition]}
    yield "truth", 0, False
    yield from ((way, strength, False) for way, strengths in graded.items() for strength in strengths)
    yield from ((way, strength, True) for way, strengths in ruins.items() for strength in strengths)


def degraded(transcoder, case, condition, base):
    """Every way and strength of one case: name, base, way, strength, whether it is ruined, report, errors."""
    pictures = list(degrade.pictures(case, case / "keyed.mov" if base == "keyed" else "truth"))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        result = pathlib.Path(folder) / "degraded.mov"
        for way, strength, is_ruined in ways_of(condition):
            if way == "truth":
                degrade.write(pictures, result)
            else:
                degrade.degrade(case, pictures, way, strength, result)
            rows.append((case.name, base, way, strength, is_ruined, judged(transcoder, case, result), *errors(case, result)))
    return rows


def told(name, rows):
    if not rows:
        return
    scores = [row[5]["score"] for row in rows]
    figures = [-ranking.spearman(scores, [row[column] for row in rows]) for column in (6, 7, 8)]
    line = "{:<24}{:>6} cases   alpha {:6.3f}   over grey {:6.3f}   alpha over area {:6.3f}   scores {:>3} to {:>3}"
    print(line.format(name, len(rows), *figures, min(scores), max(scores)), flush=True)


def extremes(title, rows, is_worst_first):
    print(title)
    for row in sorted(rows, key=lambda row: row[5]["score"], reverse=not is_worst_first)[:5]:
        print(f"  {row[5]['score']:>3}  {row[0]} {row[1]} {row[2]} {row[3] or ''}")


def prepare(transcoder, cache, kind, seed, frames, bases):
    case = cases.ensure(cache, kind, seed, frames)
    if "keyed" in bases:
        plate = case / cases.facts(case)["plate"]
        quiet(transcoder, "run", plate, "--output", "mov-prores4444", "-o", case / "keyed.mov", "--strategy", "chroma-key")
    return case


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--conditions", default=",".join(conditions.CONDITIONS), help="filmed with the first kind; empty: none")
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--bases", default="truth,keyed")
    options = parser.parse_args()
    seeds, kinds, bases = (text.split(",") for text in (options.seeds, options.kinds, options.bases))
    work = []
    for seed, kind in itertools.product(seeds, kinds):
        case = prepare(options.transcoder, options.cache, kind, seed, options.frames, bases)
        work += [(options.transcoder, case, None, base) for base in bases]
        if kind == kinds[0]:
            for condition in filter(None, options.conditions.split(",")):
                work.append((options.transcoder, film(case, condition, options.frames), condition, "truth"))
    line = "{:<24}{:<7}{:<16}{:>6}{:>7}{:>11}{:>11}   {}"
    print(line.format("case", "base", "way", "", "score", "alpha", "over grey", "score's terms"))
    rows = []
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        for row in itertools.chain.from_iterable(pool.map(degraded, *zip(*work))):
            rows.append(row)
            name, base, way, strength, _, report, alpha, over, _ = row
            terms = " ".join(f"{term['term']} {term['error']:.3f}" for term in report["scoreTerms"])
            print(line.format(name, base, way, strength or "", report["score"], f"{alpha:.3f}", f"{over:.3f}", terms), flush=True)
    print("\nSpearman's rank correlation of the score's shortfall with the true error")
    for way in degrade.NAMES:
        told(way, [row for row in rows if row[2] == way])
    for base in bases:
        told(f"all of {base}", [row for row in rows if row[1] == base])
    told("not ruined", [row for row in rows if not row[4]])
    told("all", rows)
    extremes("\nWorst of the true mattes", [row for row in rows if row[2] == "truth" and row[1] == "truth"], True)
    extremes("Best of the ruined mattes", [row for row in rows if row[4]], False)


if __name__ == "__main__":
    main()
