"""Targets that a training has not reached."""

from collections.abc import Mapping, Sequence

from keras_vae.objectives import Objective

TOLERANCE = 0.1
"""The distance from a target, relative to it, above which the training has not reached it."""


def missed_targets(objective: Objective, history: Mapping[str, Sequence[float]]) -> list[str]:
    """Returns a sentence for each target of the objective that the last epoch has not reached.

    Args:
        objective: the objective of the model.
        history: metric -> its values, one per epoch.

    Example:

    >>> objective = NLL() + LagrangeMultiplier(14.0) * KL()
    >>> missed_targets(objective, {"kl": [3.0, 9.5], "kl_weight": [0.9, 0.2]})
    ['kl was 9.5 in the last epoch, with kl_weight 0.2, not the target 14; train for longer or change the target.']
    >>> missed_targets(objective, {"kl": [3.0, 13.9], "kl_weight": [0.9, 0.2]})
    []
    """
    missed = []
    for name, multiplier in objective.multipliers.items():
        measured = objective.measured[name]
        last, weight = history[measured][-1], history[name][-1]
        if abs(last - multiplier.target) > TOLERANCE * (abs(multiplier.target) or 1.0):
            missed.append(
                f"{measured} was {last:.3g} in the last epoch, with {name} {weight:.3g}, not the target "
                f"{multiplier.target:.3g}; train for longer or change the target."
            )
    return missed
