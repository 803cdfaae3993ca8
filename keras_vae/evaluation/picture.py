"""A picture of a report."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from matplotlib.figure import Figure

from keras_vae import plots


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture that is drawn at the first access of `png`.

    Args:
        caption: what the picture shows and how to read it.
        draw: returns the Matplotlib figure.

    Example:

    >>> picture = Picture("Samples.", lambda: plots.plot_samples(np.zeros((4, 8, 8, 1))))
    >>> picture.png[1:4]
    b'PNG'
    """

    caption: str
    draw: Callable[[], Figure]

    @cached_property
    def png(self) -> bytes:
        """The picture as a PNG file."""
        return plots.to_png(self.draw())
