from typing import Any

from . import Layer as Layer
from . import Variable

class Dense(Layer):
    def __init__(self, units: int, **kwargs: Any) -> None: ...
    units: int
    kernel: Variable
    bias: Variable

class Wrapper(Layer):
    layer: Any
    def __init__(self, layer: Layer, **kwargs: Any) -> None: ...

class SpectralNormalization(Wrapper): ...

def __getattr__(name: str) -> Any: ...
