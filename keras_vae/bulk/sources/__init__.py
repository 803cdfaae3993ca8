"""Where records come from, in units that workers share out."""

from keras_vae.bulk.sources.find import find_source
from keras_vae.bulk.sources.source import Source, Unit

__all__ = ["Source", "Unit", "find_source"]
