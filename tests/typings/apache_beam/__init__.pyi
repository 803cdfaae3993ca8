"""Unknown: Beam's own annotations are not those of its public interface."""

from typing import Any

def __getattr__(name: str) -> Any: ...
