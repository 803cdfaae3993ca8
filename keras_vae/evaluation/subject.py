"""A model with its data, and the quantities that several questions need, computed once."""

import math
from dataclasses import dataclass, fields
from functools import cached_property

import numpy as np
import tensorflow_probability as tfp

from keras_vae.checks import check_integer
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import NUMBERS, pieces, scaled
from keras_vae.evaluation.examples import Examples
from keras_vae.evaluation.features import FEATURES, Features, get_features
from keras_vae.evaluation.image_quality import mse, psnr, ssim
from keras_vae.evaluation.latent import ACTIVE
from keras_vae.models import Autoencoder
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.random import as_seed, fold
from keras_vae.serialization import get

tfd = tfp.distributions


@dataclass(frozen=True)
class Budget:
    """How many examples and draws an evaluation uses.

    Attributes:
        examples: most test examples, and most training examples.
        samples: importance samples per example; 0 leaves the log-likelihood out.
        annealed: examples for annealed importance sampling; 0 leaves it out.
        annealed_steps: temperatures of annealed importance sampling.
        pairs: pairs of examples to interpolate between.
        draws: draws from the prior.
        codes: codes at which the Jacobian of the decoder is computed.

    Raises:
        InvalidInputError: for anything but integers of 1 or more, or of 0 where it leaves something out.
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


FEWEST = 10  # test examples for statistics of a whole set

FULL = Budget()
QUICK = Budget(examples=1000, samples=50, annealed=0, pairs=50, draws=1000, codes=64)


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the data that it is evaluated on.

    Args:
        model: trained and compiled.
        test: the examples to evaluate on.
        train: the examples that the model was trained on, to compare with; None where they are not at hand.
        data_name: name of the data set.
        factor_names: names of the columns of `test.factors`.
        label_names: the name of label i at position i; may be empty.
        budget: how many examples and draws to use.
        features: where distances between examples are computed: a name of `get_features`, or such an object.
        seed: of every random number.
        verbose: 1 shows progress.

    Raises:
        InvalidInputError: for features of an unknown name.
    """

    model: Autoencoder
    test: Examples
    train: Examples | None = None
    data_name: str = "data"
    factor_names: tuple[str, ...] = ()
    label_names: tuple[str, ...] = ()
    budget: Budget = FULL
    features: str | Features = "pca"
    seed: int = 0
    verbose: int = 0

    def __post_init__(self):
        if isinstance(self.features, str):
            get(self.features, FEATURES, part="features")

    @cached_property
    def examples(self) -> Examples:
        """The test examples in use: `budget.examples` of them, drawn at random, or all where there are fewer."""
        return self.test[self.some(len(self.test), self.budget.examples)]

    @cached_property
    def training_examples(self) -> Examples | None:
        """At most as many training examples, drawn at random; None where there are none."""
        return None if self.train is None else self.train[self.some(len(self.train), self.budget.examples)]

    def some(self, n: int, most: int) -> np.ndarray | slice:
        """At most `most` of `n` rows, drawn at random and in their order."""
        if n <= most:
            return slice(None)
        return np.sort(np.random.default_rng(self.seed).permutation(n)[:most])

    @property
    def has_discrete_codes(self) -> bool:
        """Whether the code is one of a set of discrete vectors, without noise."""
        return self.model.posterior.support == "codes"

    def check_enough(self) -> None:
        """Raises `InvalidInputError` where there are too few test examples for statistics of a whole set."""
        if len(self.examples) < FEWEST:
            raise InvalidInputError(f"{FEWEST} or more test examples are needed; got {len(self.examples)}.")

    def condition(self, examples: Examples, rows: np.ndarray | slice = slice(None)) -> np.ndarray | None:
        """The conditions of some examples, see `Autoencoder.inferred_conditions`."""
        return self.model.inferred_conditions(examples.x[rows], None if examples.y is None else examples.y[rows])

    @cached_property
    def metrics(self) -> dict[str, float]:
        """`elbo`, `nll`, `kl` and the terms of the objective on the test examples, nats per example."""
        return self._metrics_of(self.examples)

    @cached_property
    def training_metrics(self) -> dict[str, float] | None:
        """The same on the training examples; None where there are none."""
        return None if self.training_examples is None else self._metrics_of(self.training_examples)

    def _metrics_of(self, examples: Examples) -> dict[str, float]:
        labels = None if self.model.condition is None else examples.y  # unknown ones are summed over
        return self.model.evaluate(examples.x, labels, batch_size=256, return_dict=True, verbose=0)

    @cached_property
    def importance_sampling(self) -> ImportanceSampling:
        """`Autoencoder.importance_sampling` of the test examples, with `budget.samples` draws each."""
        return self.model.importance_sampling(
            self.examples.x,
            condition=None if self.model.condition is None else self.examples.y,
            samples=self.budget.samples,
            seed=self.seed,
            verbose=self.verbose,
        )

    @cached_property
    def posterior(self) -> tfd.Distribution:
        """q(z | x) of the test examples."""
        return self.model.encode(self.examples.x, condition=self.condition(self.examples))

    @cached_property
    def means(self) -> np.ndarray:
        """The posterior means of the test examples, flattened, `(N, D)`."""
        return self.posterior.mean().numpy().reshape(len(self.examples), -1)

    @cached_property
    def codes(self) -> np.ndarray:
        """One draw from the posterior of each test example, flattened, `(N, D)`."""
        drawn = self.posterior.sample(seed=fold(as_seed(self.seed), 1)).numpy()
        return drawn.reshape(len(drawn), -1)

    @cached_property
    def active(self) -> np.ndarray:
        """Which dimensions of the flattened code are active, `(D,)`: posterior means of a variance above 0.01."""
        return self.means.var(axis=0) > ACTIVE

    @cached_property
    def draws(self) -> np.ndarray:
        """Prior draws, flattened, `(M, D)`."""
        drawn = self.model.prior_distribution().sample(self.budget.draws, seed=fold(as_seed(self.seed), 2)).numpy()
        return drawn.reshape(len(drawn), -1)

    @cached_property
    def drawn_condition(self) -> np.ndarray | None:
        """The conditions of the prior draws, as frequent as among the test examples, in random order, `(M, ...)`.

        None for a model without conditions.
        """
        labels = self.condition(self.examples)
        if labels is None:
            return None
        rng, n = np.random.default_rng(self.seed), len(labels)
        orders = [rng.permutation(n) for _ in range(math.ceil(self.budget.draws / n))]  # test sets are often sorted
        return labels[np.concatenate(orders)[: self.budget.draws]]

    def decoded(self, z: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """Expected examples E[x | z] of rows of at most M flat codes `z`, `(B, *event_shape)`, with labels of draws."""
        labels = self.drawn_condition
        codes = z[rows].reshape(-1, *self.model.latent_shape)
        condition = None if labels is None else labels[: len(z)][rows]
        return self.model.decode(codes, condition=condition).mean().numpy()

    def features_of_codes(self, z: np.ndarray) -> np.ndarray:
        """The features of the decoded examples of flat codes `(M, D)`, `(M, F)`; batch by batch."""
        at_a_time = max(1, NUMBERS // self.size)
        return np.concatenate([self.feature_space(self.decoded(z, rows)) for rows in pieces(z, at_a_time)])

    @cached_property
    def sample_features(self) -> np.ndarray:
        """Features of samples, `(M, F)`; at most as many as there are test examples."""
        return self.features_of_codes(self.draws[: len(self.examples)])

    @cached_property
    def reconstruction_quality(self) -> dict[str, np.ndarray]:
        """Errors of the reconstruction of each test example, `(N,)`: `mse` and, where they apply, `psnr`, `ssim`."""
        x = self.examples.x
        complete = not np.isnan(x).any()
        are_images = x.ndim == 4 and complete and (x.dtype == np.uint8 or (x.min() >= 0 and x.max() <= 1))
        measures = {"mse": mse} | ({"psnr": psnr} if complete else {})
        measures |= {"ssim": lambda x, y: ssim(x, np.clip(y, 0, 1))} if are_images else {}
        parts = []
        for rows in pieces(x):
            reconstructed = self.model.reconstruct(x[rows], condition=self.condition(self.examples, rows))
            target = scaled(x[rows])
            parts.append({name: measure(target, reconstructed) for name, measure in measures.items()})
        return {name: np.concatenate([part[name] for part in parts]) for name in measures}

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices of pairs of test examples, `(P,)` each; both of one condition in a conditional model."""
        rng = np.random.default_rng(self.seed)
        labels, groups = self.condition(self.examples), [np.arange(len(self.examples))]
        if labels is not None:
            _, group, counts = np.unique(labels, axis=0, return_inverse=True, return_counts=True)
            groups = np.split(np.argsort(group.reshape(-1), kind="stable"), np.cumsum(counts)[:-1])
        shuffled = [rng.permutation(group) for group in groups]
        halves = [(group[: len(group) // 2], group[len(group) // 2 : 2 * (len(group) // 2)]) for group in shuffled]
        starts, ends = (np.concatenate(part) for part in zip(*halves, strict=True))
        rows = rng.permutation(len(starts))[: self.budget.pairs]
        return starts[rows], ends[rows]

    @cached_property
    def feature_space(self) -> Features:
        """Where distances are computed; fitted to training examples, or to test examples where there are none."""
        fitted_to = self.training_examples
        if fitted_to is None:
            if self.features == "classifier":
                raise InvalidInputError(
                    "features 'classifier': they are fitted to training examples, and there are none; give a "
                    "SplitDataset, or use the features 'pca'."
                )
            fitted_to = self.examples
        if self.features == "classifier" and fitted_to.y is not None and fitted_to.labels is None:
            raise InvalidInputError(
                f"features 'classifier': expected integer labels of shape (N,), got vectors of shape "
                f"{fitted_to.y.shape}; use the features 'pca'."
            )
        return get_features(self.features, fitted_to.x, fitted_to.labels, self.model)

    @cached_property
    def test_features(self) -> np.ndarray:
        """Features of the test examples, `(N, F)`."""
        return self.feature_space(self.examples.x)

    @cached_property
    def train_features(self) -> np.ndarray | None:
        """Features of the training examples, `(N', F)`; None where there are none."""
        return None if self.training_examples is None else self.feature_space(self.training_examples.x)

    @property
    def size(self) -> int:
        """Numbers in one example."""
        return math.prod(self.model.event_shape)
