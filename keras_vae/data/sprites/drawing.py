"""Draws sprites from their shape, scale, orientation and position."""

import functools

import numpy as np

from keras_vae.data.factors import check_factors

FACTORS = {"shape": 3, "scale": 6, "orientation": 40, "x_position": 32, "y_position": 32}
"""Factor of variation -> number of values; the first factor varies slowest."""

SHAPES = ("square", "ellipse", "heart")
"""The names of the values of the factor `shape`."""

SIDE = 64
RADIUS = 15.25
"""Distance in pixels from the centre of a sprite of scale 1 to its farthest point.

With this value, no outline passes through the centre of a pixel, so that rounding does not change the images.
"""


def render(factors: np.ndarray) -> np.ndarray:
    """Draws sprites in black and white; each image is a function of its factors only.

    A pixel is white if its centre is inside the shape:

        square   |u| <= RADIUS s / sqrt(2)  and  |v| <= RADIUS s / sqrt(2)
        ellipse  u^2 + (2 v)^2 <= (RADIUS s)^2
        heart    a square on its corner and the two half discs on its upper sides

    with coordinates u (right) and v (up) relative to the centre of the shape, rotated counter-clockwise by the
    orientation. The scale s ranges from 0.5 to 1 in steps of 0.1, and the orientation from 0 to 351 degrees in steps
    of 9. All images of a heart differ; an ellipse repeats after 20 orientations, and a square after 10. The centre is
    at pixel `16 + x_position` from the left and `16 + y_position` from the top. At least one pixel on each side is
    black.

    Args:
        factors: `(N, 5)` integers, the value of each factor in the order of `FACTORS`.

    Returns:
        uint8 `(N, 64, 64, 1)`, 0 or 255.

    Raises:
        InvalidInputError: if the factors are not integers of that shape, or if a value is out of range.

    Example:

    >>> image = render([[0, 5, 0, 0, 31]])[0, ..., 0]
    >>> image.shape, image[47, 16].item(), image[16, 47].item()
    ((64, 64), 255, 0)
    """
    shape, scale, orientation, x, y = check_factors(factors, FACTORS).T
    last = FACTORS["x_position"] - 1
    return _windows()[shape, scale, orientation, last - y, last - x][..., np.newaxis]


@functools.cache
def _windows() -> np.ndarray:
    """Returns a view `(3, 6, 40, 32, 32, 64, 64)`: all windows on large canvases with a sprite at their centre."""
    half_side = (SIDE + FACTORS["x_position"] - 1) // 2
    u, v = np.meshgrid(np.arange(-half_side, half_side + 1.0), np.arange(half_side, -half_side - 1.0, -1))
    step = 2 * np.pi / FACTORS["orientation"]
    scales = np.linspace(0.5, 1, FACTORS["scale"])
    canvases = np.empty((len(SHAPES), FACTORS["scale"], FACTORS["orientation"], *u.shape), np.uint8)
    quarter = FACTORS["orientation"] // 4
    for turn in range(quarter):
        cos, sin = np.cos(step * turn), np.sin(step * turn)
        for i, scale in enumerate(scales):
            along, across = (cos * u + sin * v) / (RADIUS * scale), (cos * v - sin * u) / (RADIUS * scale)
            for shape, inside in enumerate((_in_square, _in_ellipse, _in_heart)):
                canvas = inside(along, across) * np.uint8(255)
                canvases[shape, i, turn::quarter] = [np.rot90(canvas, quarters) for quarters in range(4)]
    canvases.setflags(write=False)
    return np.lib.stride_tricks.sliding_window_view(canvases, (SIDE, SIDE), axis=(-2, -1))


def _in_square(u, v):
    return np.maximum(np.abs(u), np.abs(v)) <= 0.5**0.5


def _in_ellipse(u, v):
    return u**2 + (2 * v) ** 2 <= 1


def _in_heart(u, v):
    """A square of half side h on its corner, with discs on its upper sides; the enclosing circle is the unit circle."""
    root = 2**0.5
    lift = (2 * root - 2) / (3 * root - 2)
    h = 1 / (root + lift)
    v = v + lift * h
    right, left = (u + v) / root, (v - u) / root
    square = np.maximum(np.abs(right), np.abs(left)) <= h
    discs = np.minimum((right - h) ** 2 + left**2, (left - h) ** 2 + right**2) <= h**2
    return square | discs
