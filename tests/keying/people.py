"""People of the hard kinds, drawn as a map of materials in which alpha and colour of each pixel can be counted."""
import cv2
import numpy as np

SCALE = 4
HAIR, SKIN, CLOTH, TRIM, DARK, METAL, CORD = range(1, 8)
SKINS = [(226, 178, 148), (150, 92, 60), (244, 208, 184), (96, 62, 46), (198, 140, 104)]
HAIRS = [(28, 22, 20), (112, 72, 38), (208, 174, 118), (142, 62, 34), (150, 150, 152)]
CLOTHES = [(172, 44, 52), (46, 62, 118), (232, 228, 220), (58, 56, 62), (196, 150, 60), (120, 60, 110), (90, 120, 160)]


def octaves(random, shape, across, count=3):
    """Smooth noise around 0, each octave half as strong as the last."""
    total = np.zeros(shape, np.float32)
    for octave in range(count):
        cells = across * 2**octave
        seeds = random.random((max(2, cells), max(2, cells * shape[1] // shape[0])), dtype=np.float32) - 0.5
        total += cv2.resize(seeds, shape[::-1], interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return total


class Person:
    """Half of a person, or a whole one on the floor. Places are in units of `unit` around the middle of the shoulders."""

    def __init__(self, random, shape, clothes=CLOTHES, middle=None, unit=None, foot=None, pace=1.0, walk=0.0, has_glasses=False):
        rows, columns = shape
        self.shape, self.pace, self.walk, self.is_whole, self.has_glasses = shape, pace, walk, foot is not None, has_glasses
        self.unit = unit or rows * random.uniform(0.36, 0.42)
        self.middle = columns * random.uniform(0.42, 0.58) if middle is None else middle
        self.top = foot - 2.35 * self.unit if foot else rows * random.uniform(0.5, 0.54)
        self.reach, self.phase = columns * random.uniform(0.015, 0.05), random.uniform(0, 2 * np.pi)
        cloth, trim = random.permutation(len(clothes))[:2] if len(clothes) > 1 else (0, 0)
        colors = {HAIR: HAIRS[random.integers(len(HAIRS))], SKIN: SKINS[random.integers(len(SKINS))], CLOTH: clothes[cloth]}
        colors |= {TRIM: clothes[trim], DARK: (34, 26, 30), METAL: (176, 178, 186), CORD: (228, 214, 178)}
        self.colors = {material: np.array(color, np.float32) / 255 for material, color in colors.items()}
        wide = (rows, 3 * columns)
        self.shading = 1 + 0.3 * octaves(random, wide, 7)
        self.weave = octaves(random, wide, 80, 1)
        self.locks = [
            (random.uniform(-np.pi * 1.08, 0.08 * np.pi), random.uniform(0.12, 0.42), random.normal(0, 0.6), random.uniform(0.3, 1.2))
            for _ in range(130)
        ]

    def place(self, time):
        sway = self.reach * np.sin(2 * np.pi * self.pace * time + self.phase)
        return self.middle + sway + self.walk * time

    def draw(self, canvas, time):
        """Paints materials; what comes later hides what came before."""
        middle, unit = self.place(time), self.unit
        lean = 0.04 * np.sin(5 * self.pace * time + self.phase)

        def at(x, y):
            return (round((middle + (x - lean * y) * unit) * SCALE), round((self.top + y * unit) * SCALE))

        def wide(width):
            return max(1, round(width * unit * SCALE))

        def oval(material, x, y, across, down, start=0, end=360):
            cv2.ellipse(canvas, at(x, y), (wide(across), wide(down)), 0, start, end, material, -1)

        def shape(material, *corners):
            cv2.fillPoly(canvas, [np.array([at(*corner) for corner in corners])], material)

        def bar(material, start, end, width):
            cv2.line(canvas, at(*start), at(*end), material, wide(width))

        oval(HAIR, 0, -0.52, 0.19, 0.25)
        self.draw_locks(canvas, at, time)
        if self.is_whole:
            for side in (-1, 1):
                knee, foot = (side * 0.14, 1.5), (side * (0.16 + 0.1 * np.sin(4 * self.pace * time)), 2.3)
                bar(TRIM, (side * 0.12, 0.9), knee, 0.2)
                bar(TRIM, knee, foot, 0.15)
                bar(DARK, foot, (foot[0] + side * 0.1, 2.32), 0.08)
        low = 1.0 if self.is_whole else 2.0
        shape(CLOTH, (-0.1, -0.2), (0.1, -0.2), (0.34, -0.08), (0.29, low), (-0.29, low), (-0.34, -0.08))
        for stripe in np.arange(0.25, low, 0.4):
            shape(TRIM, (-0.31, stripe), (0.31, stripe + 0.06), (0.31, stripe + 0.2), (-0.31, stripe + 0.14))
        shape(SKIN, (-0.08, -0.34), (0.08, -0.34), (0.11, -0.18), (0, -0.06), (-0.11, -0.18))
        oval(SKIN, 0, -0.48, 0.145, 0.2)
        oval(HAIR, 0, -0.56, 0.16, 0.14, 180, 360)
        for side in (-1, 1):
            oval(DARK, side * 0.055, -0.49, 0.022, 0.012)
        oval(DARK, 0, -0.37, 0.045, 0.011)
        if self.has_glasses:
            for side in (-1, 1):
                cv2.ellipse(canvas, at(side * 0.068, -0.49), (wide(0.055), wide(0.042)), 0, 0, 360, DARK, wide(0.011))
                bar(DARK, (side * 0.12, -0.5), (side * 0.2, -0.52), 0.01)
        for side in (-1, 1):
            self.draw_arm(bar, oval, side, time)

    def draw_arm(self, bar, oval, side, time):
        lift = 0.5 + 0.75 * np.sin(2 * np.pi * 1.4 * self.pace * time + self.phase + side)
        elbow = (side * (0.36 + 0.16 * np.cos(lift)), 0.3 - 0.22 * np.sin(lift))
        hand = (side * (0.4 + 0.34 * np.cos(lift)), 0.3 - 0.62 * np.sin(lift))
        turn = np.arctan2(hand[1] - elbow[1], hand[0] - elbow[0])
        bar(CLOTH, (side * 0.29, 0.0), elbow, 0.13)
        bar(SKIN, elbow, hand, 0.08)
        oval(SKIN, *hand, 0.055, 0.055)
        for finger in range(5):
            way = turn + (finger - 2) * 0.32
            bar(SKIN, hand, (hand[0] + 0.13 * np.cos(way), hand[1] + 0.13 * np.sin(way)), 0.02)

    def draw_locks(self, canvas, at, time):
        along, sway = np.linspace(0, 1, 16), 0.3 * np.sin(6 * self.pace * time + self.phase)
        for angle, length, bend, width in self.locks:
            turn = angle + (bend + sway) * along
            x = 0.17 * np.cos(angle) + length * along * np.cos(turn)
            y = -0.52 + 0.22 * np.sin(angle) + length * along * np.sin(turn) + 0.3 * length * along**2
            width *= self.shape[0] / 540 * SCALE * 0.9
            cv2.polylines(canvas, [np.array([at(*point) for point in zip(x, y)])], False, HAIR, max(1, round(width)))

    def painted(self, canvas, time):
        """Alpha and premultiplied colour of what is on the canvas, whose textures move with the person."""
        rows, columns = self.shape
        move = np.float32([[1, 0, self.place(time) - self.middle - columns], [0, 1, 0]])
        shading, weave = (cv2.warpAffine(field, move, (columns, rows), borderMode=cv2.BORDER_REFLECT) for field in (self.shading, self.weave))
        alpha, color = np.zeros(self.shape, np.float32), np.zeros((*self.shape, 3), np.float32)
        for material, base in self.colors.items():
            if not (here := canvas == material).any():
                continue
            share = cv2.resize(here.astype(np.uint8) * 255, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
            texture = shading + {HAIR: 0.5, CLOTH: 0.15, TRIM: 0.15}.get(material, 0) * weave
            alpha += share
            color += share[..., None] * np.clip(base * texture[..., None], 0, 1)
        return np.clip(alpha, 0, 1), color

    def picture(self, time):
        canvas = np.zeros((self.shape[0] * SCALE, self.shape[1] * SCALE), np.uint8)
        self.draw(canvas, time)
        return self.painted(canvas, time)


class Props(Person):
    """A person behind wires and strings, beside a stand: what is thin, and stands still."""

    def draw(self, canvas, time):
        super().draw(canvas, time)
        rows, columns = (side * SCALE for side in self.shape)
        across = np.linspace(0, columns, 40)
        for wire in range(4):
            sag = rows * (0.06 + 0.05 * wire + 0.04 * np.sin(across / columns * 3 + wire + 0.5 * np.sin(6 * time)))
            width = max(1, round((0.6 + 0.4 * wire) * SCALE * self.shape[0] / 480))
            cv2.polylines(canvas, [np.stack([across, sag], -1).astype(np.int32)], False, DARK, width)
        pole, thick = columns * 0.18, max(1, round(2.5 * SCALE * self.shape[0] / 480))
        cv2.line(canvas, (round(pole), rows), (round(pole), round(rows * 0.38)), METAL, thick)
        cv2.line(canvas, (round(pole), round(rows * 0.38)), (round(pole + 0.12 * columns), round(rows * 0.3)), METAL, thick)
        for string in range(5):
            left = columns * (0.82 + 0.018 * string)
            cv2.line(canvas, (round(left), round(rows * 0.32)), (round(left + 0.01 * columns), round(rows * 0.9)), CORD, max(1, thick // 4))
