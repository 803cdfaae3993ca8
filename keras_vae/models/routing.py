"""Routes the gradients of the terms of the objective to variables."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import keras
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.objectives import TRAINABLE_PARTS

if TYPE_CHECKING:
    from keras_vae.models.autoencoder import Autoencoder


class Route(NamedTuple):
    """Variables that are trained by the same terms.

    Attributes:
        terms: indices of the terms in the objective.
        variables: variables that the weighted sum of these terms trains.
        optimizer: optimizer of these variables.
    """

    terms: tuple[int, ...]
    variables: list[keras.Variable]
    optimizer: keras.optimizers.Optimizer


def routes_of(model: "Autoencoder") -> list[Route]:
    """The routes of a compiled model: one, unless a term uses `Term.only` or there is a critic."""
    part_of = {id(variable): part for part in TRAINABLE_PARTS for variable in model.variables_of(part)}
    optimizer_of = {id(v): i for i, (_, variables) in enumerate(model.optimizers) for v in variables}
    routes = {}
    for variable in model.trainable_variables:
        part = part_of.get(id(variable))
        terms = model.objective.of_model if part is None else model.objective.trainers(part)
        if terms:
            routes.setdefault((terms, optimizer_of[id(variable)]), []).append(variable)
    return [Route(terms, variables, model.optimizers[i][0]) for (terms, i), variables in routes.items()]


def gradients_along(
    routes: Sequence[Route], losses: Sequence[tf.Tensor], tape: tf.GradientTape, variables: Sequence[keras.Variable]
) -> list[tf.Tensor | None]:
    """The gradient of each variable, from the loss of its route; None if it has none.

    Args:
        routes: see `routes_of`.
        losses: the scalar loss of each route.
        tape: the tape of the losses; persistent for several routes.
        variables: variables, in the order of the result.

    Raises:
        InvalidInputError: if no variable of an optimizer has a gradient.
    """
    gradient_of = {}
    for route, loss in zip(routes, losses, strict=True):
        gradients = tape.gradient(loss, route.variables)
        gradient_of |= {id(variable): g for variable, g in zip(route.variables, gradients, strict=True)}
    for optimizer in {id(route.optimizer): route.optimizer for route in routes}.values():
        trained = [variable for route in routes if route.optimizer is optimizer for variable in route.variables]
        if all(gradient_of[id(variable)] is None for variable in trained):
            names = ", ".join(variable.path for variable in trained[:3])
            raise InvalidInputError(
                f"objective: expected a loss that depends on the weights, got no gradient for any of {len(trained)} "
                f"({names}, ...); compute the terms from the trace with operations of TensorFlow, and add one, such "
                "as NLL()."
            )
    return [gradient_of.get(id(variable)) for variable in variables]
