"""Mattes without a coloured screen on cases with a known truth.

    bench.py TRANSCODER ONNXRUNTIME_LIBRARY MODELS CACHE_FOLDER [--seeds 1,2] [--kinds pan,room] [--frames 48] [--size 640x360]
             [--sheet FILE.png]

Kinds of `people.py`: the product with the model `selfie` and with `rvm`, beside the same models by themselves (`bare.py`), and
its strategy `static-camera` where the camera stands still. Times are milliseconds a frame: of inference with one thread for the
bare models, of the whole command for the product. Kinds of `cases.py`: see `static_camera.py`. MODELS holds files and folders,
parted by `:`; a model that is not there is left out. The sheet shows the middle frame: source, truth, and each way's result.
"""
import argparse
import dataclasses
import hashlib
import json
import math
import os
import pathlib
import subprocess
import sys
import time

import numpy as np

import cases
import people
import scores
import sheet
import static_camera

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
import score  # noqa: E402

MODELS = {"selfie": "`cargo x setup` installs it", "rvm": "`cargo x model add rvm` installs it"}
STILL = "static-camera"


@dataclasses.dataclass
class Result:
    """What one way made of one case: a video with alpha, or why there is none."""

    figures: dict = None
    milliseconds: float = math.nan
    video: pathlib.Path = None
    refusal: str = None


def find_models(places):
    """The models' files by name, of those that are there."""
    found = {}
    for place in map(pathlib.Path, filter(None, places.split(":"))):
        for path in [place, *(place.rglob("*.onnx") if place.is_dir() else [])]:
            if path.stem in MODELS and path.is_file():
                found.setdefault(path.stem, path.resolve())
    return {name: found[name] for name in MODELS if name in found}


def bare(case, model):
    """The model by itself; kept beside the case as long as the model stays the same."""
    import bare as models

    shape = score.shape_of(case / "alpha.mkv")
    video, notes = case / f"bare-{model.stem}.mkv", case / f"bare-{model.stem}.json"
    digest = hashlib.sha256(model.read_bytes()).hexdigest()
    if not notes.exists() or json.loads(notes.read_text())["model"] != digest:
        frames = list(score.stream(case / "plate.mp4", "rgb24", 3, shape))
        alphas, milliseconds = models.run(model, frames)
        sink = cases.sink(video, "rgba", shape, ["-c:v", "ffv1", "-pix_fmt", "bgra"])
        for frame, alpha in zip(frames, alphas):
            sink.stdin.write(np.dstack([frame, np.round(alpha * 255).astype(np.uint8)]).tobytes())
        sink.stdin.close()
        if sink.wait():
            raise SystemExit(f"ffmpeg could not write {video}")
        figures = scores.compare(scores.truth(case), alphas)
        notes.write_text(json.dumps({"model": digest, "figures": figures, "milliseconds": milliseconds}))
    known = json.loads(notes.read_text())
    return Result(known["figures"], known["milliseconds"], video)


def ours(transcoder, case, name, arguments, environment):
    """The product; from its whole command."""
    video = case / f"{name}.mov"
    command = [transcoder, "run", case / "plate.mp4", "--output", "mov-prores4444", "-o", video, *arguments]
    begun = time.monotonic()
    done = subprocess.run(list(map(str, command)), env=os.environ | environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    seconds = time.monotonic() - begun
    if done.returncode != 0:
        return Result(refusal=(done.stderr.strip().splitlines() or ["no message"])[-1])
    figures = scores.compare_video(case, video)
    return Result(figures, 1e3 * seconds / len(list(scores.truth(case))), video)


def ways(options, models, kind):
    """The ways to matte a case of this kind: names, and functions of the case."""
    runtime = {"ORT_DYLIB_PATH": str(options.onnxruntime)}

    def product(model):
        words = ["--strategy", "onnx-matting", "--matting-model", model.stem]
        # All models, since the product lets one help another.
        environment = runtime | {"MATTING_MODELS": ":".join(map(str, models.values()))}
        return lambda case: ours(options.transcoder, case, f"ours-{model.stem}", words, environment)

    for name, model in models.items():
        yield f"bare {name}", lambda case, model=model: bare(case, model)
        yield f"ours, {name}", product(model)
    if kind == "still_camera":
        yield STILL, lambda case: ours(options.transcoder, case, STILL, ["--strategy", STILL], runtime)


LINE = "{:<20}{:<14}" + "{:>8}" * len(scores.FIGURES) + "{:>9}"


def print_result(case, way, result):
    if result.figures is None:
        print(f"{case:<20}{way:<14} refused: {result.refusal}", flush=True)
        return
    print(LINE.format(case, way, *(f"{result.figures[name]:.2f}" for name in scores.FIGURES), f"{result.milliseconds:.0f}"), flush=True)


def mean_of(values):
    """Geometric, but of figures that may be 0 the usual one."""
    return math.exp(sum(map(math.log, values)) / len(values)) if min(values) > 0 else sum(values) / len(values)


def print_means(results):
    """Of each way over the cases that all of them matted, but for `static-camera`, which is tried on one kind."""
    found = {key: result for key, result in results.items() if key[1] != STILL}
    refused = dict.fromkeys(case for (case, _), result in found.items() if result.figures is None)
    without = f"; without those refused: {', '.join(refused)}" if refused else ""
    print(f"means over the cases: geometric, arithmetic where there is a zero{without}")
    for way in dict.fromkeys(way for _, way in found):
        of_way = [result for (case, name), result in found.items() if name == way and case not in refused]
        if of_way:
            figures = {name: mean_of([result.figures[name] for result in of_way]) for name in scores.FIGURES}
            print_result("all", way, Result(figures, mean_of([result.milliseconds for result in of_way])))


def print_share(results, way, other):
    """MAD of one way as a share of another's, in the mean, and where it is worse."""
    shares = {}
    for (case, name), result in results.items():
        rival = results.get((case, other))
        if name == way and rival and result.figures and rival.figures:
            shares[case] = result.figures["MAD"] / rival.figures["MAD"]
    if shares:
        worse = ", ".join(f"{case} ({share:.2f})" for case, share in shares.items() if share > 1) or "none"
        print(f"MAD of `{way}` as a share of `{other}`: {mean_of(list(shares.values())):.3f} in the geometric mean; worse: {worse}")


def bench_people(options, kinds, seeds):
    models = find_models(options.models)
    for name, advice in MODELS.items():
        if name not in models:
            print(f"{name} is not installed and is left out; {advice}")
    print(LINE.format("case", "way", *scores.FIGURES, "ms/frame"))
    results, stills = {}, []
    for seed in seeds:
        for kind in kinds:
            case, name = people.ensure(options.cache, kind, seed, options.frames, options.size), f"{kind} {seed}"
            for way, matte in ways(options, models, kind):
                results[name, way] = matte(case)
                print_result(name, way, results[name, way])
            stills.append((name, case, {way: result.video for (of, way), result in results.items() if of == name}))
    if models:
        print_means(results)
        for model in models:
            print_share(results, f"ours, {model}", f"bare {model}")
    if options.sheet:
        sheet.write(options.sheet, stills)


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "onnxruntime"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("models")
    parser.add_argument("cache", type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--kinds", default=",".join(people.KINDS + cases.KINDS + cases.REFUSED))
    parser.add_argument("--frames", type=int)
    parser.add_argument("--size")
    parser.add_argument("--sheet", type=pathlib.Path)
    options = parser.parse_args()
    # The wheel, out of which the library is.
    sys.path.append(str(options.onnxruntime.parent.parent.parent))
    options.cache.mkdir(parents=True, exist_ok=True)
    kinds, seeds = options.kinds.split(","), list(map(int, options.seeds.split(",")))
    if unknown := set(kinds) - set(people.KINDS + cases.KINDS + cases.REFUSED):
        raise SystemExit(f"no kinds {', '.join(sorted(unknown))}")
    # `pan` and `shake` are kinds of both.
    if of_people := [kind for kind in people.KINDS if kind in kinds]:
        bench_people(options, of_people, seeds)
    if static := [kind for kind in cases.KINDS + cases.REFUSED if kind in kinds]:
        static_camera.run(options.transcoder, options.cache, seeds, static, options.frames, options.size)


if __name__ == "__main__":
    main()
