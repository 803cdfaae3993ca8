"""How much work an evaluation does."""

from dataclasses import dataclass, fields

from keras_vae.checks import check_integer


@dataclass(frozen=True)
class Budget:
    """The numbers of examples and samples of an evaluation.

    Attributes:
        examples: maximum number of test examples, and of training examples.
        samples: number of importance samples per example; 0 skips the log-likelihood.
        annealed: number of examples for annealed importance sampling; 0 skips it.
        annealed_steps: number of temperatures of annealed importance sampling.
        pairs: number of pairs of examples for interpolation.
        draws: number of samples from the prior.
        codes: number of latents at which the Jacobian of the decoder is computed.

    Raises:
        InvalidInputError: if a value is not an integer of at least 1, or of at least 0 if 0 skips a measurement.
    """

    examples: int = 10_000
    samples: int = 500
    annealed: int = 32
    annealed_steps: int = 300
    pairs: int = 200
    draws: int = 10_000
    codes: int = 256

    def __post_init__(self):
        for field in fields(self):
            least = 0 if field.name in ("samples", "annealed") else 1
            check_integer(f"Budget: {field.name}", getattr(self, field.name), least=least)


FULL = Budget()
"""The default budget of an evaluation."""

QUICK = Budget(examples=1000, samples=50, annealed=0, pairs=50, draws=1000, codes=64)
"""A small budget, for a first look at a model."""
