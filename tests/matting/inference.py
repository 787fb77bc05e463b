"""How matting models are run: inference alone, everything else alone, and both at once.

    inference.py TRANSCODER ONNXRUNTIME_LIBRARY MODELS_FOLDER CACHE_FOLDER [--frames 40] [--size 1920x1080] [--side 1024] [--rows 1x1,2x1,1x4]

A row is THREADSxBATCH: threads of the processor, and frames a run. The model is `busy` of the transcoder's tests, whose work is
that of a small network; everything else is a run with `image` of the same folder, which has nothing to do. Milliseconds a frame.
The last column is the time of both at once as a share of the slower one alone: 1 where inference is wholly beside the rest, which
needs as many cores as both keep busy, and nothing else on them. `--side` makes the model's pictures, and so its work, larger.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import time

import numpy as np

RUNS = 3


def card(folder, models, name, batch, side):
    """The model in a folder of its own, with what this row says of it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(models / f"{name}.onnx", folder)
    words = (models / f"{name}.toml").read_text()
    (folder / f"{name}.toml").write_text(f"{words}\n[input]\nside_max = {side}\nbatch = {batch}\n")
    return folder / f"{name}.onnx"


def alone(runtime, model, threads, batch, size, side_max):
    """Milliseconds a frame of the model by itself."""
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    width, height = (-(-side * side_max // max(size) // 32) * 32 for side in size)
    pictures = {session.get_inputs()[0].name: np.random.default_rng(1).random((batch, 3, height, width), np.float32)}
    session.run(None, pictures)
    times = []
    for _ in range(max(4, 16 // batch)):
        begun = time.perf_counter()
        session.run(None, pictures)
        times.append((time.perf_counter() - begun) * 1000 / batch)
    return statistics.median(times)


def matted(options, model, threads, clip):
    """Milliseconds a frame: of the whole, of inference, of refinement."""
    report = options.cache / "report.json"
    command = [options.transcoder, "run", clip, "--strategy", "onnx-matting", "--output", "mov-prores4444", "-o", options.cache / "out.mov"]
    command += ["--preset", "editing", "--report", report]
    words = {"MATTING_MODELS": model, "ORT_DYLIB_PATH": options.onnxruntime, "MATTING_THREADS": threads, "RUST_LOG": "info,ort=warn"}
    environment = os.environ | {name: str(word) for name, word in words.items()}
    done = subprocess.run(list(map(str, command)), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    stages = {line["stage"]: line["durationMs"] for line in json.loads(report.read_text())["stages"]}
    lines = (json.loads(line)["fields"] for line in done.stderr.splitlines() if line.startswith("{"))
    busy = {line["stage"]: line["duration_ms"] / line["frames"] for line in lines if line.get("stage") in ("inference", "refinement")}
    return stages["encoding"] / options.frames, busy["inference"], busy["refinement"]


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "onnxruntime", "models", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--frames", type=int, default=40)
    parser.add_argument("--size", default="1920x1080", help="at least 1200x1000")
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--rows", default="1x1,2x1,1x4,2x4")
    options = parser.parse_args()
    sys.path.append(str(options.onnxruntime.parent.parent.parent))
    import onnxruntime

    options.cache.mkdir(parents=True, exist_ok=True)
    clip = options.cache / f"clip-{options.size}-{options.frames}.mp4"
    if not clip.exists():
        # Bright and soft at its edges on black, so that the model's mattes are those of a subject.
        subject = "color=white:s=500x800:r=25[subject];[0:v][subject]overlay=x=300+t*200:y=200:shortest=1,gblur=sigma=4"
        seconds = str(options.frames / 25)
        picture = ["-f", "lavfi", "-t", seconds, "-i", f"color=black:s={options.size}:r=25", "-filter_complex", subject]
        coding = ["-c:v", "libx264", "-preset", "fast", "-pix_fmt", "yuv420p"]
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", *picture, *coding, clip], check=True)
    size = [int(side) for side in options.size.split("x")]
    line = "{:<8}{:<7}|{:>11}{:>9}   |{:>11}{:>13}{:>8}   |{:>7}"
    print(f"matting models at {options.size} on {os.cpu_count()} cores, ms a frame: alone | at once | share of the slower alone")
    print(line.format("threads", "batch", "inference", "rest", "inference", "refinement", "whole", "share"))
    for threads, batch in (map(int, row.split("x")) for row in options.rows.split(",")):
        busy, image = (card(options.cache / f"{name}-{batch}", options.models, name, batch, options.side) for name in ("busy", "image"))
        inference = alone(onnxruntime, busy, threads, batch, size, options.side)
        rest = min(matted(options, image, threads, clip)[0] for _ in range(RUNS))
        at_once = min(matted(options, busy, threads, clip) for _ in range(RUNS))
        figures = [f"{value:.1f}" for value in (inference, rest, at_once[1], at_once[2], at_once[0])]
        print(line.format(threads, batch, *figures, f"{at_once[0] / max(inference, rest):.2f}"), flush=True)


if __name__ == "__main__":
    main()
