"""The search space: hyper-parameters and their values."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import keras_tuner

from keras_vae import zoo
from keras_vae.checks import is_number
from keras_vae.errors import InvalidInputError
from keras_vae.text import split_names
from keras_vae.training import TrainingConfig

WIDTH, DEPTH = "width", "depth"
"""Two axes that together determine `units`, the widths of the dense layers."""

FORMS = "NAME=LOW:HIGH, NAME=LOW:HIGH:log or NAME=VALUE,VALUE, such as latent_dim=2:32:log or prior.name=mixture,vamp"


@dataclass(frozen=True)
class Axis:
    """A hyper-parameter with a list of values or a range.

    Args:
        name: name of an attribute of `TrainingConfig`, of an option of the recipe or its networks, PART.OPTION, or
            `width` or `depth` of the dense layers.
        choices: the list of values; None for a range.
        low: smallest value of the range.
        high: largest value of the range. If `low` and `high` are integers, all values are integers.
        log: whether the scale of the range is logarithmic.

    Raises:
        InvalidInputError: for an invalid range.

    Example:

    >>> Axis("latent_dim", low=2, high=32, log=True).choices is None
    True
    """

    name: str
    choices: Sequence[Any] | None = None
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def __post_init__(self):
        if self.choices is None and not (self.low < self.high and (self.low > 0 or not self.log)):
            kind = "LOW < HIGH, both positive for log" if self.log else "LOW < HIGH"
            raise InvalidInputError(f"space: {self.name}: expected {kind}; got {self.low}:{self.high}.")
        if self.choices is not None and not self.choices:
            raise InvalidInputError(f"space: {self.name}: expected one or more values; got none.")

    def draw(self, hp: keras_tuner.HyperParameters) -> Any:
        """Returns its value in a trial."""
        if self.choices is not None:
            if all(isinstance(choice, (str, int, float, bool)) for choice in self.choices):
                return hp.Choice(self.name, list(self.choices))
            return json.loads(hp.Choice(self.name, [json.dumps(choice) for choice in self.choices]))
        make = hp.Int if isinstance(self.low, int) and isinstance(self.high, int) else hp.Float
        return make(self.name, self.low, self.high, sampling="log" if self.log else "linear")


def configuration(base: TrainingConfig, values: Mapping[str, Any]) -> TrainingConfig:
    """Returns `base` with the values of a trial.

    Example:

    >>> values = {"latent_dim": 4, "beta": 2.0, "prior.name": "mixture", "width": 64, "depth": 2}
    >>> configuration(TrainingConfig(model="beta_vae"), values).options
    {'beta': 2.0, 'prior': {'name': 'mixture'}, 'units': [64, 64]}
    """
    changes, options = {}, dict(base.options)
    names = {field.name for field in fields(TrainingConfig)}
    values = dict(values)
    if WIDTH in values or DEPTH in values:
        values["units"] = [values.pop(WIDTH, 256)] * values.pop(DEPTH, 2)
    for name, value in values.items():
        part, dot, option = name.partition(".")
        if dot:
            options[part] = {**options.get(part, {}), option: value}
        elif name in names:
            changes[name] = value
        else:
            options[name] = value
    return base.replace(**changes, options=options)


def default_space(config: TrainingConfig) -> list[Axis]:
    """Returns axes for the latent dimensions, the learning rate, the dense layers, and `beta` if the recipe has it.

    Args:
        config: the configuration; what it sets is not varied.

    Example:

    >>> [axis.name for axis in default_space(TrainingConfig(model="beta_vae", data="digits"))]
    ['latent_dim', 'learning_rate', 'width', 'depth', 'beta']
    """
    axes = [Axis("learning_rate", low=1e-4, high=1e-2, log=True)]
    if not isinstance(config.options.get("levels"), (list, tuple)):  # the lengths of all levels of latents
        axes.insert(0, Axis("latent_dim", low=2, high=64, log=True))
    if config.network in ("auto", "mlp", "gated_mlp") and "units" not in config.options:
        axes += [Axis(WIDTH, (128, 256, 512)), Axis(DEPTH, low=1, high=3)]
    if zoo.takes(config.model, "beta") and "beta" not in config.options:
        axes.append(Axis("beta", low=0.25, high=4.0, log=True))
    return axes


def parse_space(pairs: Sequence[str]) -> list[Axis]:
    """Parses axes.

    Args:
        pairs: texts such as those of `keras-vae tune --space`: `NAME=LOW:HIGH`, `NAME=LOW:HIGH:log` or
            `NAME=VALUE,VALUE`.

    Raises:
        InvalidInputError: if a text is not an axis, or if a name is repeated.

    Example:

    >>> [(axis.name, axis.low, axis.high) for axis in parse_space(["latent_dim=2:32:log"])]
    [('latent_dim', 2, 32)]
    >>> parse_space(["units=[64],[128,128]"])[0].choices
    [[64], [128, 128]]
    """
    axes = []
    for pair in pairs:
        name, equals, text = pair.partition("=")
        if not (equals and text and all(word.isidentifier() for word in name.split("."))):
            raise InvalidInputError(f"--space: expected {FORMS}; got {pair!r}.")
        ends = text.split(":")
        if len(ends) in (2, 3) and not text.startswith(("[", '"')):
            axes.append(_range(name, ends, pair))
        else:
            axes.append(Axis(name, _values(text)))
    names = [axis.name for axis in axes]
    if len(set(names)) < len(names):
        raise InvalidInputError(f"--space: expected each name once; got {', '.join(names)}.")
    if "units" in names and {WIDTH, DEPTH} & {*names}:
        raise InvalidInputError(f"--space: expected units, or {WIDTH} and {DEPTH}, which set it; drop one.")
    return axes


def _range(name, ends, pair) -> Axis:
    try:
        low, high = (json.loads(end) for end in ends[:2])
        if not (is_number(low) and is_number(high)):
            raise ValueError
    except ValueError:
        raise InvalidInputError(f"--space: expected {FORMS}; got {pair!r}.") from None
    if ends[2:] not in ([], ["log"], ["linear"]):
        raise InvalidInputError(f"--space: expected log or linear after the range; got {pair!r}.")
    return Axis(name, low=low, high=high, log=ends[2:] == ["log"])


def _values(text) -> list[Any]:
    """Parses a list of JSON values; otherwise of words."""
    try:
        return json.loads(f"[{text}]")
    except ValueError:
        return list[Any](split_names("--space", text))
