"""A clip whose subject is textured, soft at its edges and always moving; with alpha of its own."""
import subprocess

import cv2
import numpy as np


def noise(random, height, width, cells):
    coarse = random.random((cells * height // width + 2, cells), np.float32)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def make(path, width, height, rate, seconds):
    random = np.random.default_rng(5)
    texture = np.stack([noise(random, height * 2, width * 2, cells) for cells in (24, 31, 40)], -1)
    texture += np.stack([noise(random, height * 2, width * 2, 400)] * 3, -1) * 0.3
    texture = np.clip(texture / texture.max() * 255, 0, 255).astype(np.uint8)
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    command = ["ffmpeg", "-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{width}x{height}", "-r", str(rate), "-i", "-"]
    command += ["-vf", "scale=out_color_matrix=bt709:out_range=tv:flags=accurate_rnd,format=yuva444p10le", "-colorspace", "bt709"]
    command += ["-color_primaries", "bt709", "-color_trc", "bt709", "-c:v", "prores_ks", "-profile:v", "4444", "-qscale:v", "4"]
    with subprocess.Popen([*command, str(path)], stdin=subprocess.PIPE) as encoder:
        for frame in range(round(rate * seconds)):
            turn = frame / rate
            across, down = width * (0.5 + 0.2 * np.sin(turn)), height * (0.5 + 0.1 * np.cos(1.7 * turn))
            angle = np.arctan2(y - down, x - across)
            edge = height * (0.3 + 0.03 * np.sin(9 * angle + 3 * turn) + 0.01 * np.sin(41 * angle - 5 * turn))
            alpha = np.clip((edge - np.hypot(x - across, y - down)) / (height * 0.03) + 0.5, 0, 1)
            left, top = int(width * (0.5 + 0.4 * np.sin(turn * 0.7))), int(height * (0.5 + 0.4 * np.cos(turn * 0.9)))
            color = texture[top : top + height, left : left + width]
            encoder.stdin.write(np.dstack([color, (alpha * 255).round().astype(np.uint8)]).tobytes())
        encoder.stdin.close()
    if encoder.returncode:
        raise SystemExit("the clip could not be made; see above")


def cached(folder, width, height, rate, seconds):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"clip-{width}x{height}-{rate}-{seconds}.mov"
    if not path.exists():
        begun = path.with_suffix(".part.mov")
        make(begun, width, height, rate, seconds)
        begun.rename(path)
    return path
