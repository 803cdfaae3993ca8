"""The options of the tf.data pipelines."""

import tensorflow as tf


def pipeline_options() -> tf.data.Options:
    """Returns options without tf.data's tuning of a pipeline while it runs, and with a share of each batch per worker.

    The thread that tunes a pipeline looks at it less and less often, at last once a minute. TensorFlow 2.21 waits for
    this thread where an iterator is deleted, since the thread can miss that it is to end: `CancellationManager` calls
    it before it sets `IsCancelled`. An epoch, `predict` and `fit` then end up to a minute late. Without tuning,
    `AUTOTUNE` is one call per core in `map`; `prefetch` needs a number.

    Example:

    >>> data = tf.data.Dataset.range(3).prefetch(2).with_options(pipeline_options())
    >>> data.options().autotune.enabled
    False
    """
    options = _without_tuning()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    return options


def without_tuning(data: tf.data.Dataset) -> tf.data.Dataset:
    """Returns a data set of the user without the tuning of `pipeline_options`, unless its own options ask for it.

    Example:

    >>> without_tuning(tf.data.Dataset.range(3)).options().autotune.enabled
    False
    >>> options = tf.data.Options()
    >>> options.autotune.enabled = True
    >>> without_tuning(tf.data.Dataset.range(3).with_options(options)).options().autotune.enabled
    True
    """
    return data.with_options(_without_tuning()) if data.options().autotune.enabled is None else data


def _without_tuning() -> tf.data.Options:
    options = tf.data.Options()
    options.autotune.enabled = False
    return options
