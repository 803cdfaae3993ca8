"""A model with its data, and the quantities that several questions need, computed once."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow_probability as tfp

from keras_vae.distributions import Table
from keras_vae.distributions.table import table_within
from keras_vae.errors import InvalidInputError
from keras_vae.evaluation.arrays import NUMBERS
from keras_vae.evaluation.budget import FULL, Budget
from keras_vae.evaluation.decoded import decoded
from keras_vae.evaluation.examples import Examples
from keras_vae.evaluation.features import FEATURES, ColumnComponents, Features, get_features
from keras_vae.evaluation.features.principal_components import FITTED, PrincipalComponents
from keras_vae.evaluation.latent import ACTIVE
from keras_vae.evaluation.latent_use import LatentUse, latent_use
from keras_vae.evaluation.reconstruction_quality import reconstruction_error, reconstruction_quality
from keras_vae.models import Autoencoder
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.random import as_seed, fold
from keras_vae.serialization import get

tfd = tfp.distributions


MOST_NUMBERS = 2**27  # of the training examples whose principal components are computed: 512 MB
FEWEST = 10  # test examples for statistics of a whole set
COMPARED = 1000  # samples whose elements are compared with those of examples


@dataclass(frozen=True, eq=False)
class Subject:
    """A model and the data of its evaluation.

    Args:
        model: a trained, compiled model.
        test: test examples.
        train: training examples for comparison, or None.
        data_name: name of the data set.
        factor_names: names of the columns of `test.factors`.
        label_names: names of the labels 0, 1, ...; may be empty.
        budget: numbers of examples and samples.
        features: feature space for distances between examples: a name for `get_features`, or a `Features` object.
        seed: seed of all random numbers.
        verbose: 1 shows progress.

    Raises:
        InvalidInputError: if the name of the features is unknown.

    Example:

    >>> model = kv.zoo.vae((8,), 2, units=(4,), seed=0)
    >>> subject = Subject(model, Examples(np.zeros((12, 8), "float32")))
    >>> subject.means.shape, subject.draws.shape
    ((12, 2), (10000, 2))
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
        """The test examples that are used: `budget.examples` at random, or all if there are fewer."""
        return self.test[self.some(len(self.test), self.budget.examples)]

    @cached_property
    def training_examples(self) -> Examples | None:
        """At most `budget.examples` training examples at random; None if there are none."""
        return None if self.train is None else self.train[self.some(len(self.train), self.budget.examples)]

    def some(self, n: int, most: int) -> np.ndarray | slice:
        """At most `most` of `n` rows at random, in their order."""
        if n <= most:
            return slice(None)
        return np.sort(np.random.default_rng(self.seed).permutation(n)[:most])

    @property
    def has_discrete_codes(self) -> bool:
        """Whether the latents are discrete vectors without noise."""
        return self.model.posterior.support == "codes"

    @property
    def table(self) -> Table | None:
        """The likelihood of the columns of a table; None for other models."""
        return table_within(self.model.likelihood)

    def check_enough(self) -> None:
        """Raises `InvalidInputError` if there are too few test examples for statistics of the data set."""
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
        """The same metrics on the training examples; None if there are none."""
        return None if self.training_examples is None else self._metrics_of(self.training_examples)

    def _metrics_of(self, examples: Examples) -> dict[str, float]:
        labels = None if self.model.condition is None else examples.y  # unknown ones are summed over
        return self.model.evaluate(examples.x, labels, batch_size=256, return_dict=True, verbose=0)

    @cached_property
    def weighted_examples(self) -> Examples:
        """The test examples for the log-likelihood, see `Budget.weighted`."""
        return self.examples[self.some(len(self.examples), self.budget.weighted_for(self.size))]

    @cached_property
    def importance_sampling(self) -> ImportanceSampling:
        """`Autoencoder.importance_sampling` of `weighted_examples`, with `budget.samples` samples each."""
        examples = self.weighted_examples
        return self.model.importance_sampling(
            examples.x,
            condition=None if self.model.condition is None else examples.y,
            samples=self.budget.samples,
            seed=self.seed,
            verbose=self.verbose,
        )

    @cached_property
    def weighted_elbo(self) -> float:
        """The mean ELBO of `weighted_examples`, nats per example."""
        if len(self.weighted_examples) == len(self.examples):
            return self.metrics["elbo"]
        return self._metrics_of(self.weighted_examples)["elbo"]

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
        """One sample from the posterior of each test example, flattened, `(N, D)`."""
        drawn = self.posterior.sample(seed=fold(as_seed(self.seed), 1)).numpy()
        return drawn.reshape(len(drawn), -1)

    @cached_property
    def active(self) -> np.ndarray:
        """The active dimensions of the flattened latent, bool `(D,)`: the variance of the mean is above 0.01."""
        return self.means.var(axis=0) > ACTIVE

    @cached_property
    def draws(self) -> np.ndarray:
        """Samples from the prior, flattened, `(M, D)`."""
        drawn = self.model.prior_distribution().sample(self.budget.draws, seed=fold(as_seed(self.seed), 2)).numpy()
        return drawn.reshape(len(drawn), -1)

    @cached_property
    def drawn_condition(self) -> np.ndarray | None:
        """The conditions of `draws`, with the frequencies of the test examples, in random order, `(M, ...)`.

        None for a model without conditions.
        """
        labels = self.condition(self.examples)
        if labels is None:
            return None
        rng, n = np.random.default_rng(self.seed), len(labels)
        orders = [rng.permutation(n) for _ in range(math.ceil(self.budget.draws / n))]  # test sets are often sorted
        return labels[np.concatenate(orders)[: self.budget.draws]]

    def decoded(self, z: np.ndarray, rows: slice = slice(None)) -> np.ndarray:
        """The examples of `rows` of at most M flattened latents, `(B, *event_shape)`, for the conditions of `draws`.

        As in `Autoencoder.sample`, they are x ~ p(x | z) for tables and counts, and otherwise E[x | z].
        """
        labels = self.drawn_condition
        codes = z[rows].reshape(-1, *self.model.latent_shape)
        condition = None if labels is None else labels[: len(z)][rows]
        return decoded(self.model, codes, condition=condition, seed=fold(as_seed(self.seed), 3 + (rows.start or 0)))

    def features_of_codes(self, z: np.ndarray) -> np.ndarray:
        """The features `(M, F)` of decoded flattened latents `(M, D)`, batch by batch."""
        return np.concatenate(self._features_from(z, 0))

    def _features_from(self, z: np.ndarray, first: int) -> list[np.ndarray]:
        at_a_time = max(1, NUMBERS // self.size)
        rows = (slice(start, start + at_a_time) for start in range(first, len(z), at_a_time))
        return [self.feature_space(self.decoded(z, each)) for each in rows]

    @cached_property
    def samples(self) -> np.ndarray:
        """Samples for measures of their elements, `(S, *event_shape)`: at most `COMPARED`, fewer for large examples."""
        most = max(FEWEST, min(COMPARED, MOST_NUMBERS // 4 // self.size))
        return self.decoded(self.draws[: min(most, len(self.examples))])

    @cached_property
    def sample_features(self) -> np.ndarray:
        """The features of samples, `(M, F)`; at most as many as test examples."""
        first, drawn = self.samples, self.draws[: len(self.examples)]
        return np.concatenate([self.feature_space(first), *self._features_from(drawn, len(first))])

    @cached_property
    def reconstruction_quality(self) -> dict[str, np.ndarray]:
        """The quality of the reconstruction of each test example, see `reconstruction_quality`."""
        return reconstruction_quality(self.examples.x, self._reconstructs(self.examples))

    @cached_property
    def error_over_pca(self) -> tuple[float, float] | None:
        """The reconstruction error relative to that of `pca`, on training and on test examples; None without it."""
        examples, pca = self.training_examples, self.pca
        if examples is None or pca is None:
            return None
        train = reconstruction_error(examples.x, self._reconstructs(examples))
        of_pca = reconstruction_error(examples.x, lambda rows: pca.reconstruct(examples.x[rows]))
        test_of_pca = float(self.pca_quality["mse"].mean())
        if min(of_pca, test_of_pca) <= 0:
            return None
        return train / of_pca, float(self.reconstruction_quality["mse"].mean()) / test_of_pca

    def _reconstructs(self, examples: Examples) -> Callable[[slice], np.ndarray]:
        return lambda rows: self.model.reconstruct(examples.x[rows], condition=self.condition(examples, rows))

    @cached_property
    def pca(self) -> PrincipalComponents | None:
        """PCA with as many components as there are latents, of at most `FITTED` training examples.

        There are fewer components if there are fewer than ten training examples for each. None for discrete latents,
        for as many latents as values of an example, and with missing values.
        """
        latents = math.prod(self.model.latent_shape)
        if self.train is None or self.has_discrete_codes or latents >= self.size:
            return None
        train = self.train.x[self.some(len(self.train), min(FITTED, max(2, MOST_NUMBERS // self.size)))]
        components = min(latents, len(train) // 10)
        if components < 1 or np.isnan(train).any() or np.isnan(self.examples.x).any():
            return None
        return PrincipalComponents.fit(train, components, seed=self.seed)

    @cached_property
    def pca_quality(self) -> dict[str, np.ndarray]:
        """The quality of the reconstructions by `pca` of each test example; empty without one."""
        x, pca = self.examples.x, self.pca
        return {} if pca is None else reconstruction_quality(x, lambda rows: pca.reconstruct(x[rows]))

    @cached_property
    def latent_use(self) -> LatentUse:
        """How much the decoder depends on the latents of the test examples, and on their noise."""
        condition = self.condition(self.examples)
        return latent_use(self.model, self.examples.x, self.codes, self.means, condition=condition, seed=self.seed)

    @cached_property
    def pairs(self) -> tuple[np.ndarray, np.ndarray]:
        """Indices of pairs of test examples, `(P,)` each; both have the same condition in a conditional model."""
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
        """The feature space for distances, fitted to training examples, or to test examples if there are none."""
        fitted_to = self.training_examples
        if fitted_to is None:
            if self.features == "classifier":
                raise InvalidInputError(
                    "features 'classifier': expected training examples, got none; give a SplitDataset, or use "
                    "the features 'pca'."
                )
            fitted_to = self.examples
        if self.features == "classifier" and fitted_to.y is not None and fitted_to.labels is None:
            raise InvalidInputError(
                f"features 'classifier': expected integer labels of shape (N,), got vectors of shape "
                f"{fitted_to.y.shape}; use the features 'pca'."
            )
        table = self.table
        if self.features == "pca" and table is not None:
            return ColumnComponents(table, fitted_to.x, seed=self.seed)
        return get_features(self.features, fitted_to.x, fitted_to.labels, self.model)

    @cached_property
    def test_features(self) -> np.ndarray:
        """Features of the test examples, `(N, F)`."""
        return self.feature_space(self.examples.x)

    @cached_property
    def train_features(self) -> np.ndarray | None:
        """Features of the training examples, `(N', F)`; None if there are none."""
        return None if self.training_examples is None else self.feature_space(self.training_examples.x)

    @property
    def size(self) -> int:
        """Number of elements of an example."""
        return math.prod(self.model.event_shape)
