"""Which exports take uint8 examples."""

from collections.abc import Iterable

from keras_vae.checks import is_image


def refusal_of_uint8(signatures: Iterable[str], event_shape: tuple[int, ...]) -> str | None:
    """Returns why an export takes no uint8 examples; None if it takes them, divided by 255.

    An export of a model of images from 0 to 1 also has signatures for image files. Without these, its images may be in
    other units, in which pixels that were divided by 255 would get wrong answers.

    Args:
        signatures: names of all signatures of the export.
        event_shape: shape of an example, without the batch.
    """
    if not is_image(event_shape) or any(name.endswith("_bytes") for name in signatures):
        return None
    return (
        "expected floats in the units of training, as this export takes no image files; got uint8; give "
        "x.astype('float32'), divided by 255 if the model was trained on images from 0 to 1."
    )
