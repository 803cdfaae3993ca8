"""Models with replaced parts; saving."""

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
    """The methods of `Autoencoder` that replace its `PARTS` and save it."""

    PARTS = (
        "encoder",
        "decoder",
        "posterior",
        "likelihood",
        "prior",
        "objective",
        "condition",
        "corruption",
        "augmentation",
    )

    def __setattr__(self, name: str, value: Any) -> None:
        fixed = (*self.PARTS, "seed")
        if name in fixed and getattr(self, "built", False) and value is not getattr(self, name, value):
            raise InvalidInputError(
                f"{self.name}: its {name} cannot be replaced, because the compiled steps would still use the "
                f"old one; make another model with model.with_parts({name}=...), which shares the other parts."
            )
        super().__setattr__(name, value)

    def with_prior(self, prior: str | Mapping | Prior) -> Self:
        """Returns a model with another prior, such as one fitted to the latents; networks and weights are shared.

        Samples, ELBO and log-likelihood of the returned model use the new prior. If the KL to it has no closed form,
        the objective uses a Monte Carlo estimate, without free bits.

        Args:
            prior: see the constructor.

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
        """Returns a model with some of the `PARTS` replaced; all other parts are shared, not copied.

        Args:
            **parts: the new parts, as in the constructor.

        Raises:
            InvalidInputError: if the model has no part of that name, or if a part does not fit the others.

        Example:

        >>> model = kv.zoo.vae((8,), 2, units=(4,), seed=0)
        >>> other = model.with_parts(objective=kv.NLL() + 2.0 * kv.KL())
        >>> print(other.objective)
        nll + 2 kl
        >>> other.encoder is model.encoder
        True
        """
        for name in parts:
            get(name, dict.fromkeys((*self.PARTS, "seed")), part="part of a model")
        config = {name: value for name, value in self.get_config().items() if name != "sublayers"}
        shared = {name: getattr(self, name) for name in self.PARTS}
        model = type(self).from_config({**config, **shared, **parts})
        model.step.assign(self.step)
        return model

    def save(self, filepath: str | os.PathLike, *args: Any, **kwargs: Any) -> None:
        """Saves to `.keras`; raises `InvalidInputError` if `load_model` could not read the file."""
        check_can_be_saved(self, filepath)
        super().save(filepath, *args, **kwargs)


def _monte_carlo(term: Term) -> Term:
    """The term with a Monte Carlo estimate of the KL instead of the closed form."""
    if not isinstance(term, KL):
        return term
    config = {**term.get_config(), "estimator": "monte_carlo"}
    return type(term).from_config({**config, "free_bits": 0.0} if "free_bits" in config else config)
