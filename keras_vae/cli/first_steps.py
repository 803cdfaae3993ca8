"""The text of `keras-vae` without arguments."""

from keras_vae.version import __version__

FIRST_STEPS = f"""\
keras_vae {__version__}: train, evaluate and export generative autoencoders.

First steps:
  keras-vae models                                  lists the recipes
  keras-vae train --data digits --out runs/digits   trains a model, without a download
  keras-vae evaluate runs/digits                    measures it on test data
  keras-vae explore runs/digits                     shows its latent space in the browser (extra: serving)

Help:
  keras-vae --help                                  lists all commands
  keras-vae COMMAND --help                          lists the options of a command
  keras-vae doctor                                  checks the installation
"""
