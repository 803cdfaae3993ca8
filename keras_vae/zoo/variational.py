"""The VAE, and recipes that change the weight of its KL."""

from typing import Unpack

from keras_vae.checks import check_nats, check_number
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder
from keras_vae.objectives import KL, NLL, Capacity, LagrangeMultiplier, LinearWarmup, Objective, SquaredError
from keras_vae.zoo.assemble import assemble, weight
from keras_vae.zoo.parts import Parts
from keras_vae.zoo.registry import recipe


@recipe(
    family="variational",
    paper="Kingma & Welling, 2014",
    url="https://arxiv.org/abs/1312.6114",
    options_of={"objective": ("free_bits", "warmup_steps")},
)
def vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    free_bits: float = 0.0,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Variational autoencoder: the loss is the negative ELBO.

        loss = -E_q[log p(x | z)] + KL(q(z | x) || p(z)) >= -log p(x)

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        free_bits: KL in nats per latent dimension that is not penalised, see `KL`.
        warmup_steps: training batches over which the weight of the KL rises from 0 to 1; 0 for a constant weight.
        **parts: see `Parts`.

    Example:

    >>> model = vae((8, 8, 1), 4, units=(32,))
    >>> print(model.objective)
    nll + kl
    >>> model.latent_shape, model.sample(3, seed=0).shape
    ((4,), (3, 8, 8, 1))
    """
    objective = NLL() + weight(1.0, warmup_steps) * KL(free_bits)
    return assemble("vae", event_shape, latent_dim, parts, objective=objective)


@recipe(
    family="variational",
    paper="Higgins et al., 2017",
    url="https://openreview.net/forum?id=Sy2fzU9gl",
    options_of={"objective": ("beta", "free_bits", "warmup_steps")},
)
def beta_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    beta: float = 4.0,
    free_bits: float = 0.0,
    warmup_steps: int = 0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE with the KL weighted by beta: above 1 for disentangled latents, below 1 for detailed reconstructions.

        loss = -E_q[log p(x | z)] + beta KL(q(z | x) || p(z))

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        beta: weight of the KL.
        free_bits: KL in nats per latent dimension that is not penalised, see `KL`.
        warmup_steps: training batches over which the weight rises from 0 to beta; 0 for a constant weight.
        **parts: see `Parts`.

    Example:

    >>> print(beta_vae((8, 8, 1), 4, units=(32,), beta=2.0).objective)
    nll + 2 kl
    """
    objective = NLL() + weight(beta, warmup_steps) * KL(free_bits)
    return assemble("beta_vae", event_shape, latent_dim, parts, objective=objective)


@recipe(
    family="variational",
    paper="Burgess et al., 2018",
    url="https://arxiv.org/abs/1804.03599",
    options_of={"objective": ("capacity", "capacity_steps", "gamma")},
)
def annealed_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    capacity: float = 25.0,
    capacity_steps: int = 10_000,
    gamma: float = 100.0,
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE whose KL is kept at a capacity that grows in training, so that factors are learned one by one.

        loss = -E_q[log p(x | z)] + gamma |mean KL - C(step)|,  C from 0 to `capacity`

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        capacity: final value of the KL, in nats.
        capacity_steps: training batches over which the capacity grows.
        gamma: weight of the deviation from the capacity.
        **parts: see `Parts`.

    Example:

    >>> print(annealed_vae((8, 8, 1), 4, units=(32,)).objective)
    nll + 100 capacity
    """
    return assemble(
        "annealed_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + gamma * Capacity(LinearWarmup(capacity_steps, capacity)),
    )


@recipe(
    family="variational",
    paper="Rezende & Viola, 2018",
    url="https://arxiv.org/abs/1810.00597",
    options_of={"objective": ("target_rate", "target_distortion", "target_error", "estimator")},
)
def geco_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    target_rate: float | str | None = None,
    target_distortion: float | None = None,
    target_error: float | None = None,
    estimator: str = "analytic",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """VAE that finds the weight of its KL in training, so that the rate, the distortion or the error reaches a target.

        loss = -E_q[log p(x | z)] + w KL(q(z | x) || p(z)),  w such that the mean over the batches is at the target

    `fit` reports the weight as `kl_weight`, see `LagrangeMultiplier`. Give one target. The means are those of the
    training batches; those of other data differ as far as the model overfits.

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        target_rate: KL per example: nats, or a text with a unit, such as `"20bits"`. 25 nats if there is no target.
        target_distortion: negative log-likelihood of the reconstruction per example, in nats, as the metric `nll`.
        target_error: mean squared error of the reconstruction per value, as the metric `squared_error`; the values of
            images are from 0 to 1.
        estimator: estimator of the KL, see `KL`; `"monte_carlo"` for a prior without a closed form.
        **parts: see `Parts`.

    Raises:
        InvalidInputError: if there are several targets, or if one is not a positive number.

    Example:

    >>> model = geco_vae((8, 8, 1), 4, units=(32,), target_rate="20bits")
    >>> print(model.objective, round(model.objective.multipliers["kl_weight"].target, 2))
    nll + LagrangeMultiplier kl 13.86
    """
    objective = _constrained(KL(estimator=estimator), target_rate, target_distortion, target_error)
    return assemble("geco_vae", event_shape, latent_dim, parts, objective=objective)


def _constrained(kl: KL, rate: float | str | None, distortion: float | None, error: float | None) -> Objective:
    targets = {"target_rate": rate, "target_distortion": distortion, "target_error": error}
    given = [name for name, target in targets.items() if target is not None]
    if len(given) > 1:
        raise InvalidInputError(f"zoo.geco_vae: expected one target; got {' and '.join(given)}; leave the others out.")
    if distortion is not None:
        target = check_number("zoo.geco_vae: target_distortion", distortion)
        return NLL() + LagrangeMultiplier(target, of="nll") * kl
    if error is not None:
        target = check_number("zoo.geco_vae: target_error", error, above=0)
        return NLL() + LagrangeMultiplier(target, of="squared_error") * kl + 0.0 * SquaredError()
    return NLL() + LagrangeMultiplier(check_nats("zoo.geco_vae: target_rate", 25.0 if rate is None else rate)) * kl


@recipe(
    family="variational",
    paper="Im et al., 2017",
    url="https://arxiv.org/abs/1511.06406",
    options_of={"corruption": {"amount": "amount", "noise": "name"}},
)
def denoising_vae(
    event_shape: tuple[int, ...],
    latent_dim: int = 16,
    *,
    amount: float = 0.3,
    noise: str = "gaussian",
    **parts: Unpack[Parts],
) -> Autoencoder:
    """Variational autoencoder whose encoder input is corrupted in training.

        loss = -E_q(z|x')[log p(x | z)] + KL(q(z | x') || p(z)),  x' the corrupted example

    Args:
        event_shape: shape of one example, such as `(28, 28, 1)`.
        latent_dim: length of the latent vector.
        amount: strength of the noise: a standard deviation or a probability.
        noise: `"gaussian"`, `"masking"` or `"salt_and_pepper"`.
        **parts: see `Parts`.

    Example:

    >>> model = denoising_vae((8, 8, 1), 4, units=(32,), amount=0.5)
    >>> print(model.objective, model.corruption.amount)
    nll + kl 0.5
    """
    return assemble(
        "denoising_vae",
        event_shape,
        latent_dim,
        parts,
        objective=NLL() + KL(),
        corruption={"name": noise, "amount": amount},
    )
