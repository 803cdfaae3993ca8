"""Methods that TensorFlow compiles once per layer or model, and again if its variables change."""

from collections.abc import Callable
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import keras
import tensorflow as tf

P = ParamSpec("P")
R = TypeVar("R")


def compiled_for(
    layer: keras.layers.Layer,
    function: Callable[Concatenate[Any, P], R],
    *,
    jit_compile: bool | None = None,
    reduce_retracing: bool = True,
) -> Callable[P, R]:
    """Returns a function of a layer and tensors as a `tf.function` of the tensors, which the layer keeps.

    `tf.function` keeps the graph of the first call, even if a layer is then quantized, replaced or extended by LoRA
    weights. Each of these changes the list of variables; the function is then traced again.

    Args:
        layer: a layer or model.
        function: a function at the top of a module, or a method; its arguments and results are tensors. Other
            arguments must be hashable, and the function is traced again for each value.
        jit_compile: as in `tf.function`.
        reduce_retracing: as in `tf.function`. False for a function that needs the number of rows when it is traced.

    Example:

    >>> layer = keras.layers.Dense(2)
    >>> shape = compiled_for(layer, lambda layer, x: layer(x))(tf.zeros((3, 4))).shape
    >>> shape, compiled_for(layer, print) is compiled_for(layer, print)
    (TensorShape([3, 2]), True)
    """
    variables, key = layer.variables, (function, jit_compile, reduce_retracing)
    functions = layer.__dict__.setdefault("_compiled_functions", {})  # not an attribute that Keras would track
    kept, compiled = functions.get(key, ((), None))
    if compiled is None or [*map(id, kept)] != [*map(id, variables)]:
        compiled = tf.function(
            partial(function, layer), autograph=False, reduce_retracing=reduce_retracing, jit_compile=jit_compile
        )
        functions[key] = (variables, compiled)
    return compiled


class compiled_method(Generic[P, R]):  # noqa: N801, a decorator
    """Turns a method of a layer or model into one `tf.function` per instance.

    See `compiled_for`, which does the same for a function of a layer.

    Args:
        method: the method; its arguments and results are tensors.
    """

    def __init__(self, method: Callable[Concatenate[Any, P], R]):
        self.method = method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, layer: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(self, layer: keras.layers.Layer, owner: type | None = None) -> Callable[P, R]: ...

    def __get__(self, layer: keras.layers.Layer | None, owner: type | None = None) -> Any:
        if layer is None:
            return self
        return compiled_for(layer, self.method)
