"""Seven outputs of one run, beside one ffmpeg call per output with that encoder's documented defaults.

    outputs.py TRANSCODER CACHE_FOLDER [--size 1920x1080] [--rate 30] [--seconds 4]

Both start from the same clip with alpha of its own and make the same sizes and rates. Our run makes three previews too, and
decodes every output again. `stacked-alpha-mp4`, `opaque-mp4` and `color-alpha-zip` are left out: they are encoded as
`matte-grayscale-mp4` is, by H.264 of 4:2:0.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import clip
import compare
import measure

# Source: https://trac.ffmpeg.org/wiki/Encode/VP9 (constant quality), `ffmpeg -h encoder=NAME` and `ffmpeg -h filter=NAME`.
DEFAULTS = {
    "webm-vp9-alpha": ("result.webm", "-c:v libvpx-vp9 -crf 30 -b:v 0 -pix_fmt yuva420p"),
    "mov-prores4444": ("result.mov", "-c:v prores_ks -profile:v 4444 -pix_fmt yuva444p10le"),
    "animated-webp": ("result.webp", "-c:v libwebp_anim -loop 0"),
    "gif": ("result.gif", ""),
    "apng": ("result.apng", "-c:v apng -plays 0 -pix_fmt rgba"),
    "png-sequence": ("frame_%06d.png", "-c:v png -pix_fmt rgba"),
    "matte-grayscale-mp4": ("result.mp4", "-c:v libx264 -pix_fmt yuv420p"),
}


def separate(output, source, planned, keep_every, folder):
    """One ffmpeg call as people write it; only size and rate are as ours."""
    name, options = DEFAULTS[output]
    filters = [f"select='not(mod(n,{keep_every}))'"] if keep_every > 1 else []
    filters += [f"scale={planned['size']['width']}:{planned['size']['height']}"]
    filters += ["format=yuva444p,alphaextract"] if output == "matte-grayscale-mp4" else []
    filters += ["split[a][b];[a]palettegen[p];[b][p]paletteuse"] if output == "gif" else []
    rate = planned["frameRate"]
    command = ["ffmpeg", "-v", "error", "-nostdin", "-y", "-i", source, "-filter_complex", ",".join(filters), "-an"]
    command += ["-r", f"{rate['numerator']}/{rate['denominator']}", *options.split()]
    return folder / name, measure.run(*command, folder / name)


def size_of(path):
    files = path.parent.glob("frame_*.png") if "%" in path.name else [path]
    return sum(file.stat().st_size for file in files)


def decibels(values):
    return [f"{value:.1f}" if value is not None else "-" for value in values]


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rate", type=int, default=30)
    parser.add_argument("--seconds", type=int, default=4)
    options = parser.parse_args()
    width, height = map(int, options.size.split("x"))
    source = clip.cached(options.cache, width, height, options.rate, options.seconds)
    wanted = [word for output in DEFAULTS for word in ("--output", output)]
    with tempfile.TemporaryDirectory(dir=options.cache) as folder:
        folder = pathlib.Path(folder)
        plan = folder / "plan.json"
        with plan.open("w") as file:
            subprocess.run([options.transcoder, "probe", source, *wanted, "--json"], check=True, stdout=file)
        planned = {entry["output"]: entry for entry in json.loads(plan.read_text())["outputs"]}
        ours = measure.run(
            options.transcoder, "run", source, *wanted, "-o", folder, "--previews", "--report", folder / "report.json"
        )
        report = json.loads((folder / "report.json").read_text())
        made = {path.stem: path for path in folder.iterdir() if path.stem in DEFAULTS}
        line = "{:<20}{:>11} |" + "{:>9}" * 3 + " |" + "{:>7}" * 2 + " |" + "{:>7}" * 2 + " |" + "{:>8}" * 3
        print(f"{source.name}; ours beside one ffmpeg call per output\n")
        print(line.format("", "", "bytes", "", "", "alpha", "dB", "colour", "dB", "wall", "CPU", "peak"))
        print(line.format("output", "size", "ours", "theirs", "ratio", "ours", "theirs", "ours", "theirs", "theirs", "theirs", "MB"))
        costs = []
        for output in DEFAULTS:
            entry = planned[output]
            size = (entry["size"]["width"], entry["size"]["height"])
            rate = entry["frameRate"]["numerator"] / entry["frameRate"]["denominator"]
            keep_every = round(options.rate / rate)
            theirs_folder = folder / "theirs"
            theirs_folder.mkdir()
            theirs, cost = separate(output, source, entry, keep_every, theirs_folder)
            costs.append(cost)
            figures = [compare.psnr(output, path, source, (width, height), size, keep_every) for path in (made[output], theirs)]
            sizes = [size_of(path) for path in (made[output], theirs)]
            cells = [f"{size / 1e6:.2f}" for size in sizes] + [f"{sizes[0] / sizes[1]:.2f}"]
            cells += decibels(pair[0] for pair in figures) + decibels(pair[1] for pair in figures)
            cells += [f"{cost.wall_s:.1f}", f"{cost.cpu_s:.1f}", f"{cost.peak_mb:.0f}"]
            print(line.format(output, "{}x{}".format(*size), *cells), flush=True)
            shutil.rmtree(theirs_folder)
    cores = os.cpu_count()
    stages = {stage["stage"]: stage["durationMs"] / 1e3 for stage in report["stages"]}
    wall_s, cpu_s = sum(cost.wall_s for cost in costs), sum(cost.cpu_s for cost in costs)
    print(f"\nseparate calls: {wall_s:.1f} s, CPU {cpu_s:.1f} s, peak {max(cost.peak_mb for cost in costs):.0f} MB")
    print(f"one run:        {ours.wall_s:.1f} s, CPU {ours.cpu_s:.1f} s, peak {ours.peak_mb:.0f} MB; {stages}")
    print(f"wall: {ours.wall_s / wall_s:.2f} of the separate calls'; encoding alone {stages['encoding'] / wall_s:.2f}")
    print(f"wall: {ours.wall_s / (ours.cpu_s / cores):.2f} of its own CPU time over {cores} cores")


if __name__ == "__main__":
    main()
