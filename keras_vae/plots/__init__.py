"""Pictures of a variational autoencoder, made from plain NumPy arrays.

Every `plot_...` function returns a `matplotlib.figure.Figure` and touches no global state of matplotlib.
`to_png`, `to_data_uri` and `save` write a figure out.
"""

from keras_vae.plots.canvas import save, to_data_uri, to_png
from keras_vae.plots.events import draw_event
from keras_vae.plots.history import plot_history
from keras_vae.plots.interpolation import plot_interpolation
from keras_vae.plots.kl_per_dimension import plot_kl_per_dimension
from keras_vae.plots.latent_map import plot_latent_map
from keras_vae.plots.reconstructions import plot_reconstructions
from keras_vae.plots.samples import plot_samples
from keras_vae.plots.traversals import plot_traversals

__all__ = [
    "draw_event",
    "plot_history",
    "plot_interpolation",
    "plot_kl_per_dimension",
    "plot_latent_map",
    "plot_reconstructions",
    "plot_samples",
    "plot_traversals",
    "save",
    "to_data_uri",
    "to_png",
]
