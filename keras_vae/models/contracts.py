"""What the parts of a model must define and give, checked when a model is made of them.

The parts of keras_vae have tests; of a user's own, what they give is looked at for two examples.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.checks import is_integer
from keras_vae.distributions import DiscretePosterior, DistributionLayer
from keras_vae.errors import InvalidInputError, one_line
from keras_vae.priors import Prior
from keras_vae.trace import Latent

if TYPE_CHECKING:
    from keras_vae.models.autoencoder import Autoencoder

tfd = tfp.distributions

N = 2
VALUE = 0.5  # of all parameters; it is also a valid scale, rate or probability


def check_definition(layer: DistributionLayer, *, part: str) -> None:
    """Checks a posterior or a likelihood before it is built: its methods, its parameters and their shapes.

    Raises:
        InvalidInputError: if one is missing or of another kind.
    """
    _check_methods(layer, DistributionLayer, "distribution", part=part)
    if isinstance(layer, DiscretePosterior):
        _check_methods(layer, DiscretePosterior, "quantize_vectors", "embed", part=part)
    names = _value(part, layer, "parameters", lambda: layer.parameters)
    is_names = isinstance(names, Collection) and not isinstance(names, str) and all(isinstance(n, str) for n in names)
    if not is_names or not names or len(set(names)) < len(names):
        advice = f"write ({names!r},) with a comma" if isinstance(names, str) else "name each tensor once"
        raise _refusal(part, layer, "parameters", "a tuple of names, such as ('loc', 'raw_scale')", repr(names), advice)
    shapes = _value(part, layer, "parameter_shapes", lambda: layer.parameter_shapes)
    leading = layer.event_shape[:-1]
    if not (
        isinstance(shapes, Mapping)
        and set(shapes) == set(names)
        and all(_is_shape(shape) and tuple(shape[: len(leading)]) == leading for shape in shapes.values())
    ):
        expected = f"a shape for each of {', '.join(names)}, which begins with {leading}"
        raise _refusal(part, layer, "parameter_shapes", expected, repr(shapes))


def check_results(model: "Autoencoder") -> None:
    """Checks what a user's own parts give for two examples: shapes, dtypes, and whether they give it at all.

    Raises:
        InvalidInputError: in the name of a part and of its member.
    """
    if model.prior is not None:
        _check_methods(model.prior, Prior, "distribution", part="prior")
    if is_own(model.posterior):
        _check_call("posterior", model.posterior)
        _check_posterior(model)
    if is_own(model.likelihood):
        _check_call("likelihood", model.likelihood)
        _check_likelihood(model)
    x = tf.fill((N, *model.event_shape), VALUE)
    if model.corruption is not None and is_own(model.corruption):
        noisy = result_of("corruption", model.corruption, "call", x, tf.zeros(2, tf.int32))
        _check_tensor("corruption", model.corruption, "call", noisy, x.shape)
    if model.condition is not None and is_own(model.condition):
        example = result_of("condition", model.condition, "example", N)
        batch = result_of("condition", model.condition, "batch", example)
        vector = result_of("condition", model.condition, "call", batch)
        _check_tensor("condition", model.condition, "call", vector, (N, model.condition.size))
        known = result_of("condition", model.condition, "is_known", example)
        _check_tensor("condition", model.condition, "is_known", known, (N,), tf.bool)


def result_of(part: str, layer: Any, method: str, *arguments: Any) -> Any:
    """What a method of a part gives; raises `InvalidInputError` in the name of both if it fails."""
    try:
        return getattr(layer, method)(*arguments)
    except InvalidInputError:
        raise
    except Exception as error:  # of the user's code
        raise InvalidInputError(
            f"{part}: {type(layer).__name__}.{method} fails ({type(error).__name__}: {one_line(error)}); fix it."
        ) from error


def check_distribution(
    part: str, layer: Any, distribution: Any, *, batch: tuple[int, ...], event: tuple[int, ...]
) -> None:
    """Checks a distribution that a part has made.

    Raises:
        InvalidInputError: for no distribution, or one of other batch and event shapes.
    """
    if not isinstance(distribution, tfd.Distribution):
        raise _refusal(part, layer, "distribution", "a tfd.Distribution", type(distribution).__name__)
    shapes = distribution.batch_shape, distribution.event_shape
    if not all(
        isinstance(shape, tf.TensorShape) and shape == own for shape, own in zip(shapes, (batch, event), strict=True)
    ):
        expected = f"a distribution of batch shape {batch} and event shape {event}"
        wrap = "self.independent(...)" if isinstance(layer, DistributionLayer) else "tfd.Independent"
        raise _refusal(
            part, layer, "distribution", expected, f"{shapes[0]} and {shapes[1]}",
            f"take the elements of an event together, as {wrap} does",
        )  # fmt: skip


def _check_call(part: str, layer: DistributionLayer) -> None:
    """Checks the parameters that a layer makes of features, which need what its `build` has made."""
    shape = (layer.get_build_config() or {}).get("input_shape")
    if shape is None:  # of a layer that says itself that it is built
        return
    features = tf.zeros((N, *shape[1:]))
    parameters = result_of(part, layer, "call", features)
    for name, shape in layer.parameter_shapes.items():
        own = parameters.get(name) if isinstance(parameters, Mapping) else parameters
        _check_tensor(part, layer, f"call, for {name!r}", own, (N, *shape))


def _check_posterior(model: "Autoencoder") -> None:
    posterior, event = model.posterior, model.posterior.event_shape
    distribution = result_of("posterior", posterior, "distribution", _parameters(posterior, N))
    check_distribution("posterior", posterior, distribution, batch=(N,), event=event)
    z = _value("posterior", posterior, "sample", lambda: model.sampling(distribution=distribution, seed=0))
    _check_tensor("posterior", posterior, "distribution(...).sample", z, (1, N, *event))
    if posterior.has_density:
        density = _value("posterior", posterior, "log_prob", lambda: distribution.log_prob(z))
        _check_tensor("posterior", posterior, "distribution(...).log_prob", density, (1, N))
    if isinstance(posterior, DiscretePosterior):
        vectors = result_of("posterior", posterior, "embed", distribution.indices)
        _check_tensor("posterior", posterior, "embed", vectors, (N, *event))
    seen = result_of("posterior", posterior, "decoder_input", z[0])
    _check_tensor("posterior", posterior, "decoder_input", seen, (N, *posterior.decoder_input_shape))
    latents = result_of("posterior", posterior, "latents", distribution, None, z)
    if not (isinstance(latents, tuple) and latents and all(isinstance(level, Latent) for level in latents)):
        raise _refusal("posterior", posterior, "latents", "a tuple of Latent, one for each level", repr(latents))


def _check_likelihood(model: "Autoencoder") -> None:
    likelihood, event = model.likelihood, model.likelihood.event_shape
    distribution = result_of("likelihood", likelihood, "distribution", _parameters(likelihood, 1, N))
    check_distribution("likelihood", likelihood, distribution, batch=(1, N), event=event)
    fill = _value("likelihood", likelihood, "fill_value", lambda: tf.cast(likelihood.fill_value, tf.float32))
    x = _value("likelihood", likelihood, "fill_value", lambda: tf.broadcast_to(fill, (N, *event)))
    inside = result_of("likelihood", likelihood, "in_support", x)
    shape = (N, *event[:-1], 1) if getattr(inside, "shape", None) == (N, *event[:-1], 1) else (N, *event)
    _check_tensor("likelihood", likelihood, "in_support", inside, shape, tf.bool)
    density = _value("likelihood", likelihood, "log_prob", lambda: distribution.log_prob(x))
    _check_tensor("likelihood", likelihood, "distribution(...).log_prob", density, (1, N))
    if not bool(tf.reduce_all(tf.math.is_finite(density))):
        raise _refusal("likelihood", likelihood, "fill_value", "finite density", repr(likelihood.fill_value))
    seen = result_of("likelihood", likelihood, "encoder_input", x)
    _check_tensor("likelihood", likelihood, "encoder_input", seen, (N, *likelihood.encoder_input_shape))
    if likelihood.default_draw not in ("mean", "sample"):
        raise _refusal("likelihood", likelihood, "default_draw", "'mean' or 'sample'", repr(likelihood.default_draw))


def _parameters(layer: DistributionLayer, *batch: int) -> dict[str, tf.Tensor]:
    return {name: tf.fill((*batch, *shape), VALUE) for name, shape in layer.parameter_shapes.items()}


def _value(part, layer, member, function):
    """What a function gives; an error is one of a member of the part's distribution, or of the part."""
    try:
        return function()
    except Exception as error:  # of the user's code, or of TFP
        raise InvalidInputError(
            f"{part}: {type(layer).__name__}: {member} fails ({type(error).__name__}: {one_line(error)}); fix it."
        ) from error


def _check_tensor(part, layer, member, value, shape, dtype=tf.float32):
    if not tf.is_tensor(value) or value.shape != tuple(shape) or value.dtype != dtype:
        got = f"{value.dtype.name} of shape {tuple(value.shape)}" if tf.is_tensor(value) else type(value).__name__
        raise _refusal(part, layer, member, f"a tensor, {tf.as_dtype(dtype).name} of shape {tuple(shape)}", got)


def _check_methods(layer: Any, base: type, *methods: str, part: str) -> None:
    for method in methods:
        own = getattr(type(layer), method)
        if own is getattr(base, method) or not callable(own):
            got = "none" if own is getattr(base, method) else repr(own)
            raise _refusal(part, layer, method, f"a method, see {base.__name__}.{method}", got, "define it")


def _refusal(part, layer, member, expected, got, advice="change it") -> InvalidInputError:
    return InvalidInputError(f"{part}: {type(layer).__name__}.{member}: expected {expected}; got {got}; {advice}.")


def _is_shape(shape: Any) -> bool:
    return isinstance(shape, (tuple, list)) and all(is_integer(size) and size >= 1 for size in shape)


def is_own(layer: keras.layers.Layer) -> bool:
    """Whether a part is of a class of the user."""
    return type(layer).__module__.partition(".")[0] != "keras_vae"
