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
from keras_vae.evaluation.features.principal_components import FITTED, PrincipalComponents
from keras_vae.evaluation.image_quality import mse, psnr, ssim
from keras_vae.evaluation.latent import ACTIVE
from keras_vae.models import Autoencoder
from keras_vae.models.importance_sampling import ImportanceSampling
from keras_vae.random import as_seed, fold
from keras_vae.serialization import get

tfd = tfp.distributions


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


MOST_NUMBERS = 2**27  # of the training examples whose principal components are computed: 512 MB
FEWEST = 10  # test examples for statistics of a whole set

FULL = Budget()
QUICK = Budget(examples=1000, samples=50, annealed=0, pairs=50, draws=1000, codes=64)


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
    def importance_sampling(self) -> ImportanceSampling:
        """`Autoencoder.importance_sampling` of the test examples, with `budget.samples` samples each."""
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
        """E[x | z] of `rows` of at most M flattened latents, `(B, *event_shape)`, for the conditions of `draws`."""
        labels = self.drawn_condition
        codes = z[rows].reshape(-1, *self.model.latent_shape)
        condition = None if labels is None else labels[: len(z)][rows]
        return self.model.decode(codes, condition=condition).mean().numpy()

    def features_of_codes(self, z: np.ndarray) -> np.ndarray:
        """The features `(M, F)` of decoded flattened latents `(M, D)`, batch by batch."""
        at_a_time = max(1, NUMBERS // self.size)
        return np.concatenate([self.feature_space(self.decoded(z, rows)) for rows in pieces(z, at_a_time)])

    @cached_property
    def sample_features(self) -> np.ndarray:
        """The features of samples, `(M, F)`; at most as many as test examples."""
        return self.features_of_codes(self.draws[: len(self.examples)])

    @cached_property
    def reconstruction_quality(self) -> dict[str, np.ndarray]:
        """The quality of the reconstruction of each test example, `(N,)`: `mse` and, if they apply, `psnr`, `ssim`."""
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
    def error_of_pca(self) -> float | None:
        """Mean squared error per element of PCA with as many components as there are latents, on the test examples.

        None for discrete latents, with missing values, and without ten training examples for each latent. The
        components are those of at most `FITTED` training examples.
        """
        components = math.prod(self.model.latent_shape)
        if self.train is None or self.has_discrete_codes or components >= self.size:
            return None
        train = self.train.x[self.some(len(self.train), min(FITTED, max(2, MOST_NUMBERS // self.size)))]
        if len(train) < 10 * components or np.isnan(train).any() or np.isnan(self.examples.x).any():
            return None
        pca = PrincipalComponents.fit(train, components, seed=self.seed)
        return float(np.concatenate([pca.errors(self.examples.x[rows]) for rows in pieces(self.examples.x)]).mean())

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
