"""How near the matte of a clip comes to its truth, by the field's definitions; lower is better.

    scores.py CASE_FOLDER MATTED_VIDEO

| figure | definition |
|---|---|
| MAD | mean absolute error of alpha, x 1000 |
| MSE | mean squared error of alpha, x 1000 |
| Grad | squared difference of the gradients' lengths under a Gaussian of 1.4 pixels, a frame, / 1000 (Rhemann 2009) |
| Conn | difference in connectivity to the largest opaque region that both share, in steps of 0.1, a frame, / 1000 (Rhemann 2009) |
| dtSSD | root mean square error of alpha's change from frame to frame, x 100 (Erofeev 2015) |
| Wrong | objects that do not belong to the subject: pieces of more than half opaque, of which no pixel is within 20 pixels (at 640 pixels \
across) of the subject; % of the picture |
| Lost | parts of the subject more than 20 pixels inside of it that are less than half opaque; % of the subject |
"""
import pathlib
import sys

import cv2
import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "keying"))
import score  # noqa: E402

FIGURES = ("MAD", "MSE", "Grad", "Conn", "dtSSD", "Wrong", "Lost")
STEP, THRESHOLD = 0.1, 0.15
FAR, ACROSS = 20, 640


def connectivity(wanted, found):
    """The sum over all pixels of how differently they hang together with what both agree on (Rhemann 2009, theta 0.15)."""
    level = np.full(wanted.shape, -1.0, np.float32)
    last = 0.0
    for step in np.arange(STEP, 1 + STEP / 2, STEP):
        both = ((wanted >= step) & (found >= step)).astype(np.uint8)
        count, labels, statistics, _ = cv2.connectedComponentsWithStats(both, connectivity=4)
        largest = labels == 1 + np.argmax(statistics[1:, cv2.CC_STAT_AREA]) if count > 1 else np.zeros_like(both, bool)
        level[(level < 0) & ~largest] = last
        last = step
    level[level < 0] = 1
    wanted_degree, found_degree = wanted - level, found - level
    wanted_share = 1 - wanted_degree * (wanted_degree >= THRESHOLD)
    found_share = 1 - found_degree * (found_degree >= THRESHOLD)
    return float(np.abs(wanted_share - found_share).sum())


def wrong_objects(wanted, found):
    """The area of wrong objects and of lost parts, in % of the picture and of the subject."""
    far = FAR * wanted.shape[1] / ACROSS
    is_subject = (wanted > 0.05).astype(np.uint8)
    distance = cv2.distanceTransform(1 - is_subject, cv2.DIST_L2, 5) if is_subject.any() else np.full(wanted.shape, 1e6, np.float32)
    # What is near is the subject's own rim; whatever opaque is left beyond is a wrong object, even if it touches the rim.
    beyond = (found > 0.5) & (distance > far)
    inside = cv2.distanceTransform((wanted > 0.95).astype(np.uint8), cv2.DIST_L2, 5) > far
    lost = (inside & (found < 0.5)).sum() / max(int((wanted > 0.5).sum()), 1)
    return 100 * float(beyond.mean()), 100 * float(lost)


def compare(truths, founds):
    """The figures by name, over all frames of alpha, 0 to 1."""
    rows, before = [], None
    for wanted, found in zip(truths, founds, strict=True):
        error = found - wanted
        gradient = float(((score.slope(wanted) - score.slope(found)) ** 2).sum()) / 1e3
        change = np.nan if before is None else 100 * float(np.sqrt(((error - before) ** 2).mean()))
        mad, mse = 1e3 * float(np.abs(error).mean()), 1e3 * float((error**2).mean())
        rows.append((mad, mse, gradient, connectivity(wanted, found) / 1e3, change, *wrong_objects(wanted, found)))
        before = error
    return dict(zip(FIGURES, map(float, np.nanmean(rows, 0))))


def truth(case):
    """The true alpha of each frame."""
    shape = score.shape_of(case / "alpha.mkv")
    return (alpha[..., 0].astype(np.float32) / 255 for alpha in score.stream(case / "alpha.mkv", "gray", 1, shape))


def alphas(video, shape):
    """The alpha of each frame of a result."""
    return (picture[..., 3].astype(np.float32) / 255 for picture in score.stream(video, "rgba", 4, shape))


def compare_video(case, video):
    return compare(truth(case), alphas(video, score.shape_of(case / "alpha.mkv")))


if __name__ == "__main__":
    print("  ".join(f"{name} {value:.3f}" for name, value in compare_video(*map(pathlib.Path, sys.argv[1:])).items()))
