"""The sources of records, split into units that workers process in parallel."""

from keras_vae.bulk.sources.find import find_source
from keras_vae.bulk.sources.source import Source, Unit

__all__ = ["Source", "Unit", "find_source"]
