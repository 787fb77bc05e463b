"""People cut out of photographs: an outline drawn by hand, and closed-form matting in a band around it.

    cutouts.py SOURCES_FOLDER CACHE_FOLDER [SHEET.png]

Closed-form matting: Levin, Lischinski, Weiss 2008; its Laplacian is applied by box filters as in He, Sun, Tang 2010, and solved
for the band alone by conjugate gradients. The colour of mixed pixels: blur fusion, Forte 2021. The sheet shows all of them over
several backgrounds: whoever changes an outline looks at it.
"""
import dataclasses
import pathlib
import sys

import cv2
import numpy as np

PAD = 6
EPSILON = 1e-6
ITERATIONS = 400


@dataclasses.dataclass(frozen=True)
class Photograph:
    """Places are pixels of the photograph; widths are pixels after scaling."""

    file: str
    scale: float
    # Left, top, right, bottom.
    crop: tuple
    outline: tuple
    band: float
    # Middle and radius of the head; is also where the band is wide, for hair.
    head: tuple
    hair_band: float
    has_feet: bool = False
    # Where something can be held: middle of a hand.
    hand: tuple = None


def traced(scale, left, top, *points):
    """Points as read off an enlarged view of a part of the photograph."""
    return tuple((left + x / scale, top + y / scale) for x, y in points)


PEOPLE = {
    "collins": Photograph("astronaut.png", 1.3, (0, 0, 512, 512), traced(
        2.133, 0, 0,
        (118, 1092), (75, 1020), (55, 950), (45, 880), (42, 850), (52, 740), (60, 700), (78, 650), (88, 600), (110, 560), (135, 520),
        (180, 490), (215, 465), (240, 440), (248, 425), (243, 405), (262, 385), (280, 350), (310, 330), (350, 318), (390, 318),
        (393, 290), (370, 255), (345, 235), (332, 200), (328, 150), (340, 110), (370, 85), (405, 75), (430, 50), (470, 36), (510, 36),
        (550, 45), (590, 65), (610, 100), (632, 140), (643, 185), (635, 235), (620, 255), (600, 275), (580, 290), (565, 292), (553, 330),
        (545, 375), (570, 390), (610, 425), (640, 470), (650, 500), (690, 525), (720, 560), (745, 600), (758, 650), (770, 700),
        (772, 745), (800, 738), (860, 735), (900, 742), (950, 765), (1000, 810), (1030, 855), (1050, 910), (1060, 970), (1080, 985),
        (1093, 1000), (1093, 1093)), 4, (228, 75, 78), 9),
    "hopper": Photograph("grace_hopper.jpg", 1.1, (0, 0, 512, 600), traced(
        1.969, 0, 0,
        (20, 1182), (28, 1060), (40, 960), (55, 860), (75, 800), (105, 755), (130, 740), (200, 715), (270, 695), (330, 672), (365, 650),
        (395, 615), (390, 580), (365, 575), (335, 560), (318, 540), (318, 500), (325, 470), (315, 440), (305, 415), (302, 380),
        (294, 345), (298, 300), (305, 230), (312, 208), (335, 180), (345, 165), (352, 135), (375, 105), (428, 82), (450, 57), (505, 45),
        (560, 57), (590, 80), (640, 95), (680, 130), (697, 170), (718, 172), (725, 190), (732, 270), (730, 330), (727, 360), (738, 380),
        (735, 420), (725, 470), (714, 520), (712, 545), (695, 580), (660, 605), (652, 617), (690, 650), (740, 680), (800, 705),
        (850, 722), (900, 735), (940, 750), (965, 765), (985, 810), (1000, 850), (1009, 875), (1009, 1182)), 4, (262, 170, 120), 6),
    "obama": Photograph("obama.jpg", 0.6, (0, 0, 910, 1137), traced(
        1.0769, 0, 0,
        (245, 1226), (242, 1205), (215, 1190), (150, 1175), (90, 1155), (75, 1130), (65, 1080), (55, 1030), (62, 990), (78, 925),
        (97, 872), (112, 830), (118, 795), (140, 760), (150, 710), (165, 660), (178, 610), (190, 580), (215, 563), (270, 540),
        (340, 515), (400, 490), (428, 465), (432, 440), (432, 415), (425, 390), (418, 350), (408, 310), (398, 318), (385, 310),
        (376, 280), (366, 240), (364, 218), (375, 210), (385, 215), (383, 170), (387, 130), (400, 95), (430, 62), (470, 40), (520, 31),
        (570, 38), (610, 60), (645, 95), (665, 140), (670, 190), (668, 215), (680, 210), (691, 220), (690, 255), (680, 290), (668, 318),
        (655, 318), (648, 310), (640, 350), (632, 390), (628, 400), (640, 420), (680, 462), (740, 480), (800, 502), (840, 525),
        (880, 545), (895, 580), (905, 620), (906, 650), (895, 690), (905, 740), (903, 790), (890, 850), (880, 930), (862, 1000),
        (840, 1070), (815, 1120), (812, 1170), (815, 1226)), 4, (490, 190, 160), 4, hand=(650, 850)),
    "president": Photograph("obama3.jpg", 0.4, (180, 160, 1280, 2180), traced(
        0.6004, 0, 0,
        (212, 1380), (210, 1300), (210, 1258), (155, 1248), (158, 1220), (165, 1150), (180, 1070), (195, 1000), (203, 960),
        (215, 900), (232, 885), (240, 858), (180, 850), (165, 830), (150, 780), (142, 730), (143, 690), (155, 640), (165, 600),
        (172, 560), (170, 530), (180, 500), (195, 475), (205, 463), (250, 450), (310, 438), (350, 420), (375, 400), (385, 378),
        (385, 350), (382, 315), (365, 310), (350, 290), (348, 260), (352, 245), (365, 248), (370, 225), (375, 195), (390, 165),
        (420, 142), (450, 134), (485, 134), (515, 145), (535, 165), (548, 195), (550, 240), (555, 272), (553, 300), (545, 325),
        (535, 330), (525, 350), (512, 370), (508, 400), (518, 417), (545, 435), (580, 444), (630, 455), (670, 470), (688, 480), (692, 530),
        (700, 570), (703, 610), (720, 650), (735, 710), (728, 750), (710, 790), (684, 818), (655, 828), (660, 860), (672, 920),
        (685, 980), (675, 982), (680, 1050), (690, 1150), (700, 1230), (702, 1248), (670, 1252), (665, 1300), (660, 1380)),
        3, (770, 400, 180), 3, hand=(1040, 1080)),
    "coat": Photograph("bus.jpg", 1.3, (40, 385, 260, 920), traced(
        2.625, 40, 385,
        (165, 95), (172, 65), (200, 42), (240, 35), (280, 45), (305, 65), (310, 95), (308, 120), (300, 150), (295, 190), (287, 215),
        (300, 232), (330, 262), (350, 285), (365, 310), (372, 340), (383, 375), (400, 410), (415, 445), (423, 480), (418, 515),
        (395, 540), (365, 562), (375, 590), (382, 640), (390, 700), (402, 760), (400, 800), (362, 805), (368, 850), (375, 900),
        (385, 960), (392, 1020), (400, 1080), (415, 1150), (425, 1200), (430, 1225), (440, 1245), (480, 1270), (530, 1290), (545, 1302),
        (535, 1312), (490, 1325), (420, 1345), (358, 1350), (357, 1300), (360, 1270), (365, 1260), (355, 1225), (335, 1170), (315, 1100),
        (295, 1050), (285, 990), (265, 930), (240, 870), (225, 838), (207, 838), (202, 850), (195, 920), (180, 985), (155, 1025),
        (145, 1080), (130, 1150), (122, 1215), (125, 1235), (140, 1265), (165, 1310), (175, 1345), (160, 1352), (110, 1345), (60, 1325),
        (35, 1310), (32, 1290), (40, 1260), (48, 1235), (50, 1220), (55, 1140), (70, 1110), (97, 1075), (97, 1030), (90, 990),
        (92, 900), (90, 830), (85, 822), (50, 828), (50, 800), (55, 740), (60, 680), (58, 600), (60, 540), (65, 510), (50, 460),
        (55, 440), (62, 400), (55, 340), (65, 290), (100, 250), (145, 215), (155, 180), (168, 170), (165, 140)),
        2.5, (130, 430, 34), 3.5, has_feet=True, hand=(135, 595)),
    "phone": Photograph("bus.jpg", 1.3, (215, 390, 360, 880), traced(
        2.625, 40, 385,
        (590, 110), (592, 85), (610, 65), (640, 57), (670, 62), (690, 85), (695, 120), (700, 140), (707, 145), (705, 160), (697, 170),
        (695, 200), (690, 225), (683, 240), (700, 245), (740, 260), (765, 275), (770, 310), (780, 350), (795, 400), (793, 440),
        (770, 470), (740, 478), (745, 510), (750, 560), (758, 600), (765, 680), (780, 770), (783, 790), (775, 810), (788, 850),
        (783, 880), (760, 910), (720, 955), (680, 1000), (650, 1030), (648, 1060), (655, 1085), (675, 1105), (680, 1135), (665, 1145),
        (640, 1135), (632, 1130), (630, 1150), (640, 1190), (660, 1215), (662, 1230), (640, 1243), (600, 1235), (565, 1215), (567, 1180),
        (572, 1150), (563, 1135), (555, 1090), (548, 1040), (540, 1000), (535, 950), (533, 900), (535, 840), (487, 828), (487, 780),
        (495, 720), (505, 660), (515, 620), (525, 570), (512, 540), (512, 500), (518, 450), (520, 410), (515, 370), (518, 345),
        (535, 310), (560, 290), (600, 265), (625, 240), (615, 220), (608, 185), (595, 165), (588, 150), (595, 148)),
        2.5, (287, 435, 32), 3, has_feet=True, hand=(270, 668)),
}


def box(picture):
    """Sums of 3 x 3 pixels."""
    return cv2.boxFilter(picture, -1, (3, 3), normalize=False, borderType=cv2.BORDER_REFLECT)


class Laplacian:
    """The matting Laplacian of a picture, of 3 x 3 windows."""

    def __init__(self, picture):
        self.picture = picture
        self.mean = box(picture) / 9
        products = picture[..., :, None] * picture[..., None, :]
        square = box(products.reshape(*picture.shape[:2], 9)) / 9
        variance = square.reshape(products.shape) - self.mean[..., :, None] * self.mean[..., None, :]
        self.inverse = np.linalg.inv(variance + EPSILON / 9 * np.eye(3))

    def __matmul__(self, alpha):
        mean = box(alpha) / 9
        covariance = box(self.picture * alpha[..., None]) / 9 - self.mean * mean[..., None]
        slope = (self.inverse @ covariance[..., None])[..., 0]
        offset = mean - (slope * self.mean).sum(-1)
        return 9 * alpha - (box(slope) * self.picture).sum(-1) - box(offset)


def closed_form(picture, known, unknown):
    """Alpha where it is unknown, such that it is locally linear in colour, by conjugate gradients."""
    laplacian = Laplacian(picture)
    alpha = np.where(unknown, 0.0, known)
    rest = np.where(unknown, -(laplacian @ alpha), 0)
    direction, energy = rest.copy(), float((rest**2).sum())
    first = energy
    for _ in range(ITERATIONS):
        moved = np.where(unknown, laplacian @ direction, 0)
        step = energy / max(float((direction * moved).sum()), 1e-30)
        alpha += step * direction
        rest -= step * moved
        before, energy = energy, float((rest**2).sum())
        if energy < 1e-8 * first:
            break
        direction = rest + energy / before * direction
    return np.clip(alpha, 0, 1)


def own_color(picture, alpha):
    """The subject's colour, where other things shine through too."""
    color, behind = picture.copy(), picture.copy()
    for side in (41, 13):

        def spread(values, weight):
            return cv2.blur(values * weight[..., None], (side, side)) / (cv2.blur(weight, (side, side))[..., None] + 1e-4)

        mean, back = spread(color, alpha), spread(behind, 1 - alpha)
        share = alpha[..., None]
        rest = picture - share * mean - (1 - share) * back
        color, behind = np.clip(mean + share * rest, 0, 1), np.clip(back + (1 - share) * rest, 0, 1)
    return np.where(alpha[..., None] > 0.995, picture, color)


def cut(photograph, sources):
    """Colour and alpha, 0 to 1, straight."""
    left, top, right, bottom = photograph.crop
    whole = cv2.imread(str(sources / photograph.file))[top:bottom, left:right, ::-1]
    how = cv2.INTER_AREA if photograph.scale < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(whole, None, fx=photograph.scale, fy=photograph.scale, interpolation=how).astype(np.float64) / 255
    picture = cv2.copyMakeBorder(picture, PAD, PAD, PAD, PAD, cv2.BORDER_REPLICATE)
    shape = picture.shape[:2]

    def placed(x, y):
        return (x - left) * photograph.scale + PAD, (y - top) * photograph.scale + PAD

    points = np.array([placed(*point) for point in photograph.outline])
    # What ends at the border of the photograph goes on beyond it.
    for axis, last in ((0, shape[1] - 1), (1, shape[0] - 1)):
        points[:, axis] = np.where(points[:, axis] > last - PAD - 2, last + PAD, points[:, axis])
    inside = np.zeros(shape, np.uint8)
    cv2.fillPoly(inside, [np.round(points * 16).astype(np.int32)], 1, shift=4)
    far = np.where(inside > 0, cv2.distanceTransform(inside, cv2.DIST_L2, 5), cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5))
    x, y, radius = photograph.head
    x, y = placed(x, y)
    down, across = np.mgrid[0 : shape[0], 0 : shape[1]]
    is_head = np.hypot(across - x, down - y) < 1.35 * radius * photograph.scale
    unknown = far < np.where(is_head, photograph.hair_band, photograph.band)
    unknown[:2], unknown[-2:], unknown[:, :2], unknown[:, -2:] = False, False, False, False
    alpha = closed_form(picture, inside.astype(np.float64), unknown)
    alpha = np.clip((alpha - 0.04) / 0.92, 0, 1)
    count, labels, statistics, _ = cv2.connectedComponentsWithStats((alpha > 0.05).astype(np.uint8))
    alpha = np.where(labels == 1 + np.argmax(statistics[1:count, 4]), alpha, 0)
    color = own_color(picture, alpha)
    inner = (slice(PAD, -PAD), slice(PAD, -PAD))
    return color[inner].astype(np.float32), alpha[inner].astype(np.float32)


def load(name, sources, cache):
    """Colour and alpha of somebody, made once."""
    path = cache / f"{name}.png"
    if not path.exists():
        color, alpha = cut(PEOPLE[name], sources)
        partial = path.with_name(f"{name}.partial.png")
        cv2.imwrite(str(partial), np.round(np.dstack([color[..., ::-1], alpha]) * 65535).astype(np.uint16))
        partial.rename(path)
    picture = cv2.imread(str(path), cv2.IMREAD_UNCHANGED).astype(np.float32) / 65535
    return picture[..., 2::-1], picture[..., 3]


def sheet(sources, cache, target):
    rows = []
    for name in PEOPLE:
        color, alpha = load(name, sources, cache)
        scale = 700 / color.shape[0]
        share = alpha[..., None]
        views = [share * color + (1 - share) * np.float32(behind) for behind in ((0.1, 0.1, 0.1), (0.95, 0.95, 0.95), (0.1, 0.6, 0.2))]
        views.append(np.repeat(share, 3, -1))
        rows.append(cv2.resize(np.hstack(views), None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    wide = max(row.shape[1] for row in rows)
    rows = [cv2.copyMakeBorder(row, 0, 0, 0, wide - row.shape[1], cv2.BORDER_CONSTANT) for row in rows]
    cv2.imwrite(str(target), np.round(np.clip(np.vstack(rows), 0, 1) * 255).astype(np.uint8)[..., ::-1])


if __name__ == "__main__":
    sources, cache, *rest = map(pathlib.Path, sys.argv[1:])
    cache.mkdir(parents=True, exist_ok=True)
    for name in PEOPLE:
        load(name, sources, cache)
    if rest:
        sheet(sources, cache, rest[0])
