"""Things that people hold; they belong to the subject."""
import cv2
import numpy as np

from scenes import chained, to_world

SIDE = 256


def book(random, sources):
    picture = cv2.imread(str(sources / "rocket.jpg"))[..., ::-1]
    left, top = random.integers(0, 300), random.integers(0, 180)
    color = cv2.resize(picture[top : top + 230, left : left + 170], (150, 200)).astype(np.float32) / 255
    color = cv2.copyMakeBorder(color, 8, 8, 8, 8, cv2.BORDER_CONSTANT, value=tuple(map(float, random.uniform(0.1, 0.9, 3))))
    rows, columns = color.shape[:2]
    whole, alpha = np.zeros((SIDE, SIDE, 3), np.float32), np.zeros((SIDE, SIDE), np.float32)
    # Held at its lower border.
    top, left = SIDE // 2 - rows + 40, (SIDE - columns) // 2
    top = max(top, 0)
    whole[top : top + rows, left : left + columns] = color
    alpha[top : top + rows, left : left + columns] = 1
    return whole, alpha


def ball(random, _sources):
    down, across = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    radius, middle = 60, (SIDE / 2, SIDE / 2 - 66)
    distance = np.hypot(across - middle[0], down - middle[1])
    light = np.clip(1.1 - np.hypot(across - middle[0] + 25, down - middle[1] + 25) / 110, 0.15, 1.2)
    stripe = np.sin((across - middle[0]) / 9 + 3 * np.sin((down - middle[1]) / 40)) > 0.4
    colors = np.float32(random.uniform(0.1, 0.95, (2, 3)))
    return np.clip(np.where(stripe[..., None], colors[0], colors[1]) * light[..., None], 0, 1), np.clip(radius - distance, 0, 1)


def racket(random, _sources):
    scale = 4
    alpha = np.zeros((SIDE * scale, SIDE * scale), np.uint8)
    middle, axes = (SIDE * scale // 2, 80 * scale), (44 * scale, 58 * scale)
    strings = np.zeros_like(alpha)
    for place in range(-56, 57, 7):
        cv2.line(strings, (middle[0] + place * scale, 0), (middle[0] + place * scale, SIDE * scale), 255, 4)
        cv2.line(strings, (0, middle[1] + place * scale), (SIDE * scale, middle[1] + place * scale), 255, 4)
    inside = np.zeros_like(alpha)
    cv2.ellipse(inside, middle, axes, 0, 0, 360, 255, -1)
    alpha = np.minimum(strings, inside)
    cv2.ellipse(alpha, middle, axes, 0, 0, 360, 255, 6 * scale)
    cv2.line(alpha, (middle[0], middle[1] + axes[1]), (middle[0], (SIDE // 2 + 24) * scale), 255, 10 * scale)
    alpha = cv2.resize(alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return np.broadcast_to(np.float32(random.uniform(0.1, 0.9, 3)), (SIDE, SIDE, 3)), alpha


def bag(random, _sources):
    scale = 4
    alpha = np.zeros((SIDE * scale, SIDE * scale), np.uint8)
    middle = SIDE // 2
    corners = [(middle - 45, middle + 34), (middle + 45, middle + 34), (middle + 54, middle + 125), (middle - 54, middle + 125)]
    cv2.fillPoly(alpha, [np.array(corners) * scale], 255)
    cv2.ellipse(alpha, (middle * scale, (middle + 36) * scale), (26 * scale, 36 * scale), 0, 180, 360, 255, 5 * scale)
    alpha = cv2.resize(alpha, (SIDE, SIDE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    across = np.linspace(-1, 1, SIDE, dtype=np.float32)
    color = np.float32(random.uniform(0.1, 0.9, 3)) * (1 - 0.35 * across**2)[None, :, None]
    return np.broadcast_to(color, (SIDE, SIDE, 3)), alpha


class Held:
    """A thing in somebody's hand that moves with it and turns about it."""

    def __init__(self, random, person, sources, shape):
        choices = (book, ball, racket, bag) if person.has_feet else (book, ball, racket)
        color, alpha = choices[random.integers(len(choices))](random, sources)
        self.picture = np.ascontiguousarray(np.dstack([color * alpha[..., None], alpha]).astype(np.float32))
        self.person, self.shape = person, shape
        self.size = person.height * (random.uniform(0.3, 0.4) if person.has_feet else random.uniform(0.42, 0.55))
        self.phase, self.rate, self.swing = random.uniform(0, 2 * np.pi), random.uniform(0.4, 0.9), random.uniform(0.1, 0.35)
        scale = min(1.0, 1.15 * self.size * shape[0] / SIDE)
        self.picture = cv2.resize(self.picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)

    def shadow(self, _time, _view):
        return None

    def render(self, time, view):
        side = self.picture.shape[0]
        angle = self.swing * np.sin(2 * np.pi * self.rate * time + self.phase)
        scale = side / self.size
        turn = scale * np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        from_world = np.c_[turn, np.array([side / 2, side / 2]) - turn @ self.person.hand(time)]
        matrix = chained(from_world, to_world(view, self.shape))
        return cv2.warpAffine(self.picture, matrix, self.shape[::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
