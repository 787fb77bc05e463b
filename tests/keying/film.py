"""Films the sets of the hard kinds: subject before screen, through lens, shutter and sensor, as planar YUV with chroma sited left."""
import cv2
import numpy as np

import people
import sets

WIDTH, HEIGHT, RATE, FRAMES = 640, 360, 24, 32
TIME_PER_FRAME = 1 / 36


def subject(setting, time):
    """Alpha and premultiplied colour of all people, over the time that the shutter is open."""
    alphas, colors = [], []
    for part in range(setting.shutter):
        moment = time + (part / setting.shutter - 0.5) * 0.8 * TIME_PER_FRAME * (setting.shutter > 1)
        alpha, color = setting.people[0].picture(moment)
        for person in setting.people[1:]:
            nearer, paint = person.picture(moment)
            alpha, color = nearer + alpha * (1 - nearer), paint + color * (1 - nearer[..., None])
        alphas.append(alpha)
        colors.append(color)
    return np.mean(alphas, 0), np.mean(colors, 0)


def focused(setting, picture):
    if setting.disc:
        side = 2 * round(setting.disc) + 1
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)).astype(np.float32)
        picture = cv2.filter2D(picture, -1, disc / disc.sum(), borderType=cv2.BORDER_REPLICATE)
    return cv2.GaussianBlur(picture, (0, 0), setting.lens, borderType=cv2.BORDER_REPLICATE)


def background(setting, alpha, color):
    """The screen with what the subject does to it: shadow, and its image in a glossy floor."""
    rows, columns = alpha.shape
    screen = setting.screen
    if setting.gloss:
        foot = 0.95 * rows
        mirror = np.float32([[1, 0, 0], [0, -1, 2 * foot]])
        fade = np.clip((np.arange(rows) - foot + 0.06 * rows) / (0.06 * rows), 0, 1).astype(np.float32)[:, None]
        share, image = (cv2.GaussianBlur(cv2.warpAffine(part, mirror, (columns, rows)), (0, 0), 3) for part in (alpha, color))
        screen = screen * (1 - setting.gloss * share * fade)[..., None] + setting.gloss * image * fade[..., None]
        contact = np.float32([[1, 0, 0.02 * rows], [0, 0.16, 0.8 * rows]])
        screen = screen * (1 - setting.shadow * cv2.GaussianBlur(cv2.warpAffine(alpha, contact, (columns, rows)), (0, 0), 0.012 * rows))[..., None]
    elif setting.shadow:
        cast = np.float32([[1, 0, 0.08 * rows], [0, 1, 0.03 * rows]])
        screen = screen * (1 - setting.shadow * cv2.GaussianBlur(cv2.warpAffine(alpha, cast, (columns, rows)), (0, 0), 0.02 * rows))[..., None]
    return np.clip(screen, 0, 1)


def shot(setting, index, random):
    """Picture, alpha and straight foreground of one frame."""
    time = index * TIME_PER_FRAME
    alpha, color = (focused(setting, part) for part in subject(setting, time))
    alpha[alpha < 0.002] = 0
    color = color * setting.subject_gain
    behind = background(setting, alpha, color)
    if setting.shake:
        move = np.float32([[1, 0, setting.shake * np.sin(0.9 * index)], [0, 1, setting.shake * np.cos(0.7 * index)]])
        size = alpha.shape[::-1]
        alpha, color, behind = (cv2.warpAffine(part, move, size, borderMode=cv2.BORDER_REPLICATE) for part in (alpha, color, behind))
    seen = color
    if setting.spill:
        near = 0.3 + 0.9 * np.clip(1 - cv2.GaussianBlur(alpha, (0, 0), 0.03 * alpha.shape[0]), 0, 1)[..., None]
        screen = np.array(setting.color, np.float32) / 255
        seen = color + setting.spill * near * screen * (0.1 * alpha[..., None] + 0.9 * color.mean(-1, keepdims=True))
        seen = np.minimum(seen, alpha[..., None])
    if setting.wall:
        beside, picture = setting.wall[0], setting.wall[1] * setting.wall[0][..., None]
        behind = behind * (1 - beside)[..., None]
        color = color + picture * (1 - alpha)[..., None]
        seen = seen + picture * (1 - alpha)[..., None]
        plate = seen + behind * (1 - alpha)[..., None]
        alpha = alpha + beside * (1 - alpha)
    else:
        plate = seen + behind * (1 - alpha)[..., None]
    gain = 1 + setting.ramp * np.sin(2 * np.pi * 1.1 * time + 0.6)
    plate, color = setting.grain.add(plate * gain, random), color * gain
    if setting.is_phone:
        plate = cv2.bilateralFilter(np.clip(plate, 0, 1).astype(np.float32), 5, 0.08, 1.2)
        plate += 0.8 * (plate - cv2.GaussianBlur(plate, (0, 0), 1.3))
    straight = np.where(alpha[..., None] > 0, color / np.maximum(alpha, 1e-4)[..., None], 0)
    return np.clip(plate, 0, 1).astype(np.float32), alpha, np.clip(straight, 0, 1)


def frames(kind, seed, count):
    """Picture, alpha and straight foreground of each frame, 0 to 1, and the colour of the screen."""
    random = np.random.default_rng((seed, 100 + sets.HARD.index(kind)))
    factor = 2 if kind == "defocus" else 1
    takes = sets.build(random, kind, (HEIGHT * factor, WIDTH * factor))
    for index in range(count):
        setting = takes[index * len(takes) // count]
        pictures = shot(setting, index, random)
        if factor > 1:
            pictures = [cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for picture in pictures]
        yield *pictures, setting.color


def planar(picture, is_ten_bit):
    """BT.709 in limited range: 4:2:0 with 8 bits, or 4:2:2 with 10."""
    luma = picture @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    planes = [luma * 219 + 16]
    for channel, span in ((2, 1.8556), (0, 1.5748)):
        chroma = cv2.filter2D((picture[..., channel] - luma) / span, -1, np.array([[0.25, 0.5, 0.25]]), borderType=cv2.BORDER_REPLICATE)
        chroma = chroma[:, ::2]
        planes.append((chroma if is_ten_bit else (chroma[::2] + chroma[1::2]) / 2) * 224 + 128)
    scale, number = (4, "<u2") if is_ten_bit else (1, np.uint8)
    return b"".join(np.clip(np.round(plane * scale), 0, 256 * scale - 1).astype(number).tobytes() for plane in planes)
