"""The command line, `keras-vae`."""
