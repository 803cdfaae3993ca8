"""The model card of a preset."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from keras_vae.checks import are_texts, check_number
from keras_vae.errors import InvalidInputError


@dataclasses.dataclass(frozen=True)
class Figure:
    """A measured number.

    Attributes:
        name: what was measured, such as `"test log-likelihood"`.
        value: the number.
        unit: the unit, such as `"nats per image"`.
        error: standard error of the number, in the same unit.
        printed_by: the command that printed the number.
        published: the published number, in the same unit.
        source: the paper of the published number.

    Raises:
        InvalidInputError: if a field has another type, or a number is not finite.

    Example:

    >>> print(Figure("test log-likelihood", -86.5, "nats per image", error=0.25, published=-86.76))
    test log-likelihood: -86.50 ± 0.25 nats per image (published: -86.76)
    """

    name: str
    value: float
    unit: str = ""
    error: float | None = None
    printed_by: str = ""
    published: float | None = None
    source: str = ""

    def __post_init__(self):
        _check_texts(self, "name", "unit", "printed_by", "source")
        check_number(f"figure {self.name!r}, value", self.value)
        for name in ("error", "published"):
            if (number := getattr(self, name)) is not None:
                check_number(f"figure {self.name!r}, {name}", number)

    @property
    def measured(self) -> str:
        """The number with its standard error and unit."""
        error = "" if self.error is None else f" ± {self.text_of(self.error)}"
        return f"{self.text_of(self.value)}{error} {self.unit}".rstrip()

    def text_of(self, number: float) -> str:
        """Returns a number as text: with two decimals, or four if the measured number is below 1."""
        return f"{number:.{2 if abs(self.value) >= 1 else 4}f}"

    def __str__(self) -> str:
        published = "" if self.published is None else f" (published: {self.text_of(self.published)})"
        return f"{self.name}: {self.measured}{published}"


@dataclasses.dataclass(frozen=True)
class ModelCard:
    """What the author of a preset says about it. The facts about the model are added when the preset is saved.

    Attributes:
        title: one line about the model.
        data: the data set, its splits and its preprocessing.
        data_license: licence of the data.
        data_url: address of the data, with their licence.
        datasets: identifiers of the data on the Hugging Face Hub, such as `("ylecun/mnist",)`.
        figures: measured numbers.
        made: how the model was made: name -> value, such as `{"command": "...", "commit": "...", "epochs": 60}`.
        license: licence of the weights, as an identifier of the Hugging Face Hub.

    Raises:
        InvalidInputError: if a field has another type.

    Example:

    >>> print(ModelCard("VAE of digits", "8x8 digits", figures=(Figure("ELBO", 24.5, "nats per image"),)))
    VAE of digits
      data: 8x8 digits
      ELBO: 24.50 nats per image
    """

    title: str = ""
    data: str = ""
    data_license: str = ""
    data_url: str = ""
    datasets: tuple[str, ...] = ()
    figures: tuple[Figure, ...] = ()
    made: Mapping[str, str | int | float] = dataclasses.field(default_factory=dict)
    license: str = "apache-2.0"

    def __post_init__(self):
        _check_texts(self, "title", "data", "data_license", "data_url", "license")
        if not are_texts(self.datasets):
            raise InvalidInputError(f"datasets: expected a tuple of texts, got {self.datasets!r}.")
        if not isinstance(self.figures, tuple) or not all(isinstance(one, Figure) for one in self.figures):
            raise InvalidInputError(f"figures: expected a tuple of Figure, got {self.figures!r}.")
        if not isinstance(self.made, Mapping) or not all(isinstance(v, str | int | float) for v in self.made.values()):
            raise InvalidInputError(f"made: expected a mapping of names to texts or numbers, got {self.made!r}.")

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields, for JSON."""
        return {**vars(self), "made": dict(self.made), "figures": [vars(figure) for figure in self.figures]}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> "ModelCard":
        """Returns the card with the fields of `as_dict`.

        Raises:
            InvalidInputError: for a value of another type.
            TypeError: for another field.
        """
        figures = tuple(Figure(**figure) for figure in fields.get("figures", ()))
        return cls(**{**fields, "figures": figures, "datasets": tuple(fields.get("datasets", ()))})

    def __str__(self) -> str:
        lines = [self.title, *([f"  data: {self.data}"] if self.data else [])]
        return "\n".join([*lines, *(f"  {figure}" for figure in self.figures)])


def _check_texts(owner: Any, *names: str) -> None:
    for name in names:
        if not isinstance(value := getattr(owner, name), str):
            raise InvalidInputError(f"{type(owner).__name__}: expected a text as {name}, got {value!r}.")
