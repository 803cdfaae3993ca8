"""Draws sprites: which pixels a shape of some scale, orientation and position covers."""

import functools

import numpy as np

from keras_vae.data.factors import check_factors

FACTORS = {"shape": 3, "scale": 6, "orientation": 40, "x_position": 32, "y_position": 32}
"""Each factor of variation and how many values it has, the slowest first."""

SHAPES = ("square", "ellipse", "heart")
SIDE = 64
RADIUS = 15.25
"""Pixels from the centre of a sprite of scale 1 to its farthest point; with it no outline meets a pixel's centre."""


def render(factors: np.ndarray) -> np.ndarray:
    """Draws sprites in black and white; an image is a function of its factors alone.

    A pixel is white if its centre is inside the shape:

        square   |u| <= RADIUS s / sqrt(2)  and  |v| <= RADIUS s / sqrt(2)
        ellipse  u^2 + (2 v)^2 <= (RADIUS s)^2
        heart    a square on its corner and the two half discs on its upper sides

    with u to the right and v upwards of the shape's own centre after a turn by the orientation, counter-clockwise. The
    scale s goes from 0.5 to 1 in steps of 0.1, the orientation from 0 to 351 degrees in steps of 9: 360 is left out,
    for it is 0. So every heart is another image, while an ellipse repeats after 20 orientations and a square after
    10. The centre is at pixel `16 + x_position` from the left and `16 + y_position` from the top, and a pixel or more
    stays black on each side.

    Args:
        factors: `(N, 5)` integers, a value of each factor in the order of `FACTORS`.

    Returns:
        uint8 `(N, 64, 64, 1)`, 0 or 255.

    Raises:
        InvalidInputError: if the factors are not integers of that shape, or out of range.

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
    """View `(3, 6, 40, 32, 32, 64, 64)` of large canvases with a sprite at the centre, one for each window on them."""
    reach = (SIDE + FACTORS["x_position"] - 1) // 2
    u, v = np.meshgrid(np.arange(-reach, reach + 1.0), np.arange(reach, -reach - 1.0, -1))
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
    """A square of half side h on its corner, discs on its upper sides; its smallest circle has radius 1, centre 0."""
    root = 2**0.5
    lift = (2 * root - 2) / (3 * root - 2)
    h = 1 / (root + lift)
    v = v + lift * h
    right, left = (u + v) / root, (v - u) / root
    square = np.maximum(np.abs(right), np.abs(left)) <= h
    discs = np.minimum((right - h) ** 2 + left**2, (left - h) ** 2 + right**2) <= h**2
    return square | discs
