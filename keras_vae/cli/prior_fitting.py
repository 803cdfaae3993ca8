"""The work of `keras-vae fit-prior`: a model whose prior is fitted to the latents of its training examples."""

from pathlib import Path

import numpy as np

from keras_vae.cli.picks import labels_to_draw
from keras_vae.cli.sources import model_of, reference_examples
from keras_vae.data import Split
from keras_vae.data.row_names import readable
from keras_vae.distributions import Posterior
from keras_vae.distributions.discrete_posterior import DiscretePosterior
from keras_vae.distributions.hierarchical_posterior import HierarchicalPosterior
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.nearest_examples import posteriors
from keras_vae.files import new_parents, write_whole
from keras_vae.models import Autoencoder
from keras_vae.plots import plot_samples, save
from keras_vae.priors import AutoregressivePrior, GaussianMixturePrior, MAFPrior, Prior
from keras_vae.text import counted
from keras_vae.training import Run
from keras_vae.training.model_file import config_of, record_of

FILES = ("model.keras", "samples.png")
KINDS = ("auto", "mixture", "flow", "autoregressive")
MOST_NUMBERS = 2**27
"""In the latents that the prior is fitted to: 512 MB."""

SHOWN = 64


def fit_prior(source: Path, reference: str | None, kind: str, components: int | None, seed: int, out: Path) -> str:
    """Fits a prior, writes the model and a picture of samples, and returns the text for the terminal."""
    model = model_of(source)
    kind = _checked_kind(kind, model.posterior, components)
    if isinstance(model.posterior, HierarchicalPosterior):
        raise InvalidInputError(
            f"{source}: expected one level of latents, got {model.name}, whose further levels have priors that were "
            "trained with it; its samples need no other prior."
        )
    if not isinstance(model.posterior, DiscretePosterior) and model.posterior.support != Prior.support:
        raise InvalidInputError(
            f"{source}: expected latents that are any real numbers, got those of {type(model.posterior).__name__}, all "
            f"on a {model.posterior.support}; there is no prior to fit to them."
        )
    training, validation = reference_examples(model, source, reference)
    codes = _codes(model, training, seed, "Encoding the training examples")
    _check_enough(codes, components, reference)
    prior, name = _fitted(kind, codes, model.posterior, components, seed)
    fitted = model.with_prior(prior)
    lines = [f"{name}, fitted to the latents of {counted(len(codes), 'example')}"]
    if validation is not None and len(validation.x) > 1:
        others = _codes(model, validation, seed, "Encoding the validation examples")
        lines.append(_change(model, fitted, others))
    samples = fitted.sample(SHOWN, seed=seed, condition=labels_to_draw(fitted, SHOWN, None))
    config = config_of(source)
    with new_parents(out / "file"):
        Run(out).save_model(fitted, "model.keras", metadata=None if config is None else record_of(config))
        write_whole(out / "samples.png", lambda path: save(plot_samples(samples), path))
    return "\n".join([*lines, f"Written: {out} ({', '.join(FILES)}); use it as `keras-vae sample {out / FILES[0]}`"])


def _change(model: Autoencoder, fitted: Autoencoder, codes: np.ndarray) -> str:
    after = _mean_log_prob(fitted, codes)
    now = f"mean log p(z) of {len(codes):,} validation examples: {after:,.1f} nats"
    if model.prior is None:
        return now
    before = _mean_log_prob(model, codes)
    elbo = ", and so does the ELBO" if model.has_density else ""
    return f"{now}, {before:,.1f} before; it changes by {after - before:+,.1f}{elbo}"


def _checked_kind(kind: str, posterior: Posterior, components: int | None) -> str:
    discrete = isinstance(posterior, DiscretePosterior)
    if kind == "auto":
        kind = "autoregressive" if discrete else "mixture"
    if discrete != (kind == "autoregressive"):
        names = "autoregressive" if discrete else "mixture or flow"
        latents = "indices" if discrete else "numbers"
        raise InvalidInputError(f"--prior: expected {names} for latents that are {latents}, got {kind}.")
    if components is not None and kind != "mixture":
        raise InvalidInputError(f"--components: expected a mixture, got {kind}; leave it out.")
    return kind


def _check_enough(codes: np.ndarray, components: int | None, reference: str | None) -> None:
    """Raises `InvalidInputError` if there are too few examples for the prior."""
    source = "--reference" if reference else "the training part of the run"
    if components is not None and len(codes) < components:
        raise InvalidInputError(
            f"--components: expected at most {len(codes)}, one for each example of {source}, got {components}; use "
            "fewer, or --reference with more examples."
        )
    if len(codes) < 2:
        raise InvalidInputError(
            f"{source}: expected two or more examples, got {len(codes)}; use --reference with more examples."
        )


def _codes(model: Autoencoder, part: Split, seed: int, what: str) -> np.ndarray:
    """A sample of the posterior of each example; the indices of discrete latents, and the codes of a plain autoencoder.

    A prior that is fitted to means gives too little mass to the noise around them.
    """
    count = min(len(part.x), max(2, MOST_NUMBERS // int(np.prod(model.latent_shape))))
    rows = np.linspace(0, len(part.x) - 1, count).astype(int)
    part, found, batch = part[rows], [], model.batch_size_for()
    for number, posterior in enumerate(posteriors(model, part.x, part.y, what=what, verbose=1)):
        if isinstance(model.posterior, DiscretePosterior):
            found.append(np.asarray(posterior.indices))
        else:
            found.append(posterior.sample(seed=(seed, number * batch)).numpy())
    codes = np.concatenate(found)[readable(part.x)]
    return codes.reshape(len(codes), *model.posterior.prior_shape)


def _fitted(kind: str, codes: np.ndarray, posterior: Posterior, components: int | None, seed: int) -> tuple[Prior, str]:
    if kind == "mixture":
        mixture = GaussianMixturePrior.fit(codes, components=components, seed=seed, verbose=1)
        return mixture, f"mixture of {mixture.components} normals" if mixture.components > 1 else "one normal"
    if kind == "flow":
        return MAFPrior.fit(codes, seed=seed, verbose=1), "masked autoregressive flow"
    assert isinstance(posterior, DiscretePosterior)
    return AutoregressivePrior.fit(codes, categories=posterior.codebook_size, seed=seed), "autoregressive prior"


def _mean_log_prob(model: Autoencoder, codes: np.ndarray) -> float:
    """The mean of log p(z) in nats, or that of the indices of discrete latents."""
    batch, prior = model.batch_size_for(), model.prior_distribution()
    if isinstance(model.posterior, DiscretePosterior) and model.prior is not None:
        prior = model.prior.distribution()
    found = [prior.log_prob(codes[start : start + batch]) for start in range(0, len(codes), batch)]
    return float(np.mean(np.concatenate(found)))
