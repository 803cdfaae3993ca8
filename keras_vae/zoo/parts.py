"""The parts that every recipe takes."""

from collections.abc import Mapping, Sequence
from typing import Any, get_type_hints

import keras

from keras_vae.distributions import Likelihood, Posterior
from keras_vae.layers import Condition, Corruption
from keras_vae.networks import NetworkOptions
from keras_vae.objectives import Objective, Term
from keras_vae.priors import Prior

Part = str | Mapping[str, Any]
"""The name of a part, or a mapping of options; a mapping without `name` refers to the part of the recipe."""


class Parts(NetworkOptions, total=False):
    """The parts that every recipe takes as keyword arguments; each replaces the default of the recipe.

    A part that is missing or None is the default of the recipe. Unless the docstring of the recipe says otherwise, the
    defaults are a `normal` posterior, a `bernoulli` likelihood, a `standard_normal` prior, the network `auto`, no
    condition, no corruption and no augmentation. `keras-vae parts` lists the names. Every recipe also takes the options
    of its networks, see `networks.NetworkOptions`.

    Attributes:
        posterior: q(z | x): a `Posterior`, a name, or a mapping of options, such as `{"name": "real_nvp", "flows": 2}`.
        likelihood: p(x | z): a `Likelihood`, a name, or a mapping of options.
        prior: p(z): a `Prior`, a name, or a mapping, such as `{"name": "mixture", "components": 20}`.
        objective: the loss: a `Term` or a sum of terms, such as `NLL() + 4.0 * KL()`. It excludes the options of the
            default objective, such as `beta`.
        condition: an additional input of the encoder and decoder: a number of classes, or a `Condition`.
        corruption: noise on the input of the encoder in training: a `Corruption`, a name, or a mapping, such as
            `{"name": "masking", "amount": 0.3}`.
        augmentation: random transformations of the examples in training: names, or a mapping of names to amounts, see
            `layers.image_augmentation`, or a Keras layer or model that keeps the shape. The encoder and the
            likelihood both get the augmented examples.
        network: the kind of encoder and decoder, see `networks.make_networks`. With `"spatial"`, the latents are a map
            `(h, w, latent_dim)`.
        seed: seed of the initial weights and of all noise, 0 to 2^31 - 1. None draws one.

    Example:

    >>> objective = NLL() + KL(estimator="monte_carlo")
    >>> vae((8, 8, 1), 2, prior={"name": "mixture", "components": 3}, objective=objective).prior.components
    3
    """

    posterior: Part | Posterior | None
    likelihood: Part | Likelihood | None
    prior: Part | Prior | None
    objective: Term | Objective | None
    condition: Condition | int | None
    corruption: Part | Corruption | None
    augmentation: keras.layers.Layer | str | Sequence[str] | Mapping[str, Any] | None
    network: str | None
    seed: int | None


NETWORK_OPTIONS = get_type_hints(NetworkOptions)
PARTS = {name: hint for name, hint in get_type_hints(Parts).items() if name not in NETWORK_OPTIONS} | NETWORK_OPTIONS
"""Name -> type: the parts first, then the options of the networks."""
