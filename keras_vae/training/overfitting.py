"""Whether a model was trained for too long."""

from collections.abc import Mapping, Sequence

import numpy as np

from keras_vae.training.early_stopping import best_epoch

FEWEST = 10
"""Epochs from which a trend can be told from the noise between epochs."""

LOST = 0.02
"""The share of what training gained above which a loss since the best epoch counts."""


def about_history(history: Mapping[str, Sequence[float]], *, keeps_best: bool = False) -> str | None:
    """Returns whether a model overfits, as a sentence; None if there are too few epochs.

    The curve is the validation ELBO or, without an ELBO, the validation NLL, averaged over a tenth of the epochs. The
    model overfits if this curve is worse at the end than at its best, while that of the training examples is better.
    The loss counts if it is more than two standard deviations of an epoch around the curve, and more than a fiftieth of
    what training gained until then.

    Args:
        history: metric -> one value per epoch, as in `Run.read_history`.
        keeps_best: whether the model is that of the best epoch, as with early stopping.

    Example:

    >>> epochs = np.arange(1, 41)
    >>> better = -100 - 50 / epochs
    >>> about_history({"elbo": better, "val_elbo": better})
    'No overfitting: the validation ELBO did not fall while that of training examples improved.'
    >>> about_history({"elbo": better, "val_elbo": better - epochs}).partition(".")[0]
    'The model overfits: its validation ELBO was best in epoch 8 of 40, and is 25'
    """
    name = "elbo" if "val_elbo" in history else "nll"
    train, values = (np.asarray(history.get(key, ()), float) for key in (name, f"val_{name}"))
    if not len(train) == len(values) >= FEWEST or not np.isfinite([train, values]).all():
        return None
    title = f"validation {name.upper()}"
    if keeps_best:
        best = best_epoch(f"val_{name}", values.tolist()) + 1
        return f"The model is that of epoch {best} of {len(values)}, whose {title} was the best."
    width = max(1, len(values) // FEWEST)
    sign = 1 if name == "elbo" else -1
    window = np.ones(width) / width
    train, smooth = (sign * np.convolve(curve, window, mode="valid") for curve in (train, values))
    best = int(np.argmax(smooth))  # the mean of the epochs from `best` to `best + width - 1`
    lost, gained = smooth[best] - smooth[-1], smooth[best] - sign * values[0]
    noise = np.std(sign * values[width // 2 :][: len(smooth)] - smooth)
    if lost <= max(2 * noise, LOST * gained) or train[-1] < train[best]:
        worse = "fall" if sign > 0 else "rise"
        return f"No overfitting: the {title} did not {worse} while that of training examples improved."
    epoch = best + width // 2 + 1
    return (
        f"The model overfits: its {title} was best in epoch {epoch} of {len(values)}, and is {lost:.1f} nats worse at "
        "the end, whose weights are kept. Train again with --early-stopping, which keeps those of the best epoch, or "
        "with more examples or a stronger regularisation."
    )
