"""The data of a configuration: loaded, described in the configuration, and prepared for evaluation."""

from dataclasses import replace

from keras_vae.data import Split, SplitDataset
from keras_vae.data.binarize import Binarized
from keras_vae.data.hugging_face import is_hugging_face
from keras_vae.data.lazy_array import LazyArray, sample
from keras_vae.data.load import has_images, has_label_names, is_table, load
from keras_vae.data.prepared import prepared_columns
from keras_vae.data.table_rows import decimals_of
from keras_vae.files import expanded
from keras_vae.training.config import FOLDER_OPTIONS, TABLE_OPTIONS, TrainingConfig


def load_data(config: TrainingConfig, image_shape: tuple[int, ...] | None = None) -> SplitDataset:
    """Loads the data set of a configuration.

    Args:
        config: the configuration.
        image_shape: see `keras_vae.data.load`.

    Raises:
        InvalidInputError: if the data cannot be used.

    Example:

    >>> load_data(TrainingConfig(data="digits")).train.x.shape
    (1437, 8, 8, 1)
    """
    return load(
        config.data,
        image_size=config.image_size,
        image_shape=image_shape,
        validation=config.validation,
        test=config.test,
        seed=config.seed,
        limit=config.limit,
        data_dir=config.data_dir,
        label_column=config.label_column,
        use_columns=config.use_columns,
        ignore_columns=config.ignore_columns,
        categories=config.categories,
        label_names=config.label_names,
        stream=config.stream,
    )


def with_data(config: TrainingConfig, data: str) -> TrainingConfig:
    """Returns the configuration for other data, without the options that do not apply to data of that kind.

    Args:
        config: the configuration.
        data: name or path of the other data.

    Example:

    >>> config = TrainingConfig(data="visits.csv", label_column="ward", seed=3)
    >>> other = with_data(config, "digits")
    >>> other.label_column is None, other.seed
    (True, 3)
    """
    kept = FOLDER_OPTIONS if has_label_names(data) else ()
    if is_table(data) or is_hugging_face(data):
        kept = TABLE_OPTIONS
    names = {name for name in (*TABLE_OPTIONS, *FOLDER_OPTIONS) if name not in kept}
    if not has_images(data):
        names.add("image_size")
    return config.replace(data=data, **dict.fromkeys(names))


def with_names(config: TrainingConfig, data: SplitDataset) -> TrainingConfig:
    """Returns the configuration with names and a size from the data, so that later data are read in the same way.

    The names are the columns of a table and the texts of its categories in the order of their indices, with the number
    of decimals of the other columns; or the labels of a folder of images or of TFRecord files. The size is that of the
    images in such a folder.
    """
    if not data.column_names:
        if config.image_size is None and data.is_image and has_label_names(config.data) and has_images(config.data):
            height, width = data.event_shape[:2]
            config = config.replace(image_size=height if height == width else (height, width))
        named = data.label_names and has_label_names(config.data)
        return config.replace(label_names=list(data.label_names)) if named else config
    if config.label_column is None and (prepared := prepared_columns(expanded(config.data))):
        config = config.replace(label_column=prepared[1])
    texts = {name: list(known) for name, known in zip(data.column_names, data.categories, strict=True) if known}
    if data.label_names and config.label_column is not None:
        texts[config.label_column] = list(data.label_names)
    decimals = dict(zip(data.column_names, decimals_of(sample(data.train.x)), strict=True))
    return config.replace(
        use_columns=list(data.column_names),
        ignore_columns=None,
        categories=texts,
        decimals={name: count for name, count in decimals.items() if count is not None and name not in texts},
    )


def evaluation_split(split: Split, config: TrainingConfig) -> Split:
    """Returns a split for evaluation. It is binarised once if training binarises the data, even at each step.

    Args:
        split: examples, as they were loaded.
        config: the configuration of the training.

    Example:

    >>> split = Split(np.full((4, 8, 8, 1), 0.3, "float32"))
    >>> evaluation_split(split, TrainingConfig(binarize="threshold")).x.max()
    np.float32(0.0)
    """
    if config.binarize is None:
        return split
    once = "static" if config.binarize == "dynamic" else config.binarize
    if isinstance(split.x, LazyArray):
        return replace(split, x=Binarized(split.x, once, config.seed))
    (x,) = split.batches(len(split), binarize=once, seed=config.seed)
    return replace(split, x=x.numpy())


def evaluation_data(data: SplitDataset, config: TrainingConfig, split: str = "test") -> SplitDataset:
    """Returns the data for the evaluation of a model, see `evaluation_split`.

    Args:
        data: the data set.
        config: the configuration of the training.
        split: the split that becomes the test split: `"train"`, `"validation"` or `"test"`.

    Example:

    >>> data = load_data(TrainingConfig(data="digits"))
    >>> len(data.train), len(evaluation_data(data, TrainingConfig(), "train").test)
    (1437, 1437)
    """
    parts = {"train": data.train, "validation": data.validation, "test": getattr(data, split)}
    return replace(data, **{name: evaluation_split(part, config) for name, part in parts.items()})
