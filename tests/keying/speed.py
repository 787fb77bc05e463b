"""Frames a second of one core: the keyer, its first pass included, beside ffmpeg's chromakey,despill on the same raw frames."""
import ast
import os
import resource
import subprocess

import cases
import peers
import score


def user_seconds(*command):
    """User time, the least of three runs: other programs only ever add to it."""
    found = []
    for _ in range(3):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        words = [str(word) for word in command]
        done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, "RAYON_NUM_THREADS": "1"})
        if done.returncode:
            raise SystemExit(f"{' '.join(words)}\n{done.stderr}")
        found.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(found)


def there_and_back(case, raw, pixel_format, length):
    """Some hundred frames in one shot: the case forwards and backwards, until it is long enough."""
    command = ["ffmpeg", "-v", "error", "-i", case / cases.facts(case)["plate"], "-f", "rawvideo", "-pix_fmt", pixel_format, "pipe:1"]
    frames = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True).stdout
    count = len(list(score.stream(case / "alpha.mkv", "gray", 1, score.shape_of(case / "alpha.mkv"))))
    size = len(frames) // count
    order = [*range(count), *reversed(range(count))]
    with raw.open("wb") as file:
        for index in range(length):
            start = order[index % len(order)] * size
            file.write(frames[start : start + size])


def compare(key_clip, case, length):
    """Prints both speeds and their ratio."""
    raw, kind, screen = case / "plate.yuv", cases.facts(case)["kind"], cases.facts(case)["screen"]
    pixel_format, layout = ("yuv422p10le", (2, 1, 10)) if kind == "prores422" else ("yuv420p", (2, 2, 8))
    there_and_back(case, raw, pixel_format, length)
    height, width = score.shape_of(case / "alpha.mkv")
    similarity, blend = ast.literal_eval(peers.figures(case, ("chromakey",))["chromakey"]["curve"])
    color = "0x{:02x}{:02x}{:02x}".format(*screen)
    chain = f"chromakey={color}:{similarity}:{max(blend, 1e-4)},despill=type={'blue' if screen[2] > screen[1] else 'green'},format=rgba"
    ours = [user_seconds(key_clip, raw, width, height, *layout, "--silent", f"--rounds={rounds}") for rounds in (0, 1)]
    source = ["-f", "rawvideo", "-pix_fmt", pixel_format, "-s", f"{width}x{height}", "-i", raw]
    head = ["ffmpeg", "-v", "error", "-nostdin", "-threads", "1", "-filter_threads", "1", *source]
    theirs = [user_seconds(*head, "-vf", filters, "-f", "null", "-") for filters in ("null", chain)]
    raw.unlink()
    rates = [length / max(whole - idle, 1e-3) for idle, whole in (ours, theirs)]
    said = f"{kind}, {length} frames of {width}x{height} on one core: {rates[0]:.1f} frames a second, tuned chromakey {rates[1]:.1f}"
    print(f"{said}, {rates[0] / rates[1]:.2f} times", flush=True)
