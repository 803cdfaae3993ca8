from typing import Any

from . import Model

class Callback:
    params: dict[str, Any]
    @property
    def model(self) -> Any: ...
    def set_model(self, model: Model) -> None: ...
    def __getattr__(self, name: str) -> Any: ...

class History(Callback):
    history: dict[str, list[Any]]
    epoch: list[int]

def __getattr__(name: str) -> Any: ...
