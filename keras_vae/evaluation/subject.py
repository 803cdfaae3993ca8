"""What is evaluated: a model with its data, and what several questions ask of it, computed once."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from keras_vae.data import Split
from keras_vae.evaluation.arrays import NUMBERS, pieces, scaled
from keras_vae.evaluation.features import FEATURES, Features, get_features
from keras_vae.evaluation.image_quality import mse, psnr, ssim
from keras_vae.evaluation.latent import ACTIVE
from keras_vae.models import Autoencoder
from keras_vae.random import as_seed, fold
from keras_vae.serialization import get


@dataclass(frozen=True)
class Budget:
    """How much is looked at.

    Attributes:
        examples: test examples, at most, and as many training ones.
        samples: importance samples per example.
        annealed: examples for annealed importance sampling; 0 leaves it out.
        annealed_steps: its temperatures.
        pairs: walks between examples.
        draws: from the prior.
        codes: at which the decoder's Jacobian is taken.
    """

    examples: int = 10_000
    samples: int = 500
    annealed: int = 32
    annealed_steps: int = 300
    pairs: int = 200
    draws: int = 10_000
    codes: int = 256


QUICK = Budget(examples=1000, samples=50, annealed=0, pairs=50, draws=1000, codes=64)


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the data it is judged on.

    Args:
        model: trained and compiled.
        test: the split to judge on.
        train: the split it learned from.
        data_name: what the data are called.
        factor_names: of `test.factors`.
        budget: how much to look at.
        features: of examples, a name of `get_features` or such an object.
        seed: of everything that is drawn.
        verbose: 1 shows progress.

    Raises:
        InvalidInputError: for features of an unknown name.
    """

    model: Autoencoder
    test: Split
    train: Split
    data_name: str = "data"
    factor_names: tuple[str, ...] = ()
    budget: Budget = Budget()
    features: str | Features = "pca"
    seed: int = 0
    verbose: int = 0

    def __post_init__(self):
        if isinstance(self.features, str):
            get(self.features, FEATURES, part="features")

    @cached_property
    def seen(self) -> Split:
        """The test examples that are looked at, chosen at random where there are more than the budget's."""
        return _some(self.test, self.budget.examples, self.seed)

    @cached_property
    def learned(self) -> Split:
        """As many training examples, chosen at random."""
        return _some(self.train, self.budget.examples, self.seed)

    def condition(self, split: Split, rows: np.ndarray | slice = slice(None)) -> np.ndarray | None:
        """What a conditional model is told of the examples of a split: their labels; None for any other model."""
        return None if self.model.condition is None or split.y is None else split.y[rows]

    @cached_property
    def posterior(self):
        """q(z | x) of the examples that are looked at."""
        return self.model.encode(self.seen.x, condition=self.condition(self.seen))

    @cached_property
    def means(self) -> np.ndarray:
        """Their posterior means, flattened, `(N, D)`."""
        return self.posterior.mean().numpy().reshape(len(self.seen), -1)

    @cached_property
    def codes(self) -> np.ndarray:
        """A draw from the posterior of each, flattened, `(N, D)`."""
        drawn = self.posterior.sample(seed=fold(as_seed(self.seed), 1)).numpy()
        return drawn.reshape(len(drawn), -1)

    @cached_property
    def active(self) -> np.ndarray:
        """Which dimensions of the flattened code are active, `(D,)`."""
        return self.means.var(axis=0) > ACTIVE

    @cached_property
    def draws(self) -> np.ndarray:
        """Prior draws, flattened, `(M, D)`."""
        drawn = self.model.prior_distribution().sample(self.budget.draws, seed=fold(as_seed(self.seed), 2)).numpy()
        return drawn.reshape(len(drawn), -1)

    @cached_property
    def drawn_condition(self) -> np.ndarray | None:
        """What a conditional model is told of each prior draw: labels as often as the test examples have them."""
        labels = self.condition(self.seen)
        return None if labels is None else np.resize(labels, self.budget.draws)

    def decoded(self, z: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Expected examples E[x | z] of some of the flat codes `z`, `(B, *event_shape)`, told the labels of draws."""
        labels = self.drawn_condition
        codes = z[rows].reshape(-1, *self.model.latent_shape)
        return self.model.decode(codes, condition=None if labels is None else labels[rows]).mean().numpy()

    def features_of_codes(self, z: np.ndarray) -> np.ndarray:
        """The features of what flat codes `(M, D)` decode to, `(M, F)`; a few at a time."""
        at_a_time = max(1, NUMBERS // self.size)
        return np.concatenate([self.feature_space(self.decoded(z, rows)) for rows in pieces(z, at_a_time)])

    @cached_property
    def sample_features(self) -> np.ndarray:
        """Of as many samples as there are test examples, or draws, `(M, F)`."""
        return self.features_of_codes(self.draws[: len(self.seen)])

    @cached_property
    def reconstruction_quality(self) -> dict[str, np.ndarray]:
        """How near each test example's reconstruction comes to it, `(N,)`: `mse` and, where they apply, `psnr`, `ssim`.

        The examples go through the model a few at a time.
        """
        x = self.seen.x
        known = not np.isnan(x).any()
        are_images = x.ndim == 4 and known and (x.dtype == np.uint8 or (x.min() >= 0 and x.max() <= 1))
        found = {"mse": mse} | ({"psnr": psnr} if known else {})
        found |= {"ssim": lambda x, y: ssim(x, np.clip(y, 0, 1))} if are_images else {}
        parts = []
        for rows in pieces(x):
            reconstructed = self.model.reconstruct(x[rows], condition=self.condition(self.seen, rows))
            target = scaled(x[rows])
            parts.append({name: measure(target, reconstructed) for name, measure in found.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in found}

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices of test examples to walk between, `(P,)` each; of one label where the model takes labels."""
        rng = np.random.default_rng(self.seed)
        labels = self.condition(self.seen)
        groups = (
            [np.arange(len(self.seen))] if labels is None else [np.flatnonzero(labels == y) for y in np.unique(labels)]
        )
        shuffled = [rng.permutation(group) for group in groups]
        halves = [(group[: len(group) // 2], group[len(group) // 2 : 2 * (len(group) // 2)]) for group in shuffled]
        starts, ends = (np.concatenate(part) for part in zip(*halves, strict=True))
        chosen = rng.permutation(len(starts))[: self.budget.pairs]
        return starts[chosen], ends[chosen]

    @cached_property
    def feature_space(self) -> Features:
        """The features of examples in which distances are taken."""
        return get_features(self.features, self.learned.x, self.learned.y, self.model)

    @cached_property
    def test_features(self) -> np.ndarray:
        """Of the test examples, `(N, F)`."""
        return self.feature_space(self.seen.x)

    @cached_property
    def train_features(self) -> np.ndarray:
        """Of as many training examples, `(N, F)`."""
        return self.feature_space(self.learned.x)

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return math.prod(self.model.event_shape)


def _some(split: Split, n: int, seed: int) -> Split:
    return split if len(split) <= n else split[np.sort(np.random.default_rng(seed).permutation(len(split))[:n])]
