"""Facts about a model, for its cards."""

from keras_vae.models.autoencoder import Autoencoder


def facts_of(model: Autoencoder) -> dict[str, str]:
    """Returns name -> text: the shapes of an example and of its latents, the parts, the objective, and the size.

    Example:

    >>> facts_of(zoo.beta_vae((8, 8, 1), 2, beta=4, units=(16,)))["objective"]
    'nll + 4 kl'
    """
    return {
        "model": model.name,
        "example": f"float32 {model.event_shape}",
        "latent": f"float32 {model.latent_shape}",
        **{part: type(getattr(model, part)).__name__ for part in ("encoder", "decoder", "posterior", "likelihood")},
        "prior": type(model.prior).__name__ if model.prior is not None else "none",
        "objective": str(model.objective),
        "weights": f"{model.count_params():,}",
    }
