"""Methods that TensorFlow compiles once per model, and again when the model's weights are others."""

from collections.abc import Callable
from functools import partial
from typing import Any

import tensorflow as tf


class compiled_method:  # noqa: N801, a decorator
    """A method of a model as a `tf.function` of its own for each instance.

    `tf.function` keeps what it traced at the first call, even if a layer was quantized, given LoRA weights or replaced
    since. Each of these changes the model's list of variables, and then this decorator traces the method anew.

    Args:
        method: the method; it takes and returns tensors.
    """

    def __init__(self, method: Callable[..., Any]):
        self.method = method
        self.__doc__ = method.__doc__

    def __set_name__(self, owner, name):
        self.name = f"_compiled_{name}"

    def __get__(self, model, owner=None):
        if model is None:
            return self
        variables = model.variables
        kept, function = model.__dict__.get(self.name, ((), None))
        if len(kept) != len(variables) or any(one is not other for one, other in zip(kept, variables, strict=True)):
            function = tf.function(partial(self.method, model), autograph=False, reduce_retracing=True)
            model.__dict__[self.name] = (variables, function)  # not by setattr, with which Keras would track them
        return function
