"""Data: from a name, a file, a folder or an array to batches.

`load` turns any source into a `DataSet` of three `Split`s; `Split.batches`, or `batches` for a plain array, is the
one pipeline that training and evaluation read from.

Layout:
    load        any source -> DataSet
    names       the data sets known by name
    dataset     Split and DataSet, the containers
    validate    the one rule for what an array may hold
    parts       what a source holds, and how the missing splits are made
    digits, sprites, lines, tfds, arrays, table, folder
                the kinds of source, each -> Parts
    factors     values of the factors of variation <-> the index of an example
    images      one image file -> one array
    pipeline    arrays -> tf.data batches
    binarize    grey pixels -> black or white ones
"""

from keras_vae.data.dataset import DataSet, Split
from keras_vae.data.load import load
from keras_vae.data.names import names
from keras_vae.data.pipeline import batches

__all__ = ["DataSet", "Split", "batches", "load", "names"]
