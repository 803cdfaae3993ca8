"""The one exception for input that cannot be used."""


class InvalidInputError(ValueError):
    """Input that keras_vae cannot use, told in one line.

    The message names the part, what it expected, what it got and what to do. The command line prints it
    without a traceback and exits with code 2.
    """

    def __init__(self, message: str):
        super().__init__(" ".join(str(message).split()))
