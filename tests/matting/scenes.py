"""What is behind the people: photographs and a street clip seen by a moving camera, things that stand nearer, cars that pass.

Places are in heights of the frame, from its middle; y points down. Time is in seconds.
"""
import dataclasses

import cv2
import numpy as np

# A file, and where the horizon of its ground is in parts of its height; below it nearer ground moves faster.
PHOTOGRAPHS = {"street": 0.5, "china.jpg": 1.0, "motorcycle_left.png": 0.62, "wall": 0.7, "rocket.jpg": 0.86}
# Seen from afar: those before which whole people look as large as they are.
WIDE = ("street", "china.jpg", "rocket.jpg")
# Frames of bikes.mp4 between two cuts, without anybody in them.
STREET, WALL = (146, 189), (216, 247)
CLIP_RATE = 25
# The bus of bus.jpg where nobody stands before it: left, top, right, bottom.
BUS = (350, 330, 740, 640)


def read(path, first, last):
    clip, frames = cv2.VideoCapture(str(path)), []
    for index in range(last):
        is_read, frame = clip.read()
        if not is_read:
            raise SystemExit(f"{path} has too few frames")
        if index >= first:
            frames.append(frame[..., ::-1].astype(np.float32) / 255)
    return frames


@dataclasses.dataclass
class View:
    """Where the camera looks: its middle in the world, and how it is turned."""

    x: float
    y: float
    zoom: float = 1.0
    roll: float = 0.0


def to_world(view, shape, depth=1.0):
    """The matrix from pixels of the frame to the world, for things that move `depth` times as fast as the far background."""
    height, width = shape
    cos, sin = np.cos(view.roll) / (view.zoom * height), np.sin(view.roll) / (view.zoom * height)
    turn = np.array([[cos, -sin], [sin, cos]])
    middle = np.array([width / 2 - 0.5, height / 2 - 0.5])
    return np.c_[turn, depth * np.array([view.x, view.y]) - turn @ middle]


def chained(after, before):
    """One affine matrix for `after(before(point))`."""
    return (np.vstack([after, [0, 0, 1]]) @ np.vstack([before, [0, 0, 1]]))[:2]


class Sprite:
    """A picture with alpha that stands or drives: its foot is at (x, y) at time 0."""

    def __init__(self, color, alpha, x, y, height, depth=1.0, speed=0.0):
        self.x, self.y, self.depth, self.speed = x, y, depth, speed
        self.picture = np.dstack([color * alpha[..., None], alpha]).astype(np.float32)
        self.scale = color.shape[0] / height

    def draw(self, frame, time, view):
        rows, columns = self.picture.shape[:2]
        place = np.array([self.x + self.speed * time, self.y])
        from_world = np.array([[self.scale, 0, columns / 2 - self.scale * place[0]], [0, self.scale, rows - self.scale * place[1]]])
        matrix = chained(from_world, to_world(view, frame.shape[:2], self.depth))
        drawn = cv2.warpAffine(self.picture, matrix, frame.shape[1::-1], flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        return frame * (1 - drawn[..., 3:]) + drawn[..., :3]


def textured(random, texture, shape):
    """A grey texture as shades around 1, of some part and size."""
    size = int(random.uniform(60, 300))
    left, top = random.integers(0, texture.shape[1] - size), random.integers(0, texture.shape[0] - size)
    part = cv2.resize(texture[top : top + size, left : left + size], shape[::-1], interpolation=cv2.INTER_LINEAR)
    return 1 + random.uniform(0.3, 0.9) * (part - part.mean())


def car(random, texture, tall):
    """The side of a car or a van as colour and alpha, `tall` pixels high."""
    is_van = random.random() < 0.35
    rows, columns = tall, int(tall * random.uniform(2.0, 2.3) if is_van else tall * random.uniform(2.6, 3.1))
    scale = 4
    color = np.zeros((rows * scale, columns * scale, 3), np.float32)
    alpha = np.zeros(color.shape[:2], np.uint8)
    wide, high = columns * scale, rows * scale

    def points(*places):
        return [np.array([(int(x * wide), int(y * high)) for x, y in places], np.int32)]

    if is_van:
        body = points((0.01, 0.86), (0.01, 0.06), (0.05, 0.01), (0.72, 0.01), (0.8, 0.06), (0.9, 0.42), (0.98, 0.5), (0.99, 0.86))
        panes = [points((0.6, 0.1), (0.76, 0.1), (0.85, 0.4), (0.6, 0.4))]
        panes += [points((0.08, 0.1), (0.55, 0.1), (0.55, 0.4), (0.08, 0.4))] if random.random() < 0.5 else []
    else:
        body = points(
            (0.01, 0.84), (0.0, 0.55), (0.05, 0.42), (0.17, 0.38), (0.3, 0.06), (0.38, 0.01), (0.6, 0.01), (0.68, 0.06),
            (0.8, 0.4), (0.95, 0.48), (1.0, 0.6), (0.99, 0.84))
        panes = [points((0.24, 0.38), (0.34, 0.09), (0.48, 0.08), (0.48, 0.38)), points((0.5, 0.38), (0.5, 0.08), (0.6, 0.09), (0.73, 0.38))]
    paints = [(0.75, 0.1, 0.1), (0.12, 0.2, 0.45), (0.85, 0.85, 0.83), (0.1, 0.1, 0.11), (0.55, 0.57, 0.6), (0.8, 0.6, 0.15), (0.1, 0.35, 0.25)]
    paint = np.float32(paints[random.integers(len(paints))])
    cv2.fillPoly(alpha, body, 255)
    down = np.linspace(0, 1, high, dtype=np.float32)[:, None]
    shade = 1.15 - 0.5 * down + 0.35 * np.exp(-(((down - 0.46) / 0.035) ** 2)) - 0.2 * (np.abs(down - 0.66) < 0.012)
    color[:] = paint * (shade * (0.7 + 0.3 * textured(random, texture, alpha.shape)))[..., None]
    glass = np.zeros_like(alpha)
    for pane in panes:
        cv2.fillPoly(glass, pane, 255)
    reflection = (0.18 + 0.45 * np.clip(1 - 2.2 * down, 0, 1)) * textured(random, texture, alpha.shape)
    color = np.where(glass[..., None] > 0, reflection[..., None] * np.float32([0.85, 0.95, 1.05]), color)
    for middle in (0.2, 0.79):
        place, radius = (int(middle * wide), int(0.83 * high)), int(0.17 * high)
        for part, tone in ((1.0, 0.05), (0.62, 0.5), (0.5, 0.25), (0.15, 0.6)):
            cv2.circle(color, place, int(part * radius), (tone,) * 3, -1, cv2.LINE_AA)
        cv2.circle(alpha, place, radius, 255, -1)
    color = cv2.resize(np.clip(color, 0, 1), (columns, rows), interpolation=cv2.INTER_AREA)
    alpha = cv2.resize(alpha, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    return (color, alpha) if random.random() < 0.5 else (color[:, ::-1], alpha[:, ::-1])


def upright(random, texture, tall):
    """A pillar, a lamp post or a board, as colour and alpha."""
    wide = max(4, int(tall * random.choice([0.05, 0.09, 0.16, 0.35])))
    color = np.float32(random.uniform(0.1, 0.75) + random.uniform(-0.08, 0.08, 3))
    across = np.linspace(-1, 1, wide, dtype=np.float32)
    light = (1.1 - 0.5 * across**2) * textured(random, texture, (tall, wide))
    return np.clip(color * light[..., None], 0, 1), np.ones((tall, wide), np.float32)


def seat(random, texture, tall):
    """The back of a chair or of a car's seat, as colour and alpha."""
    wide = int(tall * random.uniform(0.55, 0.85))
    alpha = np.zeros((tall, wide), np.uint8)
    corner = int(0.2 * wide)
    cv2.rectangle(alpha, (corner, 0), (wide - corner, tall), 255, -1)
    cv2.rectangle(alpha, (0, corner), (wide, tall), 255, -1)
    for middle in (corner, wide - corner):
        cv2.circle(alpha, (middle, corner), corner, 255, -1, cv2.LINE_AA)
    inside = cv2.distanceTransform(cv2.copyMakeBorder(alpha, 1, 0, 1, 1, cv2.BORDER_CONSTANT), cv2.DIST_L2, 3)[1:, 1:-1]
    light = 0.6 + 0.5 * np.clip(inside / (0.12 * wide), 0, 1) - 0.25 * (np.abs(inside - 0.1 * wide) < 0.012 * wide)
    color = np.float32(random.uniform(0.08, 0.5) + random.uniform(-0.06, 0.06, 3))
    color = np.clip(color * (light * (0.5 + 0.5 * textured(random, texture, alpha.shape)))[..., None], 0, 1)
    return color.astype(np.float32), alpha.astype(np.float32) / 255


class Scene:
    """A photograph or a clip, with sprites before it."""

    def __init__(self, random, name, sources, shape, reach, is_still=False, defocus=0.0):
        """`reach`: how far the camera moves to either side, so that the photograph is wide enough."""
        self.shape, self.sprites, self.defocus = shape, [], defocus * shape[0]
        self.texture = cv2.imread(str(sources / "gravel.png"), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
        self.horizon = PHOTOGRAPHS[name]
        if name in ("street", "wall"):
            frames = read(sources / "bikes.mp4", *(STREET if name == "street" else WALL))
            frames = frames[len(frames) // 2 : len(frames) // 2 + 1] if is_still else frames
        else:
            frames = [cv2.imread(str(sources / name))[..., ::-1].astype(np.float32) / 255]
        if random.random() < 0.5:
            frames = [frame[:, ::-1] for frame in frames]
        rows, columns = frames[0].shape[:2]
        # The camera sees as much as its movement leaves; at most the photograph is enlarged twofold.
        aspect = shape[1] / shape[0]
        seen = min(rows / 1.08, columns / (aspect + 2 * min(reach, 0.6)))
        seen *= random.uniform(0.95, 1.0) if name in WIDE else random.uniform(0.75, 1.0)
        self.per_height = float(max(seen, shape[0] / 2.2)) if seen < shape[0] else float(shape[0])
        shrink = min(1.0, shape[0] / seen)
        if shrink < 1:
            frames = [cv2.resize(frame, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA) for frame in frames]
        self.middle = np.array([frames[0].shape[1] / 2, frames[0].shape[0] - 0.54 * self.per_height])
        if self.defocus > 0:
            frames = [cv2.GaussianBlur(frame, (0, 0), self.defocus * self.per_height / shape[0]) for frame in frames]
        self.frames = [np.ascontiguousarray(frame) for frame in frames]

    def stand(self, random, count):
        """Puts pillars, posts and boards behind the people."""
        for _ in range(count):
            height = random.uniform(0.5, 1.6)
            color, alpha = upright(random, self.texture, int(height * self.shape[0]))
            self.add(color, alpha, random.uniform(-1.2, 1.2), random.uniform(0.4, 0.7), height, random.uniform(1.0, 1.3))

    def seat(self, random, x, top):
        """Puts the back of a seat behind somebody's shoulders."""
        height = 1.3
        color, alpha = seat(random, self.texture, int(height * self.shape[0]))
        self.add(color, alpha, x + random.uniform(-0.08, 0.08), top + height, height, 1.0)

    def drive(self, random, count, seconds):
        """Lets cars pass behind the people."""
        for index in range(count):
            height = random.uniform(0.28, 0.62)
            color, alpha = car(random, self.texture, int(height * self.shape[0]))
            way = random.choice([-1, 1])
            speed = way * random.uniform(0.6, 1.6)
            # In the middle at some time of its own.
            meets = seconds * (index + random.uniform(0.2, 0.8)) / count
            self.add(color, alpha, -speed * meets, random.uniform(0.34, 0.52), height, 1.0, speed)

    def pass_bus(self, random, sources, seconds):
        """A real bus fills much of the picture for a while."""
        left, top, right, bottom = BUS
        color = cv2.imread(str(sources / "bus.jpg"))[top:bottom, left:right, ::-1].astype(np.float32) / 255
        color = color[:, ::-1] if random.random() < 0.5 else color
        height, way = random.uniform(0.8, 1.1), random.choice([-1, 1])
        speed = way * random.uniform(1.2, 2.0)
        shrink = min(1.0, 1.1 * height * self.shape[0] / color.shape[0])
        color = cv2.resize(color, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        alpha = np.ones(color.shape[:2], np.float32)
        self.add(color, alpha, -speed * seconds * random.uniform(0.3, 0.7), random.uniform(0.5, 0.62), height, 1.0, speed)

    def add(self, color, alpha, x, y, height, depth, speed=0.0):
        if self.defocus > 0.3:
            pad = int(3 * self.defocus) + 1
            color = cv2.copyMakeBorder(color, pad, pad, pad, pad, cv2.BORDER_REPLICATE)
            alpha = cv2.GaussianBlur(cv2.copyMakeBorder(alpha, pad, pad, pad, pad, cv2.BORDER_CONSTANT), (0, 0), self.defocus)
            color, height = cv2.GaussianBlur(color, (0, 0), self.defocus), height * color.shape[0] / (color.shape[0] - 2 * pad)
        self.sprites.append(Sprite(color, alpha, x, y, height, depth, speed))

    def picture(self, time):
        """A clip runs there and back, each frame mixed with the next."""
        if len(self.frames) == 1:
            return self.frames[0]
        last = len(self.frames) - 1
        place = time * CLIP_RATE % (2 * last)
        place = min(place, 2 * last - place)
        index = min(int(place), last - 1)
        return self.frames[index] if place - index < 0.5 else self.frames[index + 1]

    def render(self, time, view):
        picture = self.picture(time)
        height, width = self.shape
        matrix = to_world(view, self.shape, 0.0)
        down, across = np.mgrid[0:height, 0:width].astype(np.float32)
        x = matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]
        y = matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2] + view.y
        row = self.middle[1] + self.per_height * y
        nearer = 1 + 0.9 * np.clip(row / picture.shape[0] - self.horizon, 0, 1)
        column = self.middle[0] + self.per_height * (x + view.x * nearer)
        frame = cv2.remap(picture, np.float32(column), np.float32(row), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
        for sprite in self.sprites:
            frame = sprite.draw(frame, time, view)
        return frame
