from typing import Any

from . import bijectors as bijectors
from . import distributions as distributions

def __getattr__(name: str) -> Any: ...
