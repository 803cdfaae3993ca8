"""Loads all examples of a source, for a model that has been trained."""

from collections.abc import Mapping, Sequence
from typing import Any

from keras_vae.data.load import read
from keras_vae.data.split_dataset import Split


def load_examples(
    source: Any,
    *,
    image_shape: tuple[int, ...] | None = None,
    label_column: str | None = None,
    use_columns: Sequence[str] | None = None,
    categories: Mapping[str, Sequence[str]] | None = None,
    label_names: Sequence[str] | None = None,
) -> Split:
    """Loads all examples of a source as one split, such as new images for a trained model.

    Unlike `load`, it makes no parts for validation and test, so that the source may be one image. The examples of a
    folder are in the order of the names of its files; files that cannot be read are left out with a warning.

    Args:
        source: see `load`.
        image_shape: `(H, W, C)`, the event shape of the model. Image files of any size and kind are brought to this
            size and to these channels. None keeps their size.
        label_column: see `load`.
        use_columns: see `load`.
        categories: see `load`.
        label_names: see `load`.

    Raises:
        InvalidInputError: if the source is unknown or cannot be read, or if another argument cannot be used.

    Example:

    >>> load_examples(np.zeros((1, 8, 8), "uint8")).x.shape
    (1, 8, 8, 1)
    """
    options = {"label_column": label_column, "use_columns": use_columns, "categories": categories}
    return read(source, image_shape=image_shape, label_names=label_names, **options)[1].whole
