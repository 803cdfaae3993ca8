"""Schedule-free AdamW, which ends with the averages of its weights."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_vae.checks import check_number
from keras_vae.serialization import register


@register
class ScheduleFreeAdamW(keras.optimizers.ScheduleFreeAdamW):
    """Schedule-free AdamW, whose result is the averaged weights, as in the paper.

    The gradient g of step t is taken at weights y between the averages x and the iterates z. With the adaptive scale
    of Adam, D = sqrt(v / (1 - beta_2 ** t)) + epsilon, a step is

        z <- z - learning_rate (g / D + weight_decay y)
        x <- (1 - c) x + c z,    c = learning_rate ** 2 / (sum of learning_rate ** 2 so far)
        y = beta_1 x + (1 - beta_1) z

    During training the model has the weights y. Its averages x are the result: `fit` ends with them, and
    `AverageWeights` evaluates them. The learning rate needs no decay.

    Keras 3.15 also has this optimizer. With TensorFlow, it uses the new z instead of the old one when it derives x from
    y, it applies the weight decay to y only, and it leaves y in the model. This class therefore replaces its steps.

    The arguments are those of Keras's class; `beta_1`, the weight of the averages in y, must be in (0, 1).

    Example:

    >>> weight = keras.Variable([1.0])
    >>> optimizer = ScheduleFreeAdamW(0.1)
    >>> for _ in range(100):
    ...     optimizer.apply([2 * weight.value], [weight])  # the gradient of weight ** 2
    >>> optimizer.finalize_variable_values([weight])
    >>> bool(abs(weight.numpy()[0]) < 0.2)
    True

    Reference: Defazio et al., 2024, https://arxiv.org/abs/2405.15682
    """

    def build(self, var_list: Sequence[keras.Variable]) -> None:
        if self.built:
            return
        check_number("ScheduleFreeAdamW: beta_1", self.beta_1, above=0, below=1)
        super().build(var_list)
        self._weight_sums = [self.add_variable((), name="weight_sum") for _ in var_list]

    def update_step(self, gradient: Any, variable: keras.Variable, learning_rate: Any) -> None:
        index = self._get_variable_index(variable)
        kept = (self._momentums[index], self._velocities[index], self._weight_sums[index])
        rate, gradient, step = (
            ops.cast(each, variable.dtype) for each in (learning_rate, gradient, self.iterations + 1)
        )
        y, z, velocity, weight_sum = map(ops.convert_to_tensor, (variable, *kept))
        x = self._average(y, z)
        if self.warmup_steps:
            rate *= ops.minimum(step / self.warmup_steps, 1.0)
        velocity += (1 - self.beta_2) * (ops.square(gradient) - velocity)
        direction = gradient / (ops.sqrt(velocity / (1 - ops.power(self.beta_2, step))) + self.epsilon)
        z -= rate * (direction + (self.weight_decay or 0.0) * y)
        weight_sum += ops.cast(ops.square(rate), weight_sum.dtype)
        share = ops.cast(ops.square(rate), weight_sum.dtype) / ops.maximum(weight_sum, 1e-30)
        x += ops.cast(share, x.dtype) * (z - x)
        for keras_variable, value in zip(kept, (z, velocity, weight_sum), strict=True):
            self.assign(keras_variable, value)
        self.assign(variable, self.beta_1 * x + (1 - self.beta_1) * z)

    def _apply_weight_decay(self, variables):
        """Does nothing, since `update_step` applies the weight decay."""

    def _average(self, y, z):
        return (y - (1 - self.beta_1) * z) / self.beta_1

    def finalize_variable_values(self, var_list: Sequence[keras.Variable]) -> None:
        """Sets the variables to their averages, except those that this optimizer does not train, such as a critic's.

        Training continues after `restore_variable_values`.
        """
        super().finalize_variable_values(var_list)
        if not self.built or self.use_ema:
            return
        for variable, iterate in self._iterates(var_list):
            variable.assign(self._average(*map(ops.convert_to_tensor, (variable, iterate))))

    def restore_variable_values(self, var_list: Sequence[keras.Variable]) -> None:
        """Sets variables that have their averages to the weights of the training, up to rounding."""
        for variable, iterate in self._iterates(var_list) if self.built else ():
            x, z = map(ops.convert_to_tensor, (variable, iterate))
            variable.assign(self.beta_1 * x + (1 - self.beta_1) * z)

    def _iterates(self, variables: Sequence[keras.Variable]) -> list[tuple[keras.Variable, keras.Variable]]:
        """Returns each of the variables that this optimizer trains, with its z."""
        own = [variable for variable in variables if self._var_key(variable) in self._trainable_variables_indices]
        return [(variable, self._momentums[self._get_variable_index(variable)]) for variable in own]
