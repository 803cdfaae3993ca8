"""Methods that TensorFlow compiles once per layer or model, and again if its variables change."""

from collections.abc import Callable
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import keras
import tensorflow as tf

P = ParamSpec("P")
R = TypeVar("R")


class compiled_method(Generic[P, R]):  # noqa: N801, a decorator
    """Turns a method of a layer or model into one `tf.function` per instance.

    `tf.function` keeps the graph of the first call, even if a layer is then quantized, replaced or extended by LoRA
    weights. Each of these changes the list of variables; the decorator then traces the method again.

    Args:
        method: the method; its arguments and results are tensors.
    """

    def __init__(self, method: Callable[Concatenate[Any, P], R]):
        self.method = method
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = f"_compiled_{name}"

    @overload
    def __get__(self, layer: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, layer: keras.layers.Layer, owner: type | None = None) -> Callable[P, R]: ...

    def __get__(self, layer: keras.layers.Layer | None, owner: type | None = None) -> Any:
        if layer is None:
            return self
        variables = layer.variables
        kept, function = layer.__dict__.get(self.name, ((), None))
        if function is None or [*map(id, kept)] != [*map(id, variables)]:
            function = tf.function(partial(self.method, layer), autograph=False, reduce_retracing=True)
            layer.__dict__[self.name] = (variables, function)  # not by setattr, with which Keras would track them
        return function
