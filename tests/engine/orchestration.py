"""The engine's encoding beside the bare processes: the same decoder and encoders with the same arguments, joined by `tee`.

    orchestration.py TRANSCODER CACHE_FOLDER [--size 1280x720] [--seconds 6] [--rounds 3]
"""
import argparse
import json
import pathlib
import shlex
import statistics
import subprocess
import tempfile

import clip
import measure

OUTPUTS = ("webm-vp9-alpha", "mov-prores4444", "matte-grayscale-mp4")


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    source = clip.cached(options.cache, *map(int, options.size.split("x")), 30, options.seconds)
    wanted = [word for output in OUTPUTS for word in ("--output", output)]
    ratios = []
    with tempfile.TemporaryDirectory(dir=options.cache) as folder:
        folder = pathlib.Path(folder)
        probed = subprocess.run([options.transcoder, "probe", source, *wanted, "--json"], check=True, stdout=subprocess.PIPE)
        plan = json.loads(probed.stdout)
        encoders = " ".join(f">(ffmpeg {shlex.join(output['encoder'])} 1>&2)" for output in plan["outputs"])
        # `wait` alone does not wait for process substitutions; a pipe that they hold open does.
        bare = f"(ffmpeg {shlex.join(plan['decoder'])} | tee {encoders} >/dev/null) 2>&1 | cat >/dev/null"
        for _ in range(options.rounds):
            theirs = measure.run(bare, shell=True, cwd=folder)
            measure.run(options.transcoder, "run", source, *wanted, "-o", folder, "--report", folder / "report.json")
            stages = json.loads((folder / "report.json").read_text())["stages"]
            ours_s = next(stage["durationMs"] for stage in stages if stage["stage"] == "encoding") / 1e3
            ratios.append(ours_s / theirs.wall_s)
            print(f"bare {theirs.wall_s:.2f} s, engine {ours_s:.2f} s: {ratios[-1]:.3f}", flush=True)
    print(f"median: {statistics.median(ratios):.3f} of the bare processes' time")


if __name__ == "__main__":
    main()
