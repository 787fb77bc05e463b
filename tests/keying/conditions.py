"""Films the subject of a case again under other conditions; its true matte stays known.

Each condition takes the frames of a case as (alpha, colour), 0 to 1, and its screen's colour, and yields (source, alpha,
colour), 0 to 1.
"""
import cv2
import numpy as np

NOISE = 2.0 / 255


def filmed(alpha, color, behind, light, random):
    """A subject before a screen in this light, with the camera's noise."""
    share = alpha[..., None]
    source = (share * color + (1 - share) * behind) * light
    return np.clip(source + random.normal(0, NOISE, source.shape).astype(np.float32), 0, 1)


def plate(screen, shape, random):
    """A screen that is darker towards its corners, with a soft crease or two."""
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    down, across = down / shape[0] - 0.5, across / shape[1] - 0.5
    light = 1.05 - 0.5 * (down**2 + across**2) + 0.15 * across * random.choice([-1, 1])
    for _ in range(2):
        angle, offset = random.normal(0.1, 0.3), random.uniform(-0.5, 0.5)
        light += 0.08 * np.exp(-np.abs(across * np.cos(angle) + down * np.sin(angle) - offset) / 0.04)
    return screen * light[..., None]


def moved(picture, scale, right, down):
    """Scaled about the middle, then moved by shares of the picture; what comes in is empty."""
    rows, columns = picture.shape[:2]
    shift = [columns * (0.5 - scale / 2 + right), rows * (0.5 - scale / 2 + down)]
    matrix = np.float32([[scale, 0, shift[0]], [0, scale, shift[1]]])
    return cv2.warpAffine(picture, matrix, (columns, rows), flags=cv2.INTER_LINEAR)


def swirl(shape, time, random_state):
    """Smoke, 0 to 1: soft clouds that rise."""
    random = np.random.default_rng(random_state)
    rows, columns = shape
    field = np.zeros(shape, np.float32)
    for cells, weight in ((4, 0.6), (9, 0.3), (20, 0.15)):
        seeds = random.random((cells * 3, cells * 2), dtype=np.float32)
        tall = cv2.resize(seeds, (columns, rows * 2), interpolation=cv2.INTER_CUBIC)
        top = int(rows * 0.9 * (1 - time))
        field += weight * tall[top : top + rows]
    down, across = np.mgrid[0:rows, 0:columns].astype(np.float32)
    plume = np.exp(-(((across / columns - 0.3) / 0.16) ** 2))
    return np.clip((field - 0.35) * 1.6, 0, 1) * plume * np.clip(down / rows * 1.5, 0.1, 1)


def film(condition, pictures, screen, seed):
    """The frames of a case under a condition."""
    pictures = list(pictures)
    random = np.random.default_rng((seed, list(CONDITIONS).index(condition)))
    shape = pictures[0][0].shape
    behind = plate(screen, shape, random)
    yield from CONDITIONS[condition](pictures, behind, random)


def with_light(light):
    def condition(pictures, behind, random):
        for index, (alpha, color) in enumerate(pictures):
            now = np.float32(light(index, len(pictures)))
            yield filmed(alpha, color, behind, now, random), alpha, color * now

    return condition


def with_movement(place):
    def condition(pictures, behind, random):
        for index, (alpha, color) in enumerate(pictures):
            where = place(index / max(len(pictures) - 1, 1))
            alpha, color = moved(alpha, *where), moved(color, *where)
            yield filmed(alpha, color, behind, 1.0, random), alpha, color

    return condition


def smoke(pictures, behind, random):
    state = int(random.integers(1 << 31))
    for index, (alpha, color) in enumerate(pictures):
        cloud = 0.75 * swirl(alpha.shape, index / len(pictures), state)
        above = cloud * (1 - alpha)
        whole = alpha + above
        share = (above / np.maximum(whole, 1e-4))[..., None]
        color = color * (1 - share) + np.float32([0.78, 0.78, 0.8]) * share
        yield filmed(whole, color, behind, 1.0, random), whole, color


def smoke_alone(pictures, behind, random):
    state = int(random.integers(1 << 31))
    for index, (alpha, color) in enumerate(pictures):
        cloud = 0.85 * swirl(alpha.shape, index / len(pictures), state)
        color = np.broadcast_to(np.float32([0.85, 0.84, 0.82]), color.shape)
        yield filmed(cloud, color, behind, 1.0, random), cloud, color


def shadow(pictures, behind, random):
    for alpha, color in pictures:
        rows, columns = alpha.shape
        cast = cv2.warpAffine(alpha, np.float32([[1, 0, columns * 0.06], [0, 1, rows * 0.03]]), (columns, rows))
        shade = 1 - 0.4 * cv2.GaussianBlur(cast, (0, 0), rows * 0.02)
        yield filmed(alpha, color, behind * shade[..., None], 1.0, random), alpha, color


def two_takes(pictures, behind, random):
    for index, (alpha, color) in enumerate(pictures):
        is_second = index >= len(pictures) * 0.55
        if is_second:
            alpha, color = alpha[:, ::-1], 0.78 * color[:, ::-1]
        yield filmed(alpha, color, behind * (0.78 if is_second else 1.0), 1.0, random), alpha, color


def two_screens(pictures, behind, random):
    other = behind[..., [0, 2, 1]] * np.float32([1, 0.9, 1.05])
    for index, (alpha, color) in enumerate(pictures):
        yield filmed(alpha, color, other if index >= len(pictures) * 0.5 else behind, 1.0, random), alpha, color


def empty(pictures, behind, random):
    for alpha, color in pictures:
        yield filmed(alpha * 0, color, behind, 1.0, random), alpha * 0, color


CONDITIONS = {
    "drift": with_light(lambda index, count: 1 - 0.3 * index / count + 0.06 * np.sin(index)),
    "mains": with_light(lambda index, count: 1 + 0.07 * np.sin(2.1 * index)),
    "fade": with_light(lambda index, count: min(1.0, 4.0 * index / count, 4.0 * (count - 1 - index) / count)),
    "step": with_light(lambda index, count: 1.0 if index < count * 0.6 else 0.72),
    "filling": with_movement(lambda time: (1.2 + 2.0 * time, 0.0, -0.5 * time)),
    "leaving": with_movement(lambda time: (1.0, 1.3 * max(time - 0.2, 0.0), 0.0)),
    "shadow": shadow,
    "smoke": smoke,
    "smoke_alone": smoke_alone,
    "two_takes": two_takes,
    "two_screens": two_screens,
    "empty": empty,
}
