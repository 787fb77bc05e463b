"""Hair of the figures that cases are made of."""
import cv2
import numpy as np


def comb(canvas, at, hairs, gait, scale):
    """Draws hairs of (angle, length, bend, width) around the head; `at` brings a figure's places onto the canvas."""
    sway, along = 0.25 * np.sin(4 * np.pi * gait), np.linspace(0, 1, 24)
    for angle, length, bend, width in hairs:
        turn = angle + (bend + sway) * along
        x = 0.15 * np.cos(angle) + length * along * np.cos(turn)
        y = -0.62 + 0.19 * np.sin(angle) + length * along * np.sin(turn) + 0.25 * along**2 * length
        points = np.array([at(*point) for point in zip(x, y)])
        cv2.polylines(canvas, [points], False, 255, max(1, int(width * scale * 0.8)))
