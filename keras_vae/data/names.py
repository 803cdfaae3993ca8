"""The names of the built-in and well-known data sets."""

_NAMES = {
    "digits": "scikit-learn's handwritten digits, 1797 of 8x8 grey, labelled; needs no download",
    "sprites": "white shapes with known factors of variation, 70000 of 64x64, labelled; needs no download",
    "lines": "lines from the centre at any angle, 10000 of 32x32 grey; needs no download",
    "mnist": "handwritten digits, 70000 of 28x28 grey, labelled",
    "fashion_mnist": "pictures of clothes, 70000 of 28x28 grey, labelled",
    "kmnist": "handwritten Japanese characters, 70000 of 28x28 grey, labelled",
    "emnist": "handwritten digits and letters, 814255 of 28x28 grey, labelled (emnist/letters: letters only)",
    "binarized_mnist": "MNIST with binary pixels, drawn once, 70000 of 28x28",
    "omniglot": "handwritten characters of 50 alphabets, 32460 of 105x105, labelled",
    "cifar10": "small photographs of 10 kinds of object, 60000 of 32x32 RGB, labelled",
    "cifar100": "small photographs of 100 kinds of object, 60000 of 32x32 RGB, labelled",
    "svhn_cropped": "house numbers from street photographs, 99289 of 32x32 RGB, labelled",
    "stl10": "photographs of 10 kinds of object, 13000 of 96x96 RGB, labelled",
    "celeb_a": "faces, 202599 of 218x178 RGB; give an image size such as 64",
    "dsprites": "white shapes with known factors of variation, 737280 of 64x64",
    "shapes3d": "three-dimensional scenes with known factors of variation, 480000 of 64x64 RGB",
    "smallnorb": "photographs of toys with known factors of variation, 48600 of 96x96 grey, labelled",
    "oxford_flowers102": "photographs of flowers, 8189 of varying size: give an image size; labelled",
}

BUILT_IN = ("digits", "sprites", "lines")
"""The data sets that need no download."""


def names() -> dict[str, str]:
    """Returns the built-in and well-known data sets, name -> one-line description.

    `load` also accepts the name of any other image data set of TensorFlow Datasets.

    Example:

    >>> "digits" in names()
    True
    """
    return dict(_NAMES)
