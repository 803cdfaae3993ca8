"""Optimizers by name."""

import inspect
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import keras

from keras_vae.checks import is_integer, is_number
from keras_vae.errors import InvalidInputError, one_line, unknown
from keras_vae.optimizers.adam import Adam
from keras_vae.optimizers.schedule_free_adamw import ScheduleFreeAdamW

NAMES = (
    "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lamb", "Lion", "Muon", "Nadam", "RMSprop",
    "SGD",
)  # fmt: skip
OPTIMIZERS: dict[str, type[keras.optimizers.Optimizer]] = {
    **{name.lower(): getattr(keras.optimizers, name) for name in NAMES if hasattr(keras.optimizers, name)},
    "adam": Adam,
    "schedule_free": ScheduleFreeAdamW,
}
"""Name -> class."""

NUMBERS = (
    "weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "ema_overwrite_frequency", "loss_scale_factor",
)  # fmt: skip
"""Options without a default that are numbers."""


def get(
    name: str, learning_rate: float | Callable[[Any], Any] = 1e-3, options: Mapping[str, Any] | None = None
) -> keras.optimizers.Optimizer:
    """Returns a new optimizer.

    Args:
        name: in `OPTIMIZERS`.
        learning_rate: a number, or a schedule of Keras.
        options: further arguments of the class, such as `{"beta_2": 0.95}`. All classes take `weight_decay`,
            `clipnorm`, `clipvalue`, `global_clipnorm`, `use_ema`, `ema_momentum` and `gradient_accumulation_steps`.

    Raises:
        InvalidInputError: if the name or an option is unknown, or if a value cannot be used.

    Example:

    >>> get("adamw", 1e-3, {"weight_decay": 0.01}).weight_decay
    0.01
    """
    if name not in OPTIMIZERS:
        raise InvalidInputError(unknown(name, OPTIMIZERS, part="optimizer"))
    defaults = {
        argument.name: argument.default
        for argument in inspect.signature(OPTIMIZERS[name]).parameters.values()
        if argument.name not in ("learning_rate", "name", "kwargs")
    }
    for option, value in (options or {}).items():
        if option == "learning_rate":
            raise InvalidInputError("optimizer: learning_rate is no option of its own; set the learning rate.")
        if option not in defaults:
            raise InvalidInputError(unknown(option, defaults, part=f"option of the optimizer {name}"))
        expected = _expected(option, defaults[option])
        if expected and not expected.holds(value):
            raise InvalidInputError(f"optimizer: {option} must be {expected.described}; got {value!r}.")
    try:
        return OPTIMIZERS[name](learning_rate, **(options or {}))
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"optimizer: {one_line(error)}") from error


class _Expected(NamedTuple):
    described: str
    holds: Callable[[Any], bool]


def _expected(option: str, default: Any) -> _Expected | None:
    """Returns the condition on a value. Keras would report an invalid value only in the first step, or never."""
    if isinstance(default, bool):
        return _Expected("True or False", lambda value: isinstance(value, bool))
    if is_number(default):
        return _Expected("a finite number", lambda value: is_number(value) and math.isfinite(value))
    if option == "gradient_accumulation_steps":
        return _Expected("an integer >= 2", lambda value: value is None or (is_integer(value) and value >= 2))
    if option in NUMBERS:
        return _Expected("a number >= 0", lambda value: value is None or (is_number(value) and 0 <= value < math.inf))
    return None
