"""The configuration of a training run."""

import dataclasses
import json
import math
import os
from collections.abc import Sequence
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from keras_vae.checks import are_texts, check_integer, check_number, check_seed
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.text import read_text

CHOOSE_DATA = ("data", "data_dir", "image_size", "validation", "test", "limit")
"""Attributes that name the data. A resumed run compares digests of the data instead."""

TABLE_OPTIONS, FOLDER_OPTIONS = ("label_column", "use_columns", "categories"), ("label_names",)
"""Attributes with options for tables, and for folders of images."""

FROM_DATA = ("use_columns", "categories", "decimals", "label_names", "image_size")
"""Attributes that `with_names` sets from a table or from images if they are None."""

DECAYS = ("cosine", "linear", "none")
"""Decays of the learning rate."""

MOST_EPOCHS, LEAST_EPOCHS, EXAMPLES_READ = 60, 10, 600_000
"""Limits of the default number of epochs, and the number of examples that it reads between these limits."""

MANY_VALUES = 4096
"""Examples with more values get fewer importance samples by default."""

REPORT_ONLY = ("likelihood_samples",)
"""Attributes that affect only the report."""

QUOTES = "A name with a comma is in double quotes: 'cat,\"dog, big\"'."
"""A hint for lists of names on the command line."""

WORDS = {str: "a text", list: "a list of texts", dict: "a mapping of names to values"}


@dataclasses.dataclass(frozen=True)
class TrainingConfig:
    """The configuration of a run. Together with the data, it determines the result.

    The first sentence of each entry is also the help of an option of the command line.

    Attributes:
        model: name of a recipe, see `keras-vae models`, or MODULE:FUNCTION for your own recipe. See `zoo.get_recipe`.
        data: name of a data set; folder of images, TFRecord files or tables; or .npy, .npz, .csv, .parquet or .tfrecord
            file; see `keras-vae data`.
            `keras_vae.data.load` reads it.
        latent_dim: number of latent dimensions; by default 8, or more for larger images. See `with_defaults`. In a few
            recipes, such as `vq_vae` and `ladder_vae`, it has another meaning; see their documentation.
        epochs: number of passes over the training split; by default 60, or fewer with more than 10,000 training
            examples. The default reads at most 600,000 examples, in 10 epochs or more.
        batch_size: number of examples per step; by default 128, or 32 with fewer than 10,000 training examples or with
            images of 32 pixels or more.
        optimizer: name of an optimizer of Keras, such as adam, adamw, muon, lion or schedule_free. Its other arguments
            are options, such as `{"optimizer": {"weight_decay": 0.01, "global_clipnorm": 1.0, "use_ema": true,
            "gradient_accumulation_steps": 4}}`, see `keras_vae.optimizers.get`. If it keeps averages of the weights,
            these are evaluated and saved.
        learning_rate: learning rate of the optimizer, before its decay.
        critic_learning_rate: learning rate of the critic's optimizer, if there is a critic; by default the same.
        learning_rate_warmup: number of epochs in which the learning rate rises from near 0.
        decay: decay of the learning rate: `"cosine"` or `"linear"`, to 0 at the end of the run, `"none"`, or `"auto"`
            for a choice by optimizer. That is none for `schedule_free`, and cosine for all others.
        early_stopping: number of epochs without a better validation ELBO after which training stops; by default it does
            not stop. The run keeps the weights of the best epoch. For models without an ELBO, the reconstruction loss
            `nll` is compared.
        likelihood: name of a likelihood, see `keras-vae parts`, or `"auto"` for a choice by recipe and data. That is
            the likelihood of the recipe, if it has one. Otherwise it is Bernoulli for data of zeros and ones (also
            after `binarize`), and normal with one learned scale for other data.
        network: kind of network, see `keras-vae parts`, or `"auto"` for the recipe's choice. See
            `networks.make_networks`.
        options: further options of the recipe, its parts and its networks, such as `{"beta": 4.0, "units": [200, 200],
            "prior": {"name": "mixture", "components": 20}}`.
        init_from: run folder, .keras file or preset whose weights the run starts with, where names and shapes match.
            The step and the optimizer start anew, see `load_matching`.
        freeze: parts or layers that are not trained, such as encoder or encoder/dense_1, see `freeze`.
        warmup_epochs: number of epochs in which the weight of the KL rises from 0.
        augment: random transformations of the images in training, such as flip,crop; also rotate, zoom, brightness and
            contrast. Amounts are options, such as `{"augmentation": {"rotate": 0.1}}`, see `layers.image_augmentation`.
        binarize: how to binarise pixels: `"dynamic"`, `"static"` or `"threshold"`; by default not.
        image_size: size of the images in pixels, one number or height and width; by default that of the files, or 64 if
            they differ.
        validation: fraction (or number) of the examples for validation, for data without a validation split.
        test: fraction (or number) of the examples for test, for data without a test split.
        limit: maximum number of examples in each split, for a quick trial; by default all.
        data_dir: folder with the prepared sets of TensorFlow Datasets; by default `TFDS_DATA_DIR` of the environment,
            or ~/tensorflow_datasets.
        stream: whether to read examples when they are needed, for a folder of images, TFRecord files, TensorFlow
            Datasets or a .npy file; by default if they are large. The result is the same.
        label_column: for a table, the column with the labels.
        use_columns: for a table, the columns of the examples; by default all except the labels.
        ignore_columns: for a table, columns to leave out, such as an identifier. A run records the others in
            `use_columns`.
        categories: for a table with text, column -> its texts in the order of their indices. Training sets it, so that
            later tables get the same indices.
        decimals: for a table, column -> number of decimals of its numbers, for those with at most six. Training sets
            it, so that rows in tables are written with as many.
        label_names: for a folder of images, the sub-folders in the order of their labels; by default sorted. Training
            sets it, so that later folders get the same labels.
        seed: seed of weights, noise, shuffling and splits.
        dtype_policy: dtype policy of Keras, such as `"mixed_bfloat16"`, or `"auto"` for a choice by device. That is
            `"mixed_bfloat16"` on TPUs and on GPUs with tensor cores for bfloat16, `"mixed_float16"` on GPUs with tensor
            cores for float16 only, and `"float32"` on other devices.
        jit_compile: whether to compile with XLA, or `"auto"` for a choice by network and device. See
            `Autoencoder.compile`.
        likelihood_samples: number of importance samples per example for the test log-likelihood; 0 leaves it out; by
            default 500, or 50 for examples of more than 4096 values.
        imports: modules with your own parts, imported first. Every command that uses the run imports them.
            `differences` does not compare them.

    Example:

    >>> config = TrainingConfig(model="beta_vae", data="digits", latent_dim=4, options={"beta": 2.0})
    >>> config.replace(epochs=5).epochs
    5
    """

    model: str = "vae"
    data: str = "digits"
    latent_dim: int | None = None
    epochs: int | None = None
    batch_size: int | None = None
    optimizer: str = "adam"
    learning_rate: float = 1e-3
    critic_learning_rate: float | None = None
    learning_rate_warmup: int | float = 0
    decay: str = "auto"
    early_stopping: int | None = None
    likelihood: str = "auto"
    network: str = "auto"
    options: dict[str, Any] = dataclasses.field(default_factory=dict)
    init_from: str | None = None
    freeze: list[str] | None = None
    warmup_epochs: int = 0
    augment: list[str] | None = None
    binarize: str | None = None
    image_size: int | tuple[int, int] | None = None
    validation: int | float = 0.1
    test: int | float = 0.1
    limit: int | None = None
    data_dir: str | None = None
    stream: bool | None = None
    label_column: str | None = None
    use_columns: list[str] | None = dataclasses.field(default=None, metadata={"hint": QUOTES})
    ignore_columns: list[str] | None = dataclasses.field(default=None, metadata={"hint": QUOTES})
    categories: dict[str, list[str]] | None = None
    decimals: dict[str, int] | None = None
    label_names: list[str] | None = dataclasses.field(default=None, metadata={"hint": QUOTES})
    seed: int = 0
    dtype_policy: str = "auto"
    jit_compile: bool | str = "auto"
    likelihood_samples: int | None = None
    imports: list[str] = dataclasses.field(default_factory=list, compare=False, metadata={"option": "--import"})

    def __post_init__(self):
        for name, hint in get_type_hints(type(self)).items():
            kinds = [get_origin(kind) or kind for kind in (get_args(hint) if isinstance(hint, UnionType) else [hint])]
            if {str, list, dict} & set(kinds) and bool not in kinds:
                expected = " or ".join("None" if kind is NoneType else WORDS[kind] for kind in kinds)
                self._expect(name, expected, lambda value, kinds=tuple(kinds): isinstance(value, kinds))
        check_integer("warmup_epochs", self.warmup_epochs, least=0)
        if self.likelihood_samples is not None:
            check_integer("likelihood_samples", self.likelihood_samples, least=0)
        check_seed(self.seed)
        for name in ("latent_dim", "epochs", "batch_size"):
            if getattr(self, name) is not None:
                check_integer(name, getattr(self, name))
        check_number("learning_rate", self.learning_rate, above=0)
        if self.critic_learning_rate is not None:
            check_number("critic_learning_rate", self.critic_learning_rate, above=0)
        check_number("learning_rate_warmup", self.learning_rate_warmup, least=0)
        if self.early_stopping is not None:
            check_integer("early_stopping", self.early_stopping)
        if self.decay not in ("auto", *DECAYS):
            raise InvalidInputError(unknown(self.decay, ("auto", *DECAYS), part="decay"))
        self._expect("jit_compile", "'auto', True or False", lambda jit: jit == "auto" or isinstance(jit, bool))
        for name in ("augment", "freeze", "use_columns", "ignore_columns", "label_names"):
            self._expect(name, "a list of texts or None", lambda value: value is None or are_texts(value))
        self._expect(
            "categories",
            "a mapping of columns to lists of texts, or None",
            lambda value: value is None or all(map(are_texts, value.values())),
        )
        self._expect(
            "decimals",
            "a mapping of columns to integers >= 0, or None",
            lambda value: value is None or all(isinstance(n, int) and n >= 0 for n in value.values()),
        )
        self._expect(
            "imports",
            "a list of names of modules, such as ['my_module']",
            lambda names: isinstance(names, list) and all(isinstance(name, str) and name for name in names),
        )

        own = {*get_type_hints(type(self)), "event_shape"} & set(self.options)
        for name in own - {name for name in ("likelihood", "optimizer") if isinstance(self.options.get(name), dict)}:
            raise InvalidInputError(f"options: {name!r} belongs to the configuration itself; set it there.")
        named = self.options.get("likelihood", {}).get("name", self.likelihood)
        if self.likelihood not in ("auto", named):
            raise InvalidInputError(
                f"likelihood: expected one, got {self.likelihood!r} and, in the options, {named!r}; drop one."
            )
        if self.warmup_epochs and "warmup_steps" in self.options:
            raise InvalidInputError("warmup_epochs and the option warmup_steps: expected one of the two; drop one.")

    def _expect(self, name, expected, holds):
        if not holds(getattr(self, name)):
            raise InvalidInputError(f"{name} must be {expected}; got {getattr(self, name)!r}.")

    @property
    def data_options(self) -> dict[str, Any]:
        """The options of `keras_vae.data.load` for other tables or folders of images of the same kind as the data."""
        if self.use_columns:
            return {name: getattr(self, name) for name in TABLE_OPTIONS}
        return {"label_names": self.label_names} if self.label_names else {}

    @property
    def modules(self) -> list[str]:
        """The modules to import before the model is built or loaded: `imports`, and the module of a custom recipe."""
        module, colon, _ = self.model.partition(":")
        return list(dict.fromkeys([*self.imports, *([module] if colon else [])]))

    @property
    def learning_rate_decay(self) -> str:
        """The value of `decay`, where `"auto"` is resolved to one of `DECAYS`."""
        if self.decay != "auto":
            return self.decay
        return "none" if self.optimizer == "schedule_free" else "cosine"

    @property
    def keeps_averages(self) -> bool:
        """Whether the optimizer keeps averages of the weights. These are then the result of the run."""
        return self.optimizer == "schedule_free" or bool(self.options.get("optimizer", {}).get("use_ema"))

    def batch_size_for(self, examples: int) -> int:
        """Returns the batch size for a number of training examples."""
        return self.batch_size or (32 if examples < 10_000 else 128)

    def epochs_for(self, examples: int) -> int:
        """Returns the number of epochs for a number of training examples."""
        return self.epochs or min(MOST_EPOCHS, max(LEAST_EPOCHS, round(EXAMPLES_READ / max(examples, 1))))

    def likelihood_samples_for(self, event_shape: tuple[int, ...]) -> int:
        """Returns the number of importance samples for the test log-likelihood of examples of this shape."""
        if self.likelihood_samples is not None:
            return self.likelihood_samples
        return 500 if math.prod(event_shape) <= MANY_VALUES else 50

    def replace(self, **changes: Any) -> "TrainingConfig":
        """Returns a copy with some values changed; raises `InvalidInputError` for unknown names."""
        names = get_type_hints(type(self))
        for name in changes:
            if name not in names:
                raise InvalidInputError(unknown(name, names, part="configuration key"))
        return dataclasses.replace(self, **changes)

    def differences(self, other: "TrainingConfig", *, ignore: Sequence[str] = ()) -> dict[str, tuple[Any, Any]]:
        """Returns name -> (value, value in `other`) for the values that differ, except the names in `ignore`."""
        own, others = self.as_dict(), other.as_dict()
        names = [field.name for field in dataclasses.fields(self) if field.compare and field.name not in ignore]
        return {name: (own[name], others[name]) for name in names if own[name] != others[name]}

    def as_dict(self) -> dict[str, Any]:
        """Returns the configuration as a mapping of JSON types."""
        return json.loads(json.dumps(dataclasses.asdict(self)))

    @classmethod
    def read(cls, path: str | os.PathLike) -> "TrainingConfig":
        """Reads a configuration from JSON, such as the `config.json` of a run folder.

        Raises:
            InvalidInputError: if the file does not exist, or is not a valid configuration.
        """
        path = Path(path)
        try:
            text = read_text(path)
        except OSError as error:
            raise InvalidInputError(f"{path}: cannot read the configuration: {error.strerror}.") from error
        try:
            values = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInputError(f"{path}: expected a configuration in JSON; {error}.") from error
        if not isinstance(values, dict):
            raise InvalidInputError(f"{path}: expected a JSON object of configuration keys.")
        try:
            return cls().replace(**values)
        except InvalidInputError as error:
            raise InvalidInputError(f"{path}: {error}") from error
