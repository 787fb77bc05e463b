"""Peak memory of a run that makes everything, for a short clip and a long one.

    memory.py TRANSCODER CACHE_FOLDER [--size 1920x1080] [--rate 5] [--seconds 10,600]

Few frames a second, so that it ends the same day: what would grow with the length would grow with the frames.
"""
import argparse
import pathlib
import subprocess
import tempfile

import measure

OUTPUTS = (
    "webm-vp9-alpha mov-prores4444 animated-webp gif apng png-sequence matte-grayscale-mp4 stacked-alpha-mp4"
    " opaque-mp4 color-alpha-zip"
).split()


def make(path, size, rate, seconds):
    """A screen with a subject that moves on and on."""
    width, height = map(int, size.split("x"))
    subject = f"color=0xb05040:s={width // 4}x{height // 2}:r={rate}"
    screen = f"color=0x00b140:s={size}:r={rate}"
    place = f"[0][1]overlay=x='(W-w)*(0.5+0.4*sin(t))':y='(H-h)*(0.5+0.4*cos(t*0.7))',noise=alls=4:allf=t,format=yuv420p"
    command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-t", seconds, "-i", screen, "-f", "lavfi", "-t", seconds, "-i", subject]
    command += ["-filter_complex", place, "-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", path]
    subprocess.run([str(word) for word in command], check=True)


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--size", default="1920x1080")
    parser.add_argument("--rate", type=int, default=5)
    parser.add_argument("--seconds", default="10,600")
    options = parser.parse_args()
    options.cache.mkdir(parents=True, exist_ok=True)
    wanted = [word for output in OUTPUTS for word in ("--output", output)]
    peaks = []
    for seconds in map(int, options.seconds.split(",")):
        with tempfile.TemporaryDirectory(dir=options.cache) as folder:
            folder = pathlib.Path(folder)
            make(folder / "clip.mp4", options.size, options.rate, seconds)
            cost = measure.run(options.transcoder, "run", folder / "clip.mp4", *wanted, "-o", folder, "--previews", SCRATCH_DIR=str(folder))
        peaks.append(cost.peak_mb)
        print(f"{seconds:>4} s: peak {cost.peak_mb:.0f} MB, {cost.wall_s:.0f} s, CPU {cost.cpu_s:.0f} s", flush=True)
    print(f"the longest peaks at {peaks[-1] / peaks[0]:.3f} of the shortest")


if __name__ == "__main__":
    main()
