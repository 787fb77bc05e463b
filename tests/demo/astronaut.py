"""The demo's clip without a screen: Eileen Collins before a rocket on its pad, seen by a hand-held camera that moves along.

    astronaut.py FOLDER CACHE

Both pictures are in the public domain (NASA, SpaceX), and come with scikit-image. Writes plate.mp4, and alpha.mkv and foreground.mkv, the truth.
"""
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "matting"))
import cutouts  # noqa: E402
import people  # noqa: E402
import sources  # noqa: E402
from scenes import Scene, View  # noqa: E402

SHAPE, FRAMES, SEED = (360, 640), 72, 4


def camera(time):
    """Moves to the right by half of the picture's height, and shakes a little."""
    way = time / (FRAMES / people.RATE) - 0.5
    shake = np.sin(2 * np.pi * 0.9 * time), np.sin(2 * np.pi * 1.3 * time + 1)
    return View(0.5 * way + 0.004 * shake[0], 0.004 * shake[1], 1 + 0.03 * way, 0.003 * shake[0])


def main(folder, cache):
    folder.mkdir(parents=True, exist_ok=True)
    (cache / "cutouts").mkdir(parents=True, exist_ok=True)
    folders = sources.ensure(cache / "sources", ["scikit-image"]), cache / "cutouts"
    random = np.random.default_rng(SEED)
    name, top = "collins", -0.4
    # Her helmet, which the photograph cuts off, is below the picture.
    height = (0.53 - top) / people.SHOWN[name]
    person = people.Person(random, name, SHAPE, folders, -0.12, top, height)
    # She walks as the camera does.
    person.walk = 0.5 / (FRAMES / people.RATE)
    person.x -= 0.25
    scene = Scene(random, "rocket.jpg", folders[0], SHAPE, reach=0.3, defocus=0.004)
    people.match_light(random, [person], scene.render(0, camera(0)))
    frames = people.shoot(scene, [person], camera, people.wave(random, 0.1, 0.5), SHAPE, FRAMES, 4)
    people.write(folder, SHAPE, 18, people.record(random, "pan", frames))


if __name__ == "__main__":
    main(*map(pathlib.Path, sys.argv[1:]))
