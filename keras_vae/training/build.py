"""Builds and compiles the model of a configuration."""

import keras

from keras_vae import zoo
from keras_vae.data import SplitDataset
from keras_vae.data.lazy_array import sample_of
from keras_vae.distributions.table import table_within
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.models import AdversarialAutoencoder, Autoencoder
from keras_vae.models.patch_components import examples_for_patches
from keras_vae.models.principal_components import examples_to_adapt
from keras_vae.networks import LinearSkipEncoder, PatchSkipEncoder
from keras_vae.text import join_names
from keras_vae.training.config import TrainingConfig
from keras_vae.training.defaults import with_defaults
from keras_vae.training.dtype_policy import policy_of_devices
from keras_vae.training.epochs import steps_of, steps_per_execution
from keras_vae.training.initial_weights import freeze
from keras_vae.training.recipe_options import recipe_options
from keras_vae.training.run_optimizer import new_optimizer

POLICIES = ("auto", "float32", "mixed_bfloat16", "mixed_float16")


def build_model(config: TrainingConfig, data: SplitDataset) -> Autoencoder:
    """Builds and compiles the model of a configuration.

    Args:
        config: the configuration. What it leaves open follows from the data, see `with_defaults`.
        data: the data set.

    Raises:
        InvalidInputError: if the configuration is invalid for the data.

    Example:

    >>> config = TrainingConfig(model="beta_vae", data="digits", latent_dim=4, options={"beta": 2.0})
    >>> print(build_model(config, kv.training.load_data(config)).objective)
    nll + 2 kl
    """
    config = with_defaults(config, data)
    keras.utils.set_random_seed(config.seed)
    try:
        keras.config.set_dtype_policy(policy_of_devices() if config.dtype_policy == "auto" else config.dtype_policy)
    except ValueError as error:
        raise InvalidInputError(unknown(config.dtype_policy, POLICIES, part="dtype_policy")) from error
    steps = steps_of(config, data)
    model = zoo.create(config.model, data.event_shape, config.latent_dim, **recipe_options(config, data, steps))
    freeze(model, config.freeze or ())
    compiled = {"jit_compile": config.jit_compile, "steps_per_execution": steps_per_execution(steps)}
    if config.critic_learning_rate is not None and not isinstance(model, AdversarialAutoencoder):
        raise InvalidInputError(f"critic_learning_rate: the model {config.model!r} has no critic; leave it out.")
    if isinstance(model, AdversarialAutoencoder):
        critic_rate = config.critic_learning_rate or config.learning_rate
        compiled["critic_optimizer"] = new_optimizer(config, steps, critic_rate, use_ema=False)
    model.compile(new_optimizer(config, steps, config.learning_rate), **compiled)
    return model


def adapt_model(model: Autoencoder, data: SplitDataset) -> None:
    """Calls `Autoencoder.adapt` with a sample of the training examples, which is larger if it starts as PCA."""
    model.adapt(sample_of(data.train.x, examples_to_adapt(model) or examples_for_patches(model)))


def describe_model(model: Autoencoder, config: TrainingConfig, data: SplitDataset) -> str:
    """Returns what the configuration and the data determine: latents, likelihood, kinds of columns, optimizer.

    Args:
        model: the model of the configuration.
        config: the configuration, see `with_defaults`.
        data: the data set.
    """
    network, start = model.encoder, ""
    if isinstance(network, LinearSkipEncoder):
        network, start = network.encoder, ", starting as PCA"
    elif isinstance(network, PatchSkipEncoder):
        size = network.patch_size
        network, start = network.encoder, f", starting as PCA of patches of {size}x{size} pixels"
    decay = "" if config.learning_rate_decay == "none" else f" with {config.learning_rate_decay} decay"
    return (
        f"{config.model}: latents {model.latent_shape}, {type(network).__name__}{start}, likelihood "
        f"{type(model.likelihood).__name__}, batch_size {config.batch_size_for(len(data.train))}, "
        f"{config.optimizer}, learning rate {config.learning_rate:g}{decay}{_in_columns(model, data)}"
    )


def _in_columns(model: Autoencoder, data: SplitDataset) -> str:
    """Returns a further line with the kind of each column of a table; nothing for other likelihoods."""
    table = table_within(model.likelihood)
    if table is None or not data.column_names:
        return ""
    named: dict[str, list[str]] = {}
    for name, kind in zip(data.column_names, table.kinds, strict=True):
        named.setdefault(kind, []).append(name)
    listed = "; ".join(f"{kind}: {join_names(names)}" for kind, names in named.items())
    return f"\ncolumns by kind, which --set can change: {listed}"
