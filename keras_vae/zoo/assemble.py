"""Assembles a model from the parts of a recipe and the parts that the user passes."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import keras

from keras_vae.checks import check_integer, check_seed, is_integer
from keras_vae.distributions import LIKELIHOODS, Likelihood, Posterior
from keras_vae.distributions.wrapped_likelihood import is_wrapped
from keras_vae.errors import InvalidInputError, one_line, unknown_option
from keras_vae.layers import CORRUPTIONS, Condition, LabelCondition, image_augmentation
from keras_vae.models import Autoencoder
from keras_vae.models.compatibility import input_shape
from keras_vae.networks import ConvCritic, Critic, Network, check_network_options, make_networks
from keras_vae.objectives import LinearWarmup, Objective, Term
from keras_vae.random import initial_weights
from keras_vae.serialization import constructor_options, event_shape_of, get, get_over
from keras_vae.zoo.parts import NETWORK_OPTIONS, PARTS, Parts
from keras_vae.zoo.registry import check_shape, label_of

GENERATIVE = ("decoder", "likelihood", "prior")
INFERENCE = ("encoder", "posterior")

Model = TypeVar("Model", bound=Autoencoder)

COMMON = {
    "posterior": "normal",
    "likelihood": "bernoulli",
    "prior": "standard_normal",
    "network": "auto",
    "condition": None,
    "corruption": None,
    "augmentation": None,
    "seed": None,
}
"""The default parts of a recipe."""

CriticOptions = Mapping[str, Any] | keras.Model | None
"""Options of the critic, such as `{"units": (256, 256)}`, or another critic, see `AdversarialAutoencoder`."""


def assemble(
    name: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    parts: Parts,
    *,
    objective: Term | Objective,
    kind: type[Model] = Autoencoder,
    critic: CriticOptions = None,
    new_critic: Callable[..., Network] | None = None,
    new_classifier: Callable[..., keras.Model] | None = None,
    **own: Any,
) -> Model:
    """Builds a model from the parts of a recipe; parts that the user passes replace them.

    Args:
        name: name of the model, and of the recipe in messages.
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector; with `network="spatial"`, the number of channels of the latent map.
        parts: the parts that the user passes, see `Parts`.
        objective: the objective of the recipe.
        kind: class of the model.
        critic: options of the critic or a Keras model, if the recipe has a critic.
        new_critic: builds the critic from the event shape, the latent shape and options.
        new_classifier: builds the classifier from the network, the event shape, the latent dimension, the input shape
            of the encoder and options of the network.
        **own: parts and network options of the recipe that differ from `COMMON`.

    Raises:
        InvalidInputError: if the parts do not fit together.

    Example:

    >>> model = assemble("my_vae", (8, 8, 1), 4, {"units": (32,)}, objective=NLL() + 2.0 * KL(), likelihood="laplace")
    >>> print(model.name, model.latent_shape, model.objective)
    my_vae (4,) nll + 2 kl
    """
    label = label_of(name)
    for option in parts:
        if option not in PARTS:
            raise InvalidInputError(unknown_option(option, PARTS, part=label))
    event_shape, latent_dim = check_shape(label, event_shape), check_integer(f"{label}: latent_dim", latent_dim)
    own = {**COMMON, "objective": objective, **own}
    asked: dict[str, Any] = {part: value for part, value in parts.items() if value is not None}
    network, options = network_of(label, event_shape, own, parts)
    specs = {part: _merged(part, own[part], asked.get(part)) for part in ("posterior", "likelihood", "prior")}
    _check_base(label, own["likelihood"], asked.get("likelihood"))
    condition, seed, objective = (asked.get(part, own[part]) for part in ("condition", "seed", "objective"))
    condition, corruption = _condition(condition), _corruption(own["corruption"], asked.get("corruption"))
    seed = None if seed is None else check_seed(seed)
    if not isinstance(critic, (Mapping, keras.Model)) and critic is not None:
        raise InvalidInputError(
            f"critic: expected a Keras model, or a mapping of options, such as units=[256]; got {critic!r}."
        )
    with initial_weights(seed, "likelihood"):
        likelihood = get_over(specs["likelihood"], LIKELIHOODS, Likelihood, event_shape, part="likelihood")
    posterior = specs["posterior"] if isinstance(specs["posterior"], Posterior) else None
    if posterior is not None:
        event_shape_of(posterior, part="posterior")
    encoder, decoder = make_networks(
        network,
        event_shape,
        latent_dim if posterior is None else posterior.decoder_input_shape[-1],
        condition_dim=0 if condition is None else condition.size,
        encoder_input_shape=likelihood.encoder_input_shape,
        seed=seed,
        **options,
    )
    networks = {}
    if isinstance(critic, keras.Model):
        networks["critic"] = critic
    elif new_critic is not None:
        code_shape = posterior.event_shape if posterior else input_shape(decoder, condition, part="decoder")
        with initial_weights(seed, "critic"):
            networks["critic"] = new_critic(event_shape, code_shape, critic or {})
    if new_classifier is not None:
        with initial_weights(seed, "classifier"):
            networks["classifier"] = new_classifier(
                network, event_shape, latent_dim, likelihood.encoder_input_shape, options
            )
    with initial_weights(seed, "model"):
        return kind(
            encoder,
            decoder,
            posterior=specs["posterior"],
            likelihood=likelihood,
            prior=specs["prior"],
            objective=objective,
            condition=condition,
            corruption=corruption,
            augmentation=_augmentation(event_shape, asked.get("augmentation", own["augmentation"])),
            seed=seed,
            name=name,
            **networks,
        )


def network_of(
    label: str, event_shape: tuple[int, ...], own: Mapping[str, Any], parts: Parts
) -> tuple[str, dict[str, Any]]:
    """Returns the kind of network and its options. Options of the user replace those of the recipe.

    Args:
        label: name of the recipe in messages.
        event_shape: shape of one example.
        own: the parts of the recipe, including `network`.
        parts: the parts that the user passes.

    Raises:
        InvalidInputError: for an unknown kind, or an option that the network does not take.
    """
    network = parts.get("network")
    network = own["network"] if network is None else network
    options = {option: value for option, value in {**own, **parts}.items() if option in NETWORK_OPTIONS}
    try:
        check_network_options(network, event_shape, options)
    except InvalidInputError as error:
        raise InvalidInputError(f"{label}: {error}") from error
    return network, options


def code_critic(event_shape: tuple[int, ...], code_shape: tuple[int, ...], options: Mapping[str, Any]) -> Critic:
    """Builds a dense critic of latents."""
    return _critic(Critic, code_shape, options)


def data_critic(event_shape: tuple[int, ...], code_shape: tuple[int, ...], options: Mapping[str, Any]) -> Network:
    """Builds a critic of examples: convolutional for images, dense otherwise."""
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= 8
    return _critic(ConvCritic if is_image else Critic, event_shape, options)


def patch_critic(event_shape: tuple[int, ...], code_shape: tuple[int, ...], options: Mapping[str, Any]) -> ConvCritic:
    """Builds a critic of image patches."""
    return _critic(ConvCritic, event_shape, options, patch=True)


def _critic(
    kind: type[Critic] | type[ConvCritic], input_shape: tuple[int, ...], options: Mapping[str, Any], **own: Any
) -> Any:
    names = [name for name in constructor_options(kind) if name not in ("input_shape", "sublayers", *own)]
    for option in options:
        if option not in names:
            raise InvalidInputError(unknown_option(option, names, part="critic"))
    return kind(input_shape, name="critic", **own, **options)


def classifier(
    network: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    encoder_input_shape: tuple[int, ...],
    options: Mapping[str, Any],
) -> keras.Model:
    """Builds a classifier with the same kind of network as the encoder."""
    encoder, _ = make_networks(network, event_shape, latent_dim, encoder_input_shape=encoder_input_shape, **options)
    encoder.name = "classifier"
    return encoder


def weight(final: float, warmup_steps: int = 0) -> float | LinearWarmup:
    """Returns a weight that rises from 0 to `final` over `warmup_steps` training batches; constant for 0 steps."""
    return LinearWarmup(warmup_steps, final) if check_integer("warmup_steps", warmup_steps, least=0) else final


def _merged(part: str, own: Any, asked: Any) -> Any:
    if asked is None:
        return own
    if not isinstance(asked, Mapping) or "name" in asked:
        return asked
    if isinstance(own, str):
        own = {"name": own}
    if not isinstance(own, Mapping):
        raise InvalidInputError(f"{part}: options {dict(asked)} without a name; add one, such as name='normal'.")
    return {**own, **asked}


def _check_base(label: str, own: Any, asked: Any) -> None:
    """Raises `InvalidInputError` if a likelihood would take the place of one that is over a base, and what it does."""
    is_of_base = asked is not None and not (isinstance(asked, Mapping) and "name" not in asked)
    if is_of_base and is_wrapped(own) and not is_wrapped(asked):
        raise InvalidInputError(
            f"{label}: expected a likelihood over another one, such as {own['name']!r}, got {one_line(repr(asked))}; "
            "give it as base, in place of likelihood."
        )


def _condition(condition: Any) -> Condition | None:
    if condition is None or isinstance(condition, Condition):
        return condition
    if is_integer(condition):
        return LabelCondition(condition)
    raise InvalidInputError(f"condition: expected a number of classes or a Condition; got {condition!r}.")


def _augmentation(event_shape: tuple[int, ...], augmentation: Any) -> Any:
    augmentation = [augmentation] if isinstance(augmentation, str) else augmentation
    is_named = isinstance(augmentation, (Mapping, Sequence))
    return image_augmentation(event_shape, augmentation) if is_named else augmentation


def _corruption(own: Any, asked: Any) -> Any:
    asked = {"name": asked} if isinstance(asked, str) else asked
    corruption = _merged("corruption", own or {"name": "gaussian"}, asked) if isinstance(asked, Mapping) else asked
    corruption = own if corruption is None else corruption
    if not isinstance(corruption, Mapping):
        return corruption
    options = {"amount": 0.3, **corruption}
    kind = get(options.pop("name"), CORRUPTIONS, part="corruption")
    if unknown := set(options) - {"amount"}:
        raise InvalidInputError(f"corruption: expected the options name and amount; got {', '.join(sorted(unknown))}.")
    return kind(**options)
