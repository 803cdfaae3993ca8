"""Objectives: weighted sums of terms, such as `NLL() + 4.0 * KL()`."""

from __future__ import annotations

import copy
import functools
import inspect
import re
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
from keras.optimizers.schedules import LearningRateSchedule

from keras_vae.checks import check_number
from keras_vae.errors import InvalidInputError
from keras_vae.objectives.lagrange_multiplier import LagrangeMultiplier
from keras_vae.random import fold
from keras_vae.replicas import own_seed
from keras_vae.serialization import Serializable, get, register
from keras_vae.trace import Trace

Weight = float | LearningRateSchedule | LagrangeMultiplier


class Term(Serializable):
    """The base class of terms of an objective: a pure function of a trace, in nats per example.

    A subclass implements `__call__`, stores its arguments as attributes, and is registered with `@keras_vae.register`.
    Terms have no state: weights belong to layers, dependence on time to schedules, and a weight that training finds to
    a `LagrangeMultiplier`.

    Args:
        name: name of the metric that `fit` reports; by default, the class name in snake_case.

    Example:

    >>> @kv.register
    ... class CodeLength(Term):
    ...     '''The squared length of z, nats per example `(B,)`.'''
    ...
    ...     def __call__(self, trace):
    ...         return tf.reduce_sum(tf.reduce_mean(trace.latents[0].sample, axis=0) ** 2, axis=-1)
    >>> model = kv.zoo.vae((8,), 2, units=(4,), objective=kv.NLL() + kv.KL() + 0.1 * CodeLength())
    >>> print(model.objective)
    nll + kl + 0.1 code_length
    """

    samples = 1
    """The number of samples z ~ q(z | x) per example that the term needs."""

    needs_density = False
    """Whether the term evaluates log q(z | x), which a deterministic posterior does not have."""

    needs_log_ratio = False
    """Whether the term reads `trace.log_ratio`, which is then computed once for all terms."""

    needs_prior = False
    """Whether the term samples from p(z) or evaluates it."""

    needs_critic = False
    """Whether the term uses `trace.critic`."""

    across_batch = False
    """Whether the value for an example depends on other examples of the global batch."""

    trains: tuple[str, ...] | None = None
    """The parts of the model that the term trains. None: all parts except the critic."""

    def __init__(self, name: str | None = None):
        if name is not None:
            self.name = name

    @functools.cached_property
    def name(self) -> str:
        """The class name in snake_case, unless the constructor is given another."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    def __call__(self, trace: Trace) -> tf.Tensor:
        """Returns the value for each example, shape `(B,)`."""
        raise NotImplementedError

    def __add__(self, other: Term | Objective) -> Objective:
        return Objective([(1.0, self)]) + other

    def __mul__(self, weight: Weight) -> Objective:
        return Objective([(weight, self)])

    __rmul__ = __mul__

    def only(self, *parts: str) -> Term:
        """Returns the same term, with a gradient only for these parts of the model.

        Args:
            *parts: any of `"encoder"`, `"posterior"`, `"decoder"`, `"likelihood"`, `"prior"` and `"critic"`.

        Raises:
            InvalidInputError: for no part, or an unknown one.

        Example:

        >>> (KL().only("encoder", "posterior")).trains
        ('encoder', 'posterior')
        """
        if not parts:
            raise InvalidInputError(
                f"{self.name}.only: expected one or more parts among {', '.join(TRAINABLE_PARTS)}; got none."
            )
        for part in parts:
            get(part, dict.fromkeys(TRAINABLE_PARTS, part), part="part of a model")
        term = copy.copy(self)
        term.trains = parts
        return term

    def seed(self, trace: Trace) -> tf.Tensor:
        """Returns a seed for the term, int32 `(2,)`: a pure function of the seed of the trace and the name of the term.

        It differs between replicas, except for a term across the batch, which all replicas compute identically.
        """
        seed = trace.seed if self.across_batch else own_seed(trace.seed)
        return fold(seed, zlib.crc32(self.name.encode()) % 2**31)

    def get_config(self):
        routed = {} if self.trains == type(self).trains else {"trains": self.trains}
        return {**super().get_config(), "name": self.name, **routed}

    @classmethod
    def from_config(cls, config, custom_objects=None):
        config = dict(config)
        trains = config.pop("trains", None)
        parameters = inspect.signature(cls).parameters.values()
        takes_name = any(one.name == "name" or one.kind == one.VAR_KEYWORD for one in parameters)
        name = None if takes_name else config.pop("name", None)
        term = super().from_config(config, custom_objects)
        term.name = name or term.name
        return term if trains is None else term.only(*trains)


TRAINABLE_PARTS = ("encoder", "posterior", "decoder", "likelihood", "prior", "critic")
"""The parts of a model that the gradient of a term can be restricted to, see `Term.only`."""


@register
class Objective(Serializable):
    """A weighted sum of terms, in nats per example.

    Args:
        weighted: pairs of a weight and a term. A weight is a finite number, a
            `keras.optimizers.schedules.LearningRateSchedule` of the `step` of the model, the number of training batches
            so far, or a `LagrangeMultiplier`.

    Raises:
        InvalidInputError: for an invalid weight or term, for an empty sum, or for two terms with the same name.

    Example:

    >>> [term.name for term in (NLL() + 4.0 * KL()).terms]
    ['nll', 'kl']
    >>> print(NLL() + 4.0 * KL())
    nll + 4 kl
    """

    def __init__(self, weighted: Sequence[tuple[Weight, Term]]):
        self.weighted = [(_checked_weight(weight, term), term) for weight, term in weighted]
        names = [term.name for term in self.terms]
        if not names or len(set(names)) < len(names):
            raise InvalidInputError(
                f"Objective: expected one or more terms with different names, got {names}; "
                "give a second term of a kind a name of its own, such as KL(name='kl_2')."
            )

    @property
    def terms(self) -> list[Term]:
        """The terms, without their weights."""
        return [term for _, term in self.weighted]

    @property
    def samples(self) -> int:
        """The number of samples per example that is sufficient for every term."""
        return max(term.samples for term in self.terms)

    def __add__(self, other: Term | Objective) -> Objective:
        if isinstance(other, Term):
            return Objective([*self.weighted, (1.0, other)])
        if not isinstance(other, Objective):
            return NotImplemented
        return Objective([*self.weighted, *other.weighted])

    def __str__(self) -> str:
        def factor(weight):
            return f"{weight:g} " if isinstance(weight, float | int) else f"{type(weight).__name__} "

        return " + ".join(f"{'' if weight == 1 else factor(weight)}{term.name}" for weight, term in self.weighted)

    def trainers(self, part: str) -> tuple[int, ...]:
        """Returns the indices of the terms that train a part of the model."""
        reach = ((part != "critic") if term.trains is None else (part in term.trains) for term in self.terms)
        return tuple(i for i, reaches in enumerate(reach) if reaches)

    def values(self, trace: Trace) -> dict[str, tf.Tensor]:
        """Returns the unweighted value of each term by name, shape `(B,)`.

        Raises:
            InvalidInputError: if a term has a value of another shape, which would be broadcast, or of another dtype.
        """
        return {term.name: _checked_value(term, term(trace), trace) for term in self.terms}

    @property
    def multipliers(self) -> dict[str, LagrangeMultiplier]:
        """The weights that the training finds, by the name of their metric, such as `kl_weight`."""
        return {
            f"{term.name}_weight": weight for weight, term in self.weighted if isinstance(weight, LagrangeMultiplier)
        }

    @property
    def measured(self) -> dict[str, str]:
        """The name of the term that is to reach the target, for each of `multipliers`."""
        return {name: multiplier.of or name.removesuffix("_weight") for name, multiplier in self.multipliers.items()}

    def statistics(self, values: Mapping[str, tf.Tensor], weights: tf.Tensor) -> dict[str, Any]:
        """Returns the sums over a batch for `update`: of the weights of the examples, and of the measured terms.

        Args:
            values: the value of each term by name, `(B,)`.
            weights: the weights of the examples, `(B,)`.
        """
        sums = {name: tf.reduce_sum(weights * values[name]) for name in self.measured.values()}
        return {"sums": sums, "weight": tf.reduce_sum(weights)} if sums else {}

    def update(self, statistics: Mapping[str, Any], seed: tf.Tensor) -> None:
        """Changes the weights that the training finds, after each training batch, unless they are frozen.

        Args:
            statistics: see `statistics`, as sums over replicas.
            seed: not used.
        """
        for name, multiplier in self.multipliers.items():
            if multiplier.trainable:
                multiplier.update(statistics["sums"][self.measured[name]] / statistics["weight"])

    def weigh(self, values: Mapping[str, tf.Tensor], step: tf.Tensor, indices: Sequence[int]) -> tf.Tensor:
        """Returns the weighted sum of the terms at `indices`, shape `(B,)`."""
        weighted = [self.weighted[i] for i in indices]
        return tf.add_n([_at(weight, step) * values[term.name] for weight, term in weighted])

    @property
    def of_model(self) -> tuple[int, ...]:
        """The indices of the terms that train any part other than the critic."""
        return tuple(i for i, term in enumerate(self.terms) if term.trains != ("critic",))

    def __call__(self, trace: Trace) -> tuple[tf.Tensor, dict[str, tf.Tensor]]:
        """Returns the weighted sum `(B,)` without the terms that train only the critic, and the values of all terms."""
        values = self.values(trace)
        return self.weigh(values, trace.step, self.of_model), values


def _checked_weight(weight, term) -> Weight:
    if not isinstance(term, Term):
        raise InvalidInputError(f"Objective: expected a Term, such as NLL(), got {term!r}.")
    if type(term).__call__ is Term.__call__:
        raise InvalidInputError(
            f"Objective: {type(term).__name__}: expected a method __call__(self, trace), see Term; got none; define it."
        )
    if not isinstance(term.name, str) or not term.name:
        raise InvalidInputError(f"{type(term).__name__}: name must be a text that is not empty; got {term.name!r}.")
    if isinstance(weight, LearningRateSchedule | LagrangeMultiplier):
        return weight
    return check_number(f"Objective: unless a schedule or a LagrangeMultiplier, the weight of {term.name!r}", weight)


def _checked_value(term: Term, value: Any, trace: Trace) -> tf.Tensor:
    size = trace.x.shape[0]
    size = size if size is None else size // trace.passes
    if tf.is_tensor(value) and value.dtype == tf.float32 and value.shape.rank in (None, 1):
        own = value.shape[0] if value.shape.rank else None
        if own == size is not None:
            return value
        if own is None:  # the step fails where it is of another length, and asks `check_objective` why
            return tf.reshape(value, [tf.shape(trace.x)[0] // trace.passes])
    got = f"shape {tuple(value.shape)}, {value.dtype.name}" if tf.is_tensor(value) else type(value).__name__
    raise InvalidInputError(
        f"{type(term).__name__} {term.name!r}: expected a float32 tensor of shape (B,), a value per example"
        f"{'' if size is None else f', here ({size},)'}; got {got}."
    )


def _at(weight, step):
    if isinstance(weight, LagrangeMultiplier):
        return weight.value
    return tf.cast(weight(step), tf.float32) if callable(weight) else weight
