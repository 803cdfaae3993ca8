"""Loads data sets by name or from files, folders and arrays, and produces batches.

`load` turns any source into a `SplitDataset` with three `Split`s, and `load_examples` into a single one. Training and
evaluation read all batches from one pipeline: `Split.batches`, or `batches` for an array.

Layout:
    load        any source -> SplitDataset
    load_examples
                any source -> Split
    names       the names of the data sets
    split_dataset
                the containers Split and SplitDataset
    validate    checks and conversion of arrays
    parts       the splits of a source, and the creation of missing splits
    digits, sprites, lines, tfds, tfrecords, hugging_face, arrays, table, table_folder, folder
                the kinds of source, each -> Parts
    arrow_tables, table_blocks, table_memory
                the files of tables, read as a whole or in blocks; tables that do not fit in memory
    columns, column_scan, unusable_text
                the columns of a table -> numbers; what they contain; columns that are neither numbers nor categories
    table_files, table_rows
                tables that are read in parts; numbers -> the columns of a table
    factors     values of the factors of variation <-> the index of an example
    images      one image file -> one array
    lazy_array, npy_array, encoded_images, image_files, tfrecord_images, tfrecord_rows, tfds_images, table_columns,
    hugging_face_images, hugging_face_rows
                arrays whose rows are read when they are needed
    tfrecord_files
                the records of files, read in any order
    prepare, prepare_examples, prepare_folder, prepare_table, prepared
                the conversion of images or a table, once, and its result
    pipeline    arrays -> tf.data batches
    binarize    grey pixels -> black or white pixels
"""

from keras_vae.data.lazy_array import LazyArray
from keras_vae.data.load import load
from keras_vae.data.load_examples import load_examples
from keras_vae.data.names import names
from keras_vae.data.pipeline import batches
from keras_vae.data.prepare import prepare
from keras_vae.data.split_dataset import Split, SplitDataset

__all__ = ["LazyArray", "Split", "SplitDataset", "batches", "load", "load_examples", "names", "prepare"]
