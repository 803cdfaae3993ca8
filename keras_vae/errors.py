"""Exceptions, and functions that write their messages."""

import difflib
import re
from collections.abc import Iterable

SYNONYMS = {
    "bce": ("bernoulli",),
    "binary": ("bernoulli",),
    "binary_crossentropy": ("bernoulli",),
    "categorical_crossentropy": ("categorical",),
    "cat": ("categorical",),
    "cnn": ("conv", "conv1d"),
    "concrete": ("relaxed_categorical",),
    "conv2d": ("conv",),
    "count": ("poisson",),
    "counts": ("poisson",),
    "cross_entropy": ("bernoulli", "categorical"),
    "crossentropy": ("bernoulli", "categorical"),
    "delta": ("deterministic",),
    "dense": ("mlp",),
    "diagonal_normal": ("normal",),
    "double_exponential": ("laplace",),
    "fc": ("mlp",),
    "full_covariance": ("full_covariance_normal",),
    "fully_connected": ("mlp",),
    "gaussian": ("normal", "standard_normal"),
    "gaussian_mixture": ("mixture",),
    "gmm": ("mixture",),
    "fsq": ("finite_scalar_quantizer",),
    "gumbel": ("relaxed_categorical",),
    "gumbel_softmax": ("relaxed_categorical",),
    "iaf": ("inverse_autoregressive",),
    "isotropic_gaussian": ("standard_normal", "normal"),
    "l1": ("laplace",),
    "l2": ("normal",),
    "lfq": ("lookup_free_quantizer",),
    "lstm": ("gru",),
    "mae": ("laplace",),
    "mean_absolute_error": ("laplace",),
    "mean_squared_error": ("normal",),
    "mixed": ("table",),
    "mixture_of_gaussians": ("mixture",),
    "mog": ("mixture",),
    "mse": ("normal",),
    "multinomial": ("categorical",),
    "multivariate_normal": ("full_covariance_normal", "normal"),
    "nb": ("negative_binomial",),
    "normal": ("standard_normal",),
    "pixelcnn": ("pixel_cnn",),
    "rnn": ("gru",),
    "sigmoid": ("bernoulli",),
    "softmax": ("categorical",),
    "standard_gaussian": ("standard_normal",),
    "student": ("student_t",),
    "studentt": ("student_t",),
    "t": ("student_t",),
    "tabular": ("table",),
    "vampprior": ("vamp",),
    "vmf": ("power_spherical",),
    "von_mises_fisher": ("power_spherical",),
    "vq": ("vector_quantizer",),
}
"""Synonym -> possible names in keras_vae; `unknown` suggests the first one that is among the choices."""


LONGEST = 2000
"""The maximum number of characters of a message, such as one that lists the columns of a wide table."""


class InvalidInputError(ValueError):
    """Input that keras_vae cannot use. The message is one line; the middle of a long message is left out.

    The message names the part, the expected and the actual value, and a remedy. The command line prints it without a
    traceback, and exits with code 2.

    Args:
        message: the message.

    Example:

    >>> kv.zoo.vae((8, 8, 1), latent_dim=0)
    Traceback (most recent call last):
    keras_vae.errors.InvalidInputError: zoo.vae: latent_dim must be an integer >= 1; got 0.
    """

    def __init__(self, message: str):
        text = " ".join(str(message).split())
        super().__init__(text if len(text) <= LONGEST else f"{text[: LONGEST - 400]} ... {text[-395:]}")


class NoClosedFormError(InvalidInputError):
    """There is no closed form for a divergence of two families of distributions."""


class LostWorkerError(RuntimeError):
    """Another worker has ended, so this worker cannot continue. Start all workers again, with `resume`."""


def one_line(error: object, most: int = 200) -> str:
    r"""Returns the text of an error as one line of at most `most` characters, or the name of its class without text.

    Example:

    >>> one_line(ValueError("bad header\n  at byte 3."))
    'bad header at byte 3'
    """
    return " ".join(str(error).split())[:most].rstrip(".") or type(error).__name__


def shortest(value: float) -> str:
    """Returns the shortest decimal text that identifies a number in float32.

    Example:

    >>> shortest(255.0), shortest(0.1), shortest(1.0000002)
    ('255', '0.1', '1.0000002')
    """
    import numpy as np  # here, since the command line starts faster without NumPy

    number = float(value)
    if abs(number) <= float(np.finfo(np.float32).max):  # larger numbers overflow in float32
        number = float(str(np.float32(number)))
    return f"{number:.9g}"


def unknown(name: object, choices: Iterable[str], *, part: str, cutoff: float = 0.4, command: str | None = None) -> str:
    """Returns the message for a name that is not in `choices`, with the most similar name.

    Args:
        name: the name.
        choices: the known names.
        part: what the names are names of.
        cutoff: the least similarity of a name that is suggested, from 0 to 1.
        command: a command that lists many choices. Beside a suggestion, the message names it instead of the choices.

    Example:

    >>> unknown("vea", ["vae", "ae"], part="model")
    "Unknown model 'vea': did you mean 'vae'? Known: ae, vae."
    >>> unknown("gaussian", ["normal", "poisson"], part="likelihood")
    "Unknown likelihood 'gaussian': did you mean 'normal'? Known: normal, poisson."
    >>> unknown("vea", ["vae", "ae"], part="model", command="keras-vae models")
    "Unknown model 'vea': did you mean 'vae'? `keras-vae models` lists all."
    """
    choices = sorted(choices)
    plain = re.sub(r"[^a-z0-9]+", "_", str(name).lower()).strip("_")
    near = [word for word in SYNONYMS.get(plain, ()) if word in choices][:1]
    near = near or _close(str(name), choices, cutoff) or _close(plain, choices, cutoff)
    hint = f": did you mean {near[0]!r}?" if near else "."
    known = f"`{command}` lists all." if near and command else f"Known: {', '.join(choices)}."
    return f"Unknown {part} {name!r}{hint} {known}"


def unknown_option(option: object, choices: Iterable[str], *, part: str) -> str:
    """Returns the message for an option that is not in `choices`, with the most similar option, or else all options.

    Example:

    >>> unknown_option("lattent", ["latent_dim", "beta"], part="zoo.vae")
    "zoo.vae: unknown option 'lattent'; did you mean 'latent_dim'?"
    >>> unknown_option("depth", ["latent_dim", "beta"], part="zoo.vae")
    "zoo.vae: unknown option 'depth'; it takes latent_dim, beta."
    >>> unknown_option("scale", [], part="prior 'standard_normal'")
    "prior 'standard_normal': unknown option 'scale'; it takes none."
    """
    choices = list(choices)
    near = _close(str(option), choices, 0.6)
    return f"{part}: unknown option {option!r}; " + (
        f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(choices) or 'none'}."
    )


def _close(name: str, choices: list[str], cutoff: float) -> list[str]:
    return difflib.get_close_matches(name, choices, n=1, cutoff=cutoff)
