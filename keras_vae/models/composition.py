"""A model as an expression of its parts: other parts make another model; saved and loaded part by part."""

import os
from collections.abc import Mapping
from typing import Any, Self

from keras_vae.errors import InvalidInputError, NoClosedFormError
from keras_vae.models.autoencoder_base import AutoencoderBase
from keras_vae.models.serialized import check_can_be_saved
from keras_vae.objectives import KL, Objective, Term
from keras_vae.priors import Prior
from keras_vae.serialization import Serializable, get


class Composition(Serializable, AutoencoderBase):
    """The part of `Autoencoder` that knows its `PARTS`."""

    PARTS = ("encoder", "decoder", "posterior", "likelihood", "prior", "objective", "condition", "corruption")

    def __setattr__(self, name: str, value: Any) -> None:
        fixed = (*self.PARTS, "seed")
        if name in fixed and getattr(self, "built", False) and value is not getattr(self, name, value):
            raise InvalidInputError(
                f"{self.name}: its {name} cannot be replaced, because the compiled steps would still use the "
                f"old one; make another model with model.with_parts({name}=...), which shares the other parts."
            )
        super().__setattr__(name, value)

    def with_prior(self, prior: str | Mapping | Prior) -> Self:
        """The same model with another prior, such as one fitted to its codes; networks and weights are shared.

        Samples, ELBO and likelihood of the new model are those of the new prior. A `KL` without a closed form for it
        becomes the Monte Carlo one, which has no free bits.

        Args:
            prior: as in the constructor.

        Example:

        >>> model = zoo.ae((8, 8, 1), 2, units=(8,))
        >>> codes = model.encode(np.random.default_rng(0).random((50, 8, 8, 1))).mean()
        >>> model.with_prior(priors.GaussianMixturePrior.fit(codes, components=3)).sample(4, seed=0).shape
        (4, 8, 8, 1)
        """
        try:
            return self.with_parts(prior=prior)
        except NoClosedFormError:
            weighted = [(weight, _monte_carlo(term)) for weight, term in self.objective.weighted]
            return self.with_parts(prior=prior, objective=Objective(weighted))

    def with_parts(self, **parts: Any) -> Self:
        """The same model with some of its `PARTS` exchanged; all others are shared, not copied.

        Raises:
            InvalidInputError: for a part that a model does not have, or that does not fit the others.
        """
        for name in parts:
            get(name, dict.fromkeys((*self.PARTS, "seed")), part="part of a model")
        config = {name: value for name, value in self.get_config().items() if name != "sublayers"}
        shared = {name: getattr(self, name) for name in self.PARTS}
        model = type(self).from_config({**config, **shared, **parts})
        model.step.assign(self.step)
        return model

    def save(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
        """Saves as `.keras`; raises `InvalidInputError` for what could not be loaded again, see `load_model`."""
        check_can_be_saved(self, filepath)
        super().save(filepath, *args, **kwargs)


def _monte_carlo(term: Term) -> Term:
    """The term with a KL by draws instead of in closed form."""
    if not isinstance(term, KL):
        return term
    config = {**term.get_config(), "estimator": "monte_carlo"}
    return type(term).from_config({**config, "free_bits": 0.0} if "free_bits" in config else config)
