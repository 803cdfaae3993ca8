"""A model with a critic: adversarial autoencoders, FactorVAE, VAE-GAN."""

from typing import Any

import keras

from keras_vae.errors import InvalidInputError
from keras_vae.models.autoencoder import Autoencoder
from keras_vae.models.fitting import optimizer_of
from keras_vae.networks.network import input_shape_of
from keras_vae.serialization import register
from keras_vae.sublayers import restore_sublayers


@register
class AdversarialAutoencoder(Autoencoder):
    """An `Autoencoder` with a critic; each has its own optimizer, and both train at the same time.

    Both use the same forward pass. Terms for the critic, such as `CodeCritic`, train only the critic. All other terms
    train only the other parts.

    Args:
        encoder: see `Autoencoder`.
        decoder: see `Autoencoder`.
        critic: a built Keras model, such as `Critic`, from latents `(B, *latent_shape)` or examples `(B, *event_shape)`
            to logits.
        **parts: see `Autoencoder`; at least one term of the objective must train the critic.

    Raises:
        InvalidInputError: if the parts do not fit together, or if no term trains the critic.

    Example:

    >>> encoder, decoder = make_networks("mlp", (8, 8, 1), 4, units=(32,))
    >>> objective = NLL() + CodeAdversarial() + CodeCritic()
    >>> model = AdversarialAutoencoder(
    ...     encoder, decoder, critic=Critic((4,), (32,)), posterior="deterministic", objective=objective
    ... )
    >>> model.compile("adam", critic_optimizer="adam")
    >>> sorted(model.fit(np.zeros((16, 8, 8, 1)), verbose=0).history)
    ['code_adversarial', 'code_critic', 'loss', 'nll']

    Reference: Makhzani et al., 2016, https://arxiv.org/abs/1511.05644
    """

    PARTS = (*Autoencoder.PARTS, "critic")
    has_critic = True

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        *,
        critic: keras.Model,
        sublayers: dict[str, Any] | None = None,
        **parts: Any,
    ):
        shape = input_shape_of(critic, part="critic")
        super().__init__(encoder, decoder, **parts)
        # After all other parts: at the end of `fit`, Keras takes the first variables for those of the optimizer.
        self.critic = critic
        if sublayers:
            restore_sublayers(self, sublayers)
        if shape not in (self.latent_shape, self.event_shape):
            raise InvalidInputError(
                f"critic: expected inputs of shape {self.latent_shape} (codes) or {self.event_shape} (examples); "
                f"it takes {shape}."
            )
        if not self.objective.trainers("critic"):
            raise InvalidInputError("objective: no term trains the critic; add one, such as CodeCritic().")

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        loss: None = None,
        *,
        critic_optimizer: str | keras.optimizers.Optimizer = "adam",
        **options: Any,
    ) -> None:
        """Sets both optimizers.

        Args:
            optimizer: optimizer of all parts except the critic.
            loss: None.
            critic_optimizer: optimizer of the critic, as `optimizer`.
            **options: see `Autoencoder.compile`.

        Raises:
            InvalidInputError: if `critic_optimizer` is missing or unknown.
        """
        if critic_optimizer is None:
            raise InvalidInputError("compile: the critic needs an optimizer; give critic_optimizer, such as 'adam'.")
        own = optimizer_of(critic_optimizer, part="critic_optimizer")
        if own is optimizer:
            raise InvalidInputError("compile: expected an optimizer for each of model and critic; got one for both.")
        super().compile(optimizer, loss, **options)
        scaled = isinstance(self.optimizer, keras.optimizers.LossScaleOptimizer)
        if scaled and not isinstance(own, keras.optimizers.LossScaleOptimizer):
            own = keras.optimizers.LossScaleOptimizer(own, name="critic_loss_scale_optimizer")
        self.critic_optimizer = own
        self.critic_optimizer.build(self.critic.trainable_variables)

    def get_compile_config(self) -> dict[str, Any]:
        config = super().get_compile_config()
        if config:
            config["critic_optimizer"] = keras.saving.serialize_keras_object(self.critic_optimizer)
        return config

    def compile_from_config(self, config: dict[str, Any]) -> None:
        critic_optimizer = keras.saving.deserialize_keras_object(config["critic_optimizer"])
        super().compile_from_config({**config, "critic_optimizer": critic_optimizer})

    @property
    def model_variables(self) -> list[keras.Variable]:
        of_critic = {id(variable) for variable in self.critic.trainable_variables}
        return [variable for variable in self.trainable_variables if id(variable) not in of_critic]

    @property
    def optimizers(self) -> list[tuple[keras.optimizers.Optimizer, list[keras.Variable]]]:
        trained = {id(variable) for variable in self.trainable_variables}  # none, if the whole model is frozen
        critic = [variable for variable in self.critic.trainable_variables if id(variable) in trained]
        return [(self.optimizer, self.model_variables), (self.critic_optimizer, critic)]
