"""Whether the product's result is right on short inputs with one difficulty each, without any setting.

    inputs.py TRANSCODER CACHE_FOLDER [--seeds 1] [--only NAME,NAME]

Table: alpha over the screen and within the subject (the worst frame's mean), MSE x 1000, blobs and holes (pixels of the worst
frame), verdict. Right is: screen below .02, subject above .98, no blobs, at most five pixels of holes. An input without a
coloured screen may be refused instead.
"""
import argparse
import pathlib
import subprocess

import cv2
import numpy as np

import cases
import score
from difficulties import FRAMES, INPUTS, RATE, SHAPE

EDGE = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9))


def write(folder, made):
    """Encodes an input; returns the truth of each frame that is delivered."""
    head = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{SHAPE[1]}x{SHAPE[0]}"]
    rate = RATE * made.count // FRAMES
    scale = "" if "png" in made.codec else "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int"
    chain = ",".join(part for part in (scale, made.filters) if part)
    command = [*head, "-r", str(rate), "-i", "pipe:0", "-vf", chain, *made.codec, *cases.BT709, str(folder / made.name)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE)
    truths = []
    for index in range(made.count):
        picture, alpha = made.shot(index)
        process.stdin.write(np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8).tobytes())
        truths.append(alpha)
    process.stdin.close()
    if process.wait():
        raise SystemExit(f"ffmpeg could not write {folder}")
    return truths[:: made.count // FRAMES]


def judged(truths, found):
    """Worst means over screen and subject, MSE, worst counts of blobs and holes."""
    rows = []
    for truth, alpha in zip(truths, found, strict=True):
        known = truth >= 0
        if not known.any():
            continue
        beside = (cv2.dilate((truth != 0).astype(np.uint8), EDGE) == 0) & known
        inside = (cv2.erode((truth > 0.995).astype(np.uint8), EDGE) > 0) & known
        screen, subject = (alpha[place].mean() if place.any() else default for place, default in ((beside, 0), (inside, 1)))
        error = ((alpha - truth)[known] ** 2).mean() * 1e3
        rows.append((screen, 1 - subject, error, (alpha[beside] > 0.5).sum(), (alpha[inside] < 0.5).sum()))
    worst = np.max(rows, 0)
    return float(worst[0]), float(1 - worst[1]), float(np.mean(rows, 0)[2]), int(worst[3]), int(worst[4])


def tried(transcoder, folder, name, seed):
    """The table's row of an input, and whether it is right."""
    folder.mkdir(parents=True, exist_ok=True)
    made = INPUTS[name](np.random.default_rng((int(seed), list(INPUTS).index(name))))
    truths, result = write(folder, made), folder / "keyed.mov"
    result.unlink(missing_ok=True)
    command = [transcoder, "run", folder / made.name, "--output", "mov-prores4444", "-o", result, *made.options]
    done = subprocess.run(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no message"])[-1]
        return f"{'refused' if made.may_be_refused else 'REFUSED'}: {said[:90]}", made.may_be_refused
    found = [picture[..., 3].astype(np.float32) / 255 for picture in score.stream(result, "rgba", 4, SHAPE)]
    if len(found) != len(truths):
        return f"WRONG: {len(found)} frames instead of {len(truths)}", False
    screen, subject, error, blobs, holes = judged(truths, found)
    is_right = screen < 0.02 and subject > 0.98 and blobs == 0 and holes <= 5
    figures = f"{screen:>8.3f}{subject:>9.3f}{error:>9.3f}{blobs:>7}{holes:>7}"
    return f"{figures}   {'right' if is_right else 'WRONG'}", is_right


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--only", default=",".join(INPUTS))
    options = parser.parse_args()
    right, total = 0, 0
    print(f"{'input':<32}{'screen':>8}{'subject':>9}{'MSE':>9}{'blobs':>7}{'holes':>7}   verdict")
    for seed in options.seeds.split(","):
        for name in options.only.split(","):
            row, is_right = tried(options.transcoder, options.cache / f"{name}-{seed}", name, seed)
            right, total = right + is_right, total + 1
            print(f"{name + ' ' + seed:<32}{row}", flush=True)
    print(f"{right} of {total} are right")


if __name__ == "__main__":
    main()
