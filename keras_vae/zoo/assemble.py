"""What every recipe has in common: networks made for the data, and parts that may be exchanged."""

from collections.abc import Mapping
from typing import Any

from keras_vae.checks import check_integer, check_seed
from keras_vae.distributions import LIKELIHOODS, Likelihood, Posterior, VectorQuantizer
from keras_vae.errors import InvalidInputError
from keras_vae.layers import CORRUPTIONS, Condition, LabelCondition
from keras_vae.models import Autoencoder
from keras_vae.networks import ConvCritic, Critic, Network, mirrored
from keras_vae.objectives import LinearWarmup, Objective, Term
from keras_vae.random import initial_weights
from keras_vae.serialization import get, get_over

GENERATIVE = ("decoder", "likelihood", "prior")
INFERENCE = ("encoder", "posterior")
PARTS = ("posterior", "likelihood", "prior", "condition", "corruption", "critic", "seed")

Part = str | Mapping[str, Any] | Any
"""A part of a model: an object, a name, or a mapping of options with or without a `name`."""


def assemble(
    name: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    options: Mapping[str, Any],
    *,
    objective: Term | Objective,
    kind: type[Autoencoder] = Autoencoder,
    **parts: Any,
) -> Autoencoder:
    """An `Autoencoder` on networks made for `event_shape`, where `options` may exchange any part of the recipe's.

    Args:
        name: of the model.
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the code; with `network="spatial"`, numbers at each position of it.
        options: what the user asks for:

            - `network`: `"auto"` by default, see `networks.mirrored`;
            - `likelihood`, `posterior`, `prior`: an object, a name, or a mapping of options (with a `name`, or for the
              recipe's own part), such as `{"name": "mixture", "components": 20}`;
            - `condition`: a `Condition`, or a number of classes;
            - `corruption`: a `Corruption`, or `{"name": "masking", "amount": 0.3}`;
            - `critic`: options of the critic, where the recipe has one, such as `{"units": (256, 256)}`;
            - `seed`: of the initial weights and of all noise; drawn when None;
            - all others go to the networks, such as `units`.
        objective: what the model minimises.
        kind: the class of the model.
        **parts: the recipe's own parts, and further arguments of `kind`.

    Raises:
        InvalidInputError: for anything that does not fit together.
    """
    options = dict(options)
    chosen = {
        part: _merged(part, parts.pop(part, default), options.pop(part, None))
        for part, default in (("posterior", "normal"), ("likelihood", "bernoulli"), ("prior", "standard_normal"))
    }
    network = options.pop("network", parts.pop("network", "auto"))
    condition = _condition(options.pop("condition", parts.pop("condition", None)))
    corruption = _corruption(options.pop("corruption", parts.pop("corruption", None)))
    seed = options.pop("seed", None)
    options_of_critic = _critic_options(options.pop("critic", {}), name, "critic" in parts)
    seed = None if seed is None else check_seed(seed)
    with initial_weights(seed, "likelihood"):
        likelihood = get_over(chosen["likelihood"], LIKELIHOODS, Likelihood, event_shape, part="likelihood")
    encoder, decoder = mirrored(
        network,
        event_shape,
        latent_dim if not isinstance(chosen["posterior"], Posterior) else chosen["posterior"].decoder_input_shape[-1],
        condition_dim=0 if condition is None else condition.size,
        encoder_input_shape=likelihood.encoder_input_shape,
        seed=seed,
        **options,
    )
    code_shape = (
        chosen["posterior"].event_shape if isinstance(chosen["posterior"], Posterior) else decoder.input_shape[1:]
    )
    with initial_weights(seed, "critic"):
        if "critic" in parts:
            parts["critic"] = parts["critic"](event_shape, code_shape, options_of_critic)
    with initial_weights(seed, "classifier"):
        if "classifier" in parts:
            parts["classifier"] = parts["classifier"](
                network, event_shape, latent_dim, likelihood.encoder_input_shape, options
            )
    with initial_weights(seed, "model"):
        return kind(
            encoder,
            decoder,
            posterior=chosen["posterior"],
            likelihood=likelihood,
            prior=chosen["prior"],
            objective=objective,
            condition=condition,
            corruption=corruption,
            seed=seed,
            name=name,
            **parts,
        )


def assemble_discrete(
    name: str,
    event_shape: tuple[int, ...],
    latent_dim: int,
    options: Mapping[str, Any],
    embedding_dim: int,
    quantizer: Mapping[str, Any],
    *,
    objective: Objective,
) -> Autoencoder:
    """A model with a `VectorQuantizer` as posterior and, by default, an autoregressive prior over its codes.

    Args:
        name: see `assemble`.
        event_shape: see `assemble`.
        latent_dim: number of codes of a dense network, length of an entry of a spatial one.
        options: see `assemble`.
        embedding_dim: length of an entry of a dense network.
        quantizer: options of the `VectorQuantizer`.
        objective: see `assemble`.
    """
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= 16
    options = {"network": "spatial" if is_image else "auto", **options}
    quantizer = {**quantizer, **options.pop("posterior", {})}
    if options["network"] == "spatial":
        networks = {name: options[name] for name in options if name not in ("network", *PARTS)}
        posterior = VectorQuantizer(
            mirrored("spatial", event_shape, latent_dim, **networks)[1].input_shape[1:], **quantizer
        )
    else:
        posterior = VectorQuantizer((check_integer("latent_dim", latent_dim), embedding_dim), flatten=True, **quantizer)
    prior = {"name": "autoregressive", "categories": posterior.codebook_size}
    return assemble(name, event_shape, latent_dim, options, objective=objective, posterior=posterior, prior=prior)


def code_critic(event_shape: tuple[int, ...], code_shape: tuple[int, ...], options: Mapping[str, Any]) -> Critic:
    """A dense critic of codes."""
    return Critic(code_shape, name="critic", **options)


def data_critic(event_shape: tuple[int, ...], code_shape: tuple[int, ...], options: Mapping[str, Any]) -> Network:
    """A critic of examples: convolutional for images, else dense."""
    is_image = len(event_shape) == 3 and min(event_shape[:2]) >= 8
    return (ConvCritic if is_image else Critic)(event_shape, name="critic", **options)


def patch_critic(event_shape: tuple[int, ...], code_shape: tuple[int, ...], options: Mapping[str, Any]) -> ConvCritic:
    """A critic of patches of images."""
    return ConvCritic(event_shape, patch=True, name="critic", **options)


def classifier(network: str, event_shape, latent_dim: int, encoder_input_shape, options: Mapping[str, Any]) -> Network:
    """A classifier on the same kind of network as the encoder."""
    encoder, _ = mirrored(network, event_shape, latent_dim, encoder_input_shape=encoder_input_shape, **options)
    encoder.name = "classifier"
    return encoder


def weight(final: float, warmup_steps: int = 0) -> float | LinearWarmup:
    """A weight that rises from 0 over so many steps, which are training batches; constant for 0."""
    return LinearWarmup(warmup_steps, final) if warmup_steps else final


def _merged(part: str, own: Part, asked: Part) -> Part:
    if asked is None:
        return own
    if not isinstance(asked, Mapping) or "name" in asked:
        return asked
    if isinstance(own, str):
        own = {"name": own}
    if not isinstance(own, Mapping):
        raise InvalidInputError(f"{part}: options {dict(asked)} without a name; add one, such as name='normal'.")
    return {**own, **asked}


def _condition(condition: Any) -> Condition | None:
    if condition is None or isinstance(condition, Condition):
        return condition
    if isinstance(condition, int):
        return LabelCondition(condition)
    raise InvalidInputError(f"condition: expected a number of classes or a Condition; got {condition!r}.")


def _corruption(corruption: Any) -> Any:
    if not isinstance(corruption, Mapping):
        return corruption
    options = {"name": "gaussian", "amount": 0.3, **corruption}
    kind = get(options.pop("name"), CORRUPTIONS, part="corruption")
    if unknown := set(options) - {"amount"}:
        raise InvalidInputError(f"corruption: expected the options name and amount; got {', '.join(sorted(unknown))}.")
    return kind(**options)


def _critic_options(asked: Any, name: str, has_critic: bool) -> Mapping[str, Any]:
    if not isinstance(asked, Mapping):
        raise InvalidInputError(f"critic: expected a mapping of options, such as units=[256]; got {asked!r}.")
    if asked and not has_critic:
        raise InvalidInputError(f"critic: {name} has none; leave its options out.")
    return asked
