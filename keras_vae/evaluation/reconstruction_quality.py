"""The quality of reconstructions of a set of examples, by all measures that apply."""

from collections.abc import Callable

import numpy as np

from keras_vae.evaluation.arrays import pieces, scaled
from keras_vae.evaluation.image_quality import mse, psnr, ssim
from keras_vae.evaluation.sharpness import sharpness


def reconstruction_quality(x: np.ndarray, reconstruct: Callable[[slice], np.ndarray]) -> dict[str, np.ndarray]:
    """Measures reconstructions, a few at a time.

    Args:
        x: examples `(N, *event_shape)`; uint8 is divided by 255; NaN is a missing element.
        reconstruct: rows of `x` -> their reconstructions.

    Returns:
        Name -> the value of each example, `(N,)`: `mse`; `psnr` without missing elements; and for images in [0, 1]
        `ssim` and the `sharpness` of the reconstructions.

    Example:

    >>> x = np.zeros((3, 8, 8, 1), "uint8")
    >>> {name: values.tolist() for name, values in reconstruction_quality(x, lambda rows: x[rows] / 255).items()}
    {'mse': [0.0, 0.0, 0.0], 'psnr': [100.0, 100.0, 100.0], 'ssim': [1.0, 1.0, 1.0], 'sharpness': [0.0, 0.0, 0.0]}
    """
    complete = not np.isnan(x).any()
    measures: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {"mse": mse}
    if complete:
        measures["psnr"] = psnr
    if complete and are_images(x):
        measures["ssim"] = lambda one, two: ssim(one, np.clip(two, 0, 1))
        if min(x.shape[1:3]) >= 3:
            measures["sharpness"] = lambda _, two: sharpness(two)
    parts = []
    for rows in pieces(x):
        target, reconstructed = scaled(x[rows]), reconstruct(rows)
        parts.append({name: measure(target, reconstructed) for name, measure in measures.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in measures}


def reconstruction_error(x: np.ndarray, reconstruct: Callable[[slice], np.ndarray]) -> float:
    """The mean squared error per element of reconstructions, for arguments as in `reconstruction_quality`."""
    return float(np.concatenate([mse(x[rows], reconstruct(rows)) for rows in pieces(x)]).mean())


def are_images(x: np.ndarray) -> bool:
    """Whether examples `(N, ...)` are images `(N, H, W, C)`, uint8 or in [0, 1]."""
    return x.ndim == 4 and (x.dtype == np.uint8 or bool(x.min() >= 0 and x.max() <= 1))
