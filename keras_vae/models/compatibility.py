"""Checks that parts fit together: shapes, supports, densities, and the requirements of the terms."""

from typing import TYPE_CHECKING, Any

import keras
import tensorflow as tf
import tensorflow_probability as tfp

from keras_vae.distributions import DistributionLayer
from keras_vae.errors import InvalidInputError, NoClosedFormError, unknown
from keras_vae.layers import Condition
from keras_vae.models.augmentation import check_augmentation
from keras_vae.models.contracts import check_definition, check_distribution, check_results, is_own, result_of
from keras_vae.networks.network import features_shape_of, input_shape_of
from keras_vae.objectives import KL, TRAINABLE_PARTS, Objective, Term

if TYPE_CHECKING:
    from keras_vae.models.autoencoder import Autoencoder

tfd = tfp.distributions


def check_part(value: Any, kind: type, *, part: str) -> Any:
    """Returns a part if it is None or of its kind.

    Raises:
        InvalidInputError: if it is something else.
    """
    if value is None or isinstance(value, kind):
        return value
    raise InvalidInputError(f"{part}: expected a {kind.__name__} or None; got {value!r}.")


def input_shape(network: keras.Model, condition: Condition | None, *, part: str) -> tuple[int, ...]:
    """The input shape of a network without the condition in its last axis.

    Raises:
        InvalidInputError: if it is unknown, or if the last axis is too short for the condition.
    """
    shape = input_shape_of(network, part=part)
    if condition is None:
        return shape
    if shape[-1] <= condition.size:
        raise InvalidInputError(
            f"{part}: expected inputs with the condition's {condition.size} numbers beside the last axis; "
            f"got {shape}; make it with make_networks(..., condition_dim={condition.size})."
        )
    return (*shape[:-1], shape[-1] - condition.size)


def check_networks(model: "Autoencoder", encoder_input: tuple[int, ...], decoder_input: tuple[int, ...]) -> None:
    """Checks that the input shapes of the networks match posterior and likelihood, without conditions.

    Raises:
        InvalidInputError: if one does not.
    """
    posterior, likelihood = model.posterior, model.likelihood
    if posterior.decoder_input_shape != decoder_input:
        raise InvalidInputError(
            f"decoder: expected inputs of shape {posterior.decoder_input_shape} for the posterior "
            f"{type(posterior).__name__} over {posterior.event_shape}; it takes {decoder_input}."
        )
    if likelihood.encoder_input_shape != encoder_input:
        raise InvalidInputError(
            f"encoder: expected inputs of shape {likelihood.encoder_input_shape} for the likelihood "
            f"{type(likelihood).__name__} over {likelihood.event_shape}; it takes {encoder_input}."
        )


def build_on(layer: DistributionLayer, network: keras.Model, *, part: str) -> None:
    """Checks a posterior or a likelihood and, unless it is built, builds it for the features of the network before."""
    check_definition(layer, part="posterior" if part == "encoder" else "likelihood")
    if not layer.built:
        shape = input_shape_of(network, part=part)
        layer.build_from_config({"input_shape": features_shape_of(network, shape, part=part)})


def check_parts(model: "Autoencoder") -> None:
    """Checks that the parts of a model fit together.

    Raises:
        NoClosedFormError: if the objective needs a KL in closed form that does not exist.
        InvalidInputError: if they do not fit.
    """
    _check_dtypes(model)
    if not isinstance(model.objective, Objective):
        raise InvalidInputError(f"objective: expected a sum of terms, such as NLL() + KL(); got {model.objective!r}.")
    check_results(model)
    check_augmentation(model)
    if model.prior is not None:
        _check_prior(model)
    for term in model.objective.terms:
        _check_term(model, term)
    _check_multipliers(model.objective)
    _check_that_something_learns(model)


def kl_estimator_of(model: "Autoencoder") -> str:
    """The estimator of the reported KL: that of the objective, or else the closed form if there is one."""
    estimators = [term.estimator for term in model.objective.terms if isinstance(term, KL)]
    if estimators or not model.has_density:
        return estimators[0] if estimators else "analytic"
    return "analytic" if has_closed_form_kl(model) else "monte_carlo"


def computed_once(model: "Autoencoder") -> tuple[str, ...]:
    """The quantities that several terms and the metrics use, see `Trace.with_computed`."""
    names = ["log_likelihood"]
    if model.has_density and not model.infers_condition:  # whose trace holds the KL of each class
        names += ["kl"] if model.kl_estimator == "analytic" else ["log_ratio"]
        names += ["log_ratio"] if any(term.needs_log_ratio for term in model.objective.terms) else []
    return tuple(dict.fromkeys(names))


def has_closed_form_kl(model: "Autoencoder") -> bool:
    """Whether TFP knows KL(q(z | x) || p(z)) for the model's posterior and prior."""
    if model.prior is None:
        return False
    at_zero = posterior_at_zero(model, tf.zeros((1, *model.event_shape)))
    prior = model.posterior.latent_prior(model.prior.distribution(lambda x: posterior_at_zero(model, x)))
    z = model.sampling(distribution=at_zero, seed=0)
    try:
        for latent in model.posterior.latents(at_zero, prior, z):
            tfd.kl_divergence(latent.posterior, latent.prior)
    except NotImplementedError:
        return False
    return True


def posterior_at_zero(model: "Autoencoder", x: tf.Tensor) -> tfd.Distribution:
    """A posterior for each of the examples `x`, as if the encoder returned zeros; the encoder is not called."""
    shapes = model.posterior.parameter_shapes
    parameters = {name: tf.zeros((tf.shape(x)[0], *shape)) for name, shape in shapes.items()}
    return model.posterior.distribution(parameters)


def _check_multipliers(objective):
    names = [term.name for term in objective.terms]
    for name, multiplier in objective.multipliers.items():
        if multiplier.of is not None and multiplier.of not in names:
            raise InvalidInputError(
                f"objective: {name}: {unknown(multiplier.of, names, part='term of the objective')} Add it with the "
                "weight 0 to measure it only."
            )


def _check_that_something_learns(model):
    parts = [part for part in TRAINABLE_PARTS if model.objective.trainers(part)]
    weights = [weight for part in parts for weight in getattr(getattr(model, part, None), "weights", ())]
    if parts == ["critic"] or not weights:
        raise InvalidInputError(
            f"objective: expected terms that train the model, but {model.objective} trains only the "
            f"{' and '.join(parts)}; add a term, such as NLL(), or name other parts in only(...)."
        )


def _check_dtypes(model):
    for name, part in {"model": model, **{name: getattr(model, name, None) for name in model.PARTS}}.items():
        policy = getattr(part, "dtype_policy", None)
        if policy is not None and "float64" in (policy.compute_dtype, policy.variable_dtype):
            raise InvalidInputError(
                f"{name}: expected a dtype policy of at most float32, got {policy.name!r}, but distributions and "
                "losses are float32; use 'float32', 'mixed_bfloat16' or 'mixed_float16'."
            )


def _check_prior(model):
    prior, posterior = type(model.prior).__name__, type(model.posterior).__name__
    if model.prior.support != model.posterior.support:
        raise InvalidInputError(
            f"prior: {prior} has {model.prior.support!r} events, but the posterior {posterior} gives "
            f"{model.posterior.support!r} codes; change one of the two."
        )
    if model.prior.input_shape is not None:
        if model.condition is not None:
            raise InvalidInputError(
                f"prior: {prior} encodes examples without a condition, but the model is conditional; "
                "choose another prior, or leave the condition out."
            )
        if model.prior.input_shape != model.event_shape:
            raise InvalidInputError(
                f"prior: {prior} expected examples of shape {model.event_shape}; "
                f"got input_shape {model.prior.input_shape}."
            )
    p = result_of("prior", model.prior, "distribution", lambda x: posterior_at_zero(model, x))
    if is_own(model.prior):
        check_distribution("prior", model.prior, p, batch=(), event=model.prior.event_shape)
    shape = tuple(p.event_shape)
    if shape != model.posterior.prior_shape:
        raise InvalidInputError(
            f"prior: {prior} has events of shape {shape}, but the posterior {posterior} needs "
            f"{model.posterior.prior_shape}; choose another prior."
        )
    model.posterior.check_prior(model.prior)


def _check_term(model: "Autoencoder", term: Term) -> None:
    posterior, prior = type(model.posterior).__name__, model.prior and type(model.prior).__name__
    if term.needs_density and not model.has_density:
        lacking = "a prior" if model.posterior.has_density else "a posterior with a density, such as 'normal'"
        raise InvalidInputError(
            f"objective: {term.name!r} needs {lacking}; got posterior {posterior} and prior {prior}. Leave the term "
            "out or change that part."
        )
    if term.needs_prior and model.prior is None:
        raise InvalidInputError(f"objective: {term.name!r} needs a prior; give the model one, or leave it out.")
    if term.needs_critic and not model.has_critic:
        raise InvalidInputError(
            f"objective: {term.name!r} needs a critic; make it an AdversarialAutoencoder with critic=..., or leave the "
            "term out."
        )
    if isinstance(term, KL) and term.estimator == "analytic" and not has_closed_form_kl(model):
        raise NoClosedFormError(
            f"objective: {term.name!r} has no closed form for posterior {posterior} and prior {prior}; ask for "
            f"{type(term).__name__}({'' if type(term) is KL else '..., '}estimator='monte_carlo')."
        )
