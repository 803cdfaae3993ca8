"""The likelihood of rows of a table with columns of different types."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import MAX_CATEGORIES, check_integer
from keras_vae.distributions.arguments import root_mean_square
from keras_vae.distributions.categorical import categorical_log_prob
from keras_vae.distributions.custom_distribution import CustomDistribution
from keras_vae.distributions.likelihood import Likelihood
from keras_vae.errors import InvalidInputError, shortest, unknown
from keras_vae.serialization import register

tfd = tfp.distributions

KINDS = ("real", "binary", "count", "categorical")
EXPECTED = {
    "real": "numbers",
    "binary": "0 or 1",
    "count": "whole numbers >= 0",
    "categorical": "whole numbers from 0 to {last}",
}
MIN_SCALE = 1e-3
LEAST_DISPERSION = 0.5
"""The least variance of counts, relative to their mean: 1 for a Poisson distribution, more if its rate varies."""
IMPOSSIBLE = -1e9

Column = str | tuple[str, int]


class IndexCategorical(tfd.Categorical):
    """`tfd.Categorical` over indices in float32. By convention, its mean is the most probable index."""

    def _log_prob(self, x):
        last = float(self.logits.shape[-1] - 1)
        index = tf.round(x)
        log_prob = categorical_log_prob(self.logits, tf.clip_by_value(index, 0.0, last))
        return tf.where((index >= 0) & (index <= last), log_prob, -float("inf"))

    def _mean(self):
        return self._mode()


class ByColumn(CustomDistribution):
    """The joint distribution of independent columns from several distributions, batch shape `(..., D)`.

    Args:
        parts: distributions of scalars; the batch shape of part i is `(..., len(columns[i]))`.
        columns: column indices of each part; together 0..D-1.
    """

    def __init__(self, parts: Sequence[tfd.Distribution], columns: Sequence[np.ndarray]):
        parameters = dict(locals())
        self._parts = list(parts)
        self._columns = list(columns)
        self._order = np.argsort(np.concatenate(self._columns))
        super().__init__(parameters)

    @property
    def parts(self) -> list[tfd.Distribution]:
        return self._parts

    def __getitem__(self, slices: Any) -> "ByColumn":
        return ByColumn([part[slices] for part in self._parts], self._columns)

    def _event_shape(self):
        return tf.TensorShape([])

    def _event_shape_tensor(self):
        return tf.zeros((0,), tf.int32)

    def _batch_shape(self):
        return self._parts[0].batch_shape[:-1].concatenate([len(self._order)])

    def _batch_shape_tensor(self):
        return tf.concat([self._parts[0].batch_shape_tensor()[:-1], [len(self._order)]], axis=0)

    def _log_prob(self, x):
        of_columns = [tf.gather(x, columns, axis=-1) for columns in self._columns]
        return self._side_by_side([p.log_prob(own) for p, own in zip(self._parts, of_columns, strict=True)])

    def _sample_n(self, n, seed=None):
        seeds = tfp.random.split_seed(seed, n=len(self._parts))
        return self._side_by_side([self._parts[i].sample(n, seed=seeds[i]) for i in range(len(self._parts))])

    def _mean(self):
        return self._side_by_side([part.mean() for part in self._parts])

    def _side_by_side(self, values):
        return tf.gather(tf.concat(values, axis=-1), self._order, axis=-1)


@register
class Table(Likelihood):
    """Rows with D columns of different types; log p(x) is the sum over the columns, in nats.

    - `"real"`: normal, with one learned scale per column.
    - `"binary"`: 0 or 1, Bernoulli.
    - `"count"`: integers >= 0, Poisson.
    - `("categorical", K)`: an index from 0 to K - 1, with K logits.

    The input of the encoder consists of the standardised real columns, the binary columns, log(1 + count), and the
    one-hot categorical columns, in this order. `adapt` sets the mean and the standard deviation of the real columns,
    and initialises every column with its marginal distribution. Call it before `fit` if real columns are not
    standardised. In a categorical column, the mean of the distribution is the most probable index. For tables with
    missing values, see `Masked`.

    Args:
        event_shape: `(D,)`.
        columns: types of the D columns, see `infer_columns`.
        project: see `DistributionLayer`.

    Raises:
        InvalidInputError: if a type is unknown, or if there are not D types.

    Example:

    >>> likelihood = Table((3,), ["real", ("categorical", 4), "count"])
    >>> likelihood.encoder_input_shape
    (6,)
    >>> likelihood.distribution(likelihood(tf.ones((2, 8)))).log_prob([[0.3, 3.0, 7.0], [0.1, 0.0, 0.0]]).shape
    TensorShape([2])

    Reference: Nazabal et al., 2020, https://arxiv.org/abs/1807.03653
    """

    def __init__(self, event_shape: tuple[int, ...], columns: Sequence[Column], **kwargs: Any):
        super().__init__(event_shape, **kwargs)
        if isinstance(columns, (str, bytes)) or not isinstance(columns, Sequence):
            raise InvalidInputError(f"Table: columns must be a list of kinds, one per column; got {columns!r}.")
        self.columns = tuple(_checked_column(column, i) for i, column in enumerate(columns))
        if self.event_shape != (len(self.columns),):
            raise InvalidInputError(
                f"Table: expected as many kinds as columns, events of shape ({len(self.columns)},); "
                f"got event_shape {self.event_shape}."
            )

    expects = "in each column numbers of its kind"
    takes_bytes = False
    default_draw = "sample"  # the mean of a count is not a count, and means vary less than rows

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each column, one of `KINDS`."""
        return tuple(map(_kind_of, self.columns))

    def _of_kind(self, kind: str) -> np.ndarray:
        """Returns the indices of the columns of a type."""
        return np.array([i for i, own in enumerate(self.kinds) if own == kind], int)

    @property
    def _categories(self) -> np.ndarray:
        """The number of categories of each categorical column."""
        return np.array([column[1] for column in self.columns if _kind_of(column) == "categorical"], int)

    @property
    def _possible(self) -> np.ndarray:
        """Which logits belong to a category, `(columns, maximum number of categories)`."""
        return np.arange(self._categories.max()) < self._categories[:, None]

    @property
    def parameters(self) -> tuple[str, ...]:
        return tuple(self.parameter_shapes)

    @property
    def parameter_shapes(self) -> dict[str, tuple[int, ...]]:
        sizes = {kind: len(self._of_kind(kind)) for kind in KINDS}
        shapes = {
            "loc": (sizes["real"],),
            "binary_logits": (sizes["binary"],),
            "log_rate": (sizes["count"],),
            "categorical_logits": (sizes["categorical"], int(max(self._categories, default=0))),
        }
        return {name: shape for name, shape in shapes.items() if shape[0]}

    def build(self, features_shape: tuple[int | None, ...]) -> None:
        super().build(features_shape)
        if n := len(self._of_kind("real")):
            self.means = self.add_weight(shape=(n,), initializer="zeros", trainable=False, name="means")
            self.spreads = self.add_weight(shape=(n,), initializer="ones", trainable=False, name="spreads")
            one = keras.initializers.Constant(float(np.log(np.expm1(1 - MIN_SCALE))))
            self.raw_scales = self.add_weight(shape=(n,), initializer=one, name="raw_scales")

    def distribution(self, parameters: Mapping[str, tf.Tensor]) -> tfd.Distribution:
        parts = {}
        if "loc" in parameters:
            means, spreads = tf.convert_to_tensor(self.means), tf.convert_to_tensor(self.spreads)
            scales = tf.nn.softplus(tf.convert_to_tensor(self.raw_scales)) + MIN_SCALE
            parts["real"] = tfd.Normal(means + spreads * parameters["loc"], spreads * scales)
        if "binary_logits" in parameters:
            parts["binary"] = tfd.Bernoulli(logits=parameters["binary_logits"], dtype=tf.float32)
        if "log_rate" in parameters:
            parts["count"] = tfd.Poisson(log_rate=parameters["log_rate"])
        if "categorical_logits" in parameters:
            logits = tf.where(self._possible, parameters["categorical_logits"], IMPOSSIBLE)
            parts["categorical"] = IndexCategorical(logits=logits, dtype=tf.float32)
        return self.independent(ByColumn(list(parts.values()), [self._of_kind(kind) for kind in parts]))

    @property
    def encoder_input_shape(self) -> tuple[int, ...]:
        return (len(self.columns) - len(self._categories) + int(self._categories.sum()),)

    def encoder_input(self, x: tf.Tensor) -> tf.Tensor:
        parts = []
        for kind in (kind for kind in KINDS if len(self._of_kind(kind))):
            values = tf.gather(x, self._of_kind(kind), axis=-1)
            if kind == "real":
                values = (values - tf.convert_to_tensor(self.means)) / tf.convert_to_tensor(self.spreads)
            elif kind == "count":
                values = tf.math.log1p(values)
            elif kind == "categorical":
                places = np.argwhere(self._possible)  # (column, category)
                values = tf.cast(tf.gather(values, places[:, 0], axis=-1) == places[:, 1].astype("float32"), x.dtype)
            parts.append(values)
        return tf.concat(parts, axis=-1)

    def adapt(self, x: np.ndarray) -> None:
        """Sets the standardisation of real columns, and initialises every column with its marginal distribution.

        Args:
            x: examples `(N, D)`.
        """
        x = x.astype("float64")
        real, binary, count, categorical = (x[:, self._of_kind(kind)] for kind in KINDS)
        if len(self._of_kind("real")):
            spreads = np.ma.filled(real.std(axis=0), 0)
            self.means.assign(np.ma.filled(real.mean(axis=0), 0))
            self.spreads.assign(np.where(spreads > 0, spreads, 1))
        frequencies = [(categorical == k).mean(axis=0) for k in range(max(self._categories, default=0))]
        means = [np.zeros(real.shape[1]), binary.mean(axis=0), count.mean(axis=0), *frequencies]
        super().adapt(np.concatenate([np.ma.filled(mean, 0) for mean in means])[None])

    def parameters_of_mean(self, mean: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the parameters of given marginal distributions.

        `mean` contains the standardised means of the real columns, the means of the binary and the count columns, and
        the frequency of each category of the categorical columns.
        """
        shapes = self.parameter_shapes
        sizes = [len(self._of_kind(kind)) for kind in KINDS[:3]]
        real, binary, count, frequencies = np.split(mean, list(itertools.accumulate(sizes)))
        binary = binary.clip(1e-3, 1 - 1e-3)
        parameters = {
            "loc": real,
            "binary_logits": np.log(binary / (1 - binary)),
            "log_rate": np.log(count.clip(1e-3)),
            "categorical_logits": np.log(frequencies.clip(1e-3)).reshape(-1, len(self._categories) or 1).T,
        }
        return {name: parameters[name] for name in shapes}

    def scale_of(self, x: np.ndarray) -> float:
        if not len(self._of_kind("real")):
            return 0.0
        return root_mean_square((x[:, self._of_kind("real")] - self.means.numpy()) / self.spreads.numpy())

    def in_support(self, x: tf.Tensor) -> tf.Tensor:
        whole = np.array([kind != "real" for kind in self.kinds])
        least = np.where(whole, 0.0, -np.inf).astype("float32")
        most = [column[1] - 1 if isinstance(column, tuple) else _most(column) for column in self.columns]
        inside = tf.math.is_finite(x) & (x >= least) & (x <= np.array(most, "float32"))
        return inside & (~whole | (x == tf.round(x)))

    def check_events(self, x: np.ndarray) -> None:
        """Raises `InvalidInputError` for a value outside the support of its column; ignores NaN."""
        self.check_dtype(x.dtype)
        for i, column in enumerate(self.columns):
            values = x[:, i]
            kind, last = _kind_of(column), column[1] - 1 if isinstance(column, tuple) else 1
            bad = np.zeros(len(x), bool)
            if kind != "real":
                bad = (values != np.round(values)) | (values < 0)
            if kind in ("binary", "categorical"):
                bad |= values > last
            bad &= ~np.isnan(values)
            if bad.any():
                row = int(np.argmax(bad))
                raise InvalidInputError(
                    f"Table likelihood: column {i} is {kind} and expected {EXPECTED[kind].format(last=last)}, "
                    f"got {shortest(values[row])} in row {row}; change the data or the kind of the column."
                )

    @staticmethod
    def infer_columns(x: np.ndarray, *, max_categories: int = MAX_CATEGORIES) -> tuple[Column, ...]:
        """Infers the types of the columns of a table from its values; check the result.

        A column with only 0 and 1 is binary; a column of integers from 0 to K - 1 with K <= `max_categories` is
        categorical; a column of other integers >= 0 is a count, unless their variance is far below their mean, as of
        years, which no Poisson distribution has; all other columns are real. NaN is ignored.

        Args:
            x: rows `(N, D)`.
            max_categories: maximum number of categories of a column. Use a lower value for counts with few values.

        Raises:
            InvalidInputError: if `x` is not a table of numbers, or if `max_categories` is less than 2.

        Example:

        >>> Table.infer_columns(np.array([[0, 2, 35, 0.5], [1, 0, 7, 3]]))
        ('binary', ('categorical', 3), 'count', 'real')
        """
        max_categories = check_integer("Table: max_categories", max_categories, least=2)
        x = np.asarray(x)
        if x.ndim != 2 or x.dtype.kind not in "biuf":
            raise InvalidInputError(f"Table: expected rows of numbers (N, D), got shape {x.shape} of {x.dtype}.")
        return tuple(_guess(values[~np.isnan(values)], max_categories) for values in x.astype("float64").T)


def table_within(likelihood: Likelihood) -> Table | None:
    """Returns the `Table` that a likelihood is, or that is the base of one for missing values; None for others.

    Example:

    >>> table_within(kv.Masked((2,), base=kv.Table((2,), ["real", "count"]))).kinds
    ('real', 'count')
    """
    table = getattr(likelihood, "base", likelihood)
    return table if isinstance(table, Table) else None


def _checked_column(column, i: int) -> Column:
    if isinstance(column, str) and column in KINDS[:3]:
        return column
    if isinstance(column, (tuple, list)) and len(column) == 2 and column[0] == "categorical":
        return "categorical", check_integer(f"Table: the number of categories of column {i}", column[1], least=2)
    if column == "categorical":
        raise InvalidInputError(
            f"Table: column {i} is categorical, but of how many categories? Give ('categorical', K)."
        )
    raise InvalidInputError(f"Table: {unknown(column, KINDS, part=f'kind of column {i}')}")


def _kind_of(column: Column) -> str:
    return column if isinstance(column, str) else column[0]


def _most(kind: str) -> float:
    return 1.0 if kind == "binary" else np.inf


def _guess(values: np.ndarray, max_categories: int) -> Column:
    if not len(values) or not np.isfinite(values).all() or (values != np.round(values)).any() or values.min() < 0:
        return "real"
    if values.max() <= 1:
        return "binary"
    if values.max() < max_categories:
        return "categorical", int(values.max()) + 1
    return "real" if values.var() < LEAST_DISPERSION * values.mean() else "count"
