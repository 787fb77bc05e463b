"""The keyer beside ffmpeg's chromakey,despill, which is told the screen's colour and tuned with the truth in hand.

    bench.py TRANSCODER KEY_FRAMES CACHE_FOLDER [--seeds 1,2] [--kinds hair,blur] [--frames 48]
"""
import argparse
import concurrent.futures
import itertools
import json
import math
import os
import pathlib
import resource
import subprocess

import cases
import score

SETTINGS = list(itertools.product((0.06, 0.10, 0.14, 0.18), (0.02, 0.08, 0.16)))
ROUNDS = 4


def quiet(*command, **environment):
    """Runs a program; what it says is shown only when it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}\n{done.stderr}")


def chromakey(kind, similarity, blend):
    color = "0x{:02x}{:02x}{:02x}".format(*cases.screen_color(kind))
    side = "blue" if kind == "blue" else "green"
    return f"chromakey={color}:{similarity}:{blend},despill=type={side},format=rgba"


def tuned(case, kind):
    """The best setting by MSE, and its figures; kept beside the case, since both stay as they are."""
    known = case / "chromakey.json"
    if known.exists():
        return json.loads(known.read_text())
    shape = score.shape_of(case / "alpha.mkv")

    def with_setting(setting):
        truths = zip(score.stream(case / "alpha.mkv", "gray", 1, shape), score.stream(case / "foreground.mkv", "rgb24", 3, shape))
        results = score.stream(case / "plate.mp4", "rgba", 4, shape, after=["-vf", chromakey(kind, *setting)])
        return score.score_frames(truths, results), setting

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        best = min(pool.map(with_setting, SETTINGS), key=lambda found: found[0]["MSE"])
    known.write_text(json.dumps(best))
    return best


def user_seconds(*command, **environment):
    """User time of one core, the least of three runs: neighbours only ever add."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        quiet(*command, **environment)
        found.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(found)


def speeds(case, kind, setting, key_frames):
    """Frames a second of one core, ours and theirs: the same raw frames, without decoder and encoder."""
    raw = case / "plate.yuv"
    quiet("ffmpeg", "-v", "error", "-y", "-i", case / "plate.mp4", "-f", "rawvideo", "-pix_fmt", "yuv420p", raw)
    height, width = score.shape_of(case / "plate.mp4")
    count = raw.stat().st_size // (width * height * 3 // 2)
    color = ",".join(map(str, cases.screen_color(kind)))
    ours = [user_seconds(key_frames, raw, width, height, color, rounds, RAYON_NUM_THREADS="1") for rounds in (0, ROUNDS)]
    source = ["-stream_loop", ROUNDS - 1, "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", f"{width}x{height}", "-i", raw]
    head = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1", *source]
    theirs = [user_seconds(*head, "-vf", chain, "-f", "null", "-") for chain in ("null", chromakey(kind, *setting))]
    raw.unlink()
    return [ROUNDS * count / max(all_of_it - idle, 1e-3) for idle, all_of_it in (ours, theirs)]


def main():
    parser = argparse.ArgumentParser()
    for name in ("transcoder", "key_frames", "cache"):
        parser.add_argument(name, type=lambda text: pathlib.Path(text).resolve())
    parser.add_argument("--seeds", default="1")
    parser.add_argument("--kinds", default=",".join(cases.KINDS))
    parser.add_argument("--frames", type=int, default=cases.FRAMES)
    options = parser.parse_args()
    line = "{:<12}" + "{:>8}" * 5 + "   |" + "{:>8}" * 2 + "{:>12}   |" + "{:>7}" * 2 + "   |" + "{:>7}" * 3
    print(line.format("case", *score.FIGURES, "MSE", "FgMSE", "chromakey", "MSE", "FgMSE", "fps", "fps", "times"))
    ratios = []
    for seed, kind in itertools.product(options.seeds.split(","), options.kinds.split(",")):
        case = options.cache / f"{kind}-{seed}-{options.frames}"
        if not (case / "made").exists():
            cases.make(case, kind, int(seed), options.frames)
            (case / "made").touch()
        keyed = case / "keyed.mov"
        quiet(options.transcoder, "run", case / "plate.mp4", "--output", "mov-prores4444", "-o", keyed, "--strategy", "chroma-key")
        ours = score.score(case, keyed)
        theirs, setting = tuned(case, kind)
        ours_fps, theirs_fps = speeds(case, kind, setting, options.key_frames)
        ratio = [ours[name] / theirs[name] for name in ("MSE", "FgMSE")] + [ours_fps / theirs_fps]
        ratios.append(ratio)
        figures = [f"{ours[name]:.3f}" for name in score.FIGURES] + [f"{theirs['MSE']:.3f}", f"{theirs['FgMSE']:.2f}"]
        rates = [f"{ours_fps:.0f}", f"{theirs_fps:.0f}", f"{ratio[2]:.1f}"]
        print(line.format(f"{kind} {seed}", *figures, "{}:{}".format(*setting), f"{ratio[0]:.3f}", f"{ratio[1]:.3f}", *rates), flush=True)
    mean = [math.exp(sum(map(math.log, column)) / len(ratios)) for column in zip(*ratios)]
    print("geometric mean: MSE {:.3f}, FgMSE {:.3f} of the tuned chromakey's; {:.1f} times its speed per core".format(*mean))


if __name__ == "__main__":
    main()
