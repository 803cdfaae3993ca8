"""How much work an evaluation does."""

from dataclasses import dataclass, fields

from keras_vae.checks import check_integer

LARGE = 4096
"""Examples of more values than this have networks for which a log-likelihood takes long."""

ANNEALED, WEIGHTED_IF_LARGE = 32, 1000


@dataclass(frozen=True)
class Budget:
    """The numbers of examples and samples of an evaluation.

    Attributes:
        examples: maximum number of test examples, and of training examples.
        samples: number of importance samples per example; 0 skips the log-likelihood.
        weighted: maximum number of test examples for the log-likelihood. None is all for examples of at most 4096
            values, and 1000 for larger ones.
        annealed: number of examples for annealed importance sampling; 0 skips it. None is 32 for examples of at most
            4096 values, and 0 for larger ones, for which it takes long.
        annealed_steps: number of temperatures of annealed importance sampling.
        pairs: number of pairs of examples for interpolation.
        draws: number of samples from the prior.
        codes: number of latents at which the Jacobian of the decoder is computed.

    Raises:
        InvalidInputError: if a value is not an integer of at least 1, or of at least 0 if 0 skips a measurement.

    Example:

    >>> Budget(examples=500, samples=20).samples
    20
    """

    examples: int = 10_000
    samples: int = 500
    weighted: int | None = None
    annealed: int | None = None
    annealed_steps: int = 300
    pairs: int = 200
    draws: int = 10_000
    codes: int = 256

    def __post_init__(self):
        for field in fields(self):
            value, least = getattr(self, field.name), 0 if field.name in ("samples", "annealed") else 1
            if value is not None or field.default is not None:
                check_integer(f"Budget: {field.name}", value, least=least)

    def annealed_for(self, size: int) -> int:
        """Returns the number of examples for annealed importance sampling, for examples of `size` values."""
        if self.annealed is None:
            return ANNEALED if size <= LARGE else 0
        return self.annealed

    def weighted_for(self, size: int) -> int:
        """Returns the maximum number of examples for the log-likelihood, for examples of `size` values."""
        if self.weighted is None:
            return self.examples if size <= LARGE else min(self.examples, WEIGHTED_IF_LARGE)
        return self.weighted


FULL = Budget()
"""The default budget of an evaluation."""

QUICK = Budget(examples=1000, samples=50, annealed=0, pairs=50, draws=1000, codes=64)
"""A small budget, for a first look at a model."""
