"""A keras-tuner hyper-model of training configurations."""

from collections.abc import Sequence

import keras
import keras_tuner

from keras_vae.data import Split, SplitDataset
from keras_vae.evaluation import Budget, Subject, read_examples
from keras_vae.models import Autoencoder
from keras_vae.optimizers import AverageWeights
from keras_vae.training import TrainingConfig, build_model, evaluation_split, fit_epochs, load_data, with_defaults
from keras_vae.training.build import adapt_model
from keras_vae.training.step_memory import check_step_fits
from keras_vae.tuning.search_space import Axis, configuration, default_space


class AutoencoderHyperModel(keras_tuner.HyperModel):
    """Models of one recipe, for any keras-tuner Oracle.

    The search space may include the architecture, the latent dimensions, the weights of the objective, the parts and
    the optimizer.

    The metrics of a trial are those of Keras on the validation split (`val_elbo`, `val_nll`, `val_kl`, ...) and those
    of `keras_vae.evaluation` on the same split (`log_likelihood`, `reconstruction_mse`, `active_units`). They are
    unweighted, so that trials with different weights are comparable.

    Args:
        config: the configuration that all trials share.
        space: the search space. None uses `default_space`.
        data: the data set. None loads the data set of the configuration.
        likelihood: whether to estimate the log-likelihood of the validation split, `log_likelihood`.

    Example:

    >>> config = TrainingConfig(data="digits", limit=100, epochs=1, options={"units": [8]})
    >>> hyper_model = AutoencoderHyperModel(config, [Axis("latent_dim", low=2, high=4)])
    >>> hyper_model.build(keras_tuner.HyperParameters()).latent_shape
    (2,)
    """

    def __init__(
        self,
        config: TrainingConfig,
        space: Sequence[Axis] | None = None,
        *,
        data: SplitDataset | None = None,
        likelihood: bool = False,
    ):
        super().__init__(name=config.model)
        self.data = load_data(config) if data is None else data
        self.config = with_defaults(config, self.data)
        self.space = default_space(config) if space is None else list(space)
        self._validation: dict[tuple[str | None, int], Split] = {}
        self.likelihood_samples = self.config.likelihood_samples_for(self.data.event_shape) if likelihood else 0

    def configuration(self, hp: keras_tuner.HyperParameters) -> TrainingConfig:
        """Returns the configuration of a trial."""
        return configuration(self.config, {axis.name: axis.draw(hp) for axis in self.space})

    def build(self, hp: keras_tuner.HyperParameters) -> Autoencoder:
        """Builds the compiled model of a trial, adapted to the training data."""
        config = self.configuration(hp)
        model = build_model(config, self.data)
        adapt_model(model, self.data)
        examples = len(self.data.train)
        check_step_fits(model, min(config.batch_size_for(examples), examples))
        return model

    def validation(self, config: TrainingConfig) -> Split:
        """Returns the validation split for the evaluation of a trial, in memory; trials share it."""
        key = config.binarize, config.seed
        if key not in self._validation:
            self._validation = {key: evaluation_split(self.data.validation, config).in_memory()}
        return self._validation[key]

    def fit(
        self,
        hp: keras_tuner.HyperParameters,
        model: Autoencoder,
        *,
        epochs: int | None = None,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        verbose: int = 0,
    ) -> dict[str, float]:
        """Trains the model of a trial, and returns its metrics after the last epoch."""
        config = self.configuration(hp)
        last = epochs or config.epochs_for(len(self.data.train))
        if config.keeps_averages:
            callbacks = [AverageWeights(), *callbacks]
        history = fit_epochs(model, self.data, config, initial_epoch, last, callbacks=callbacks, verbose=verbose)
        split = self.validation(config)
        budget = Budget(examples=len(split), samples=self.likelihood_samples)
        subject = Subject(model, read_examples(model, split), budget=budget, seed=config.seed)
        metrics = {name: float(values[-1]) for name, values in history.items()}
        metrics["reconstruction_mse"] = float(subject.reconstruction_quality["mse"].mean())
        metrics["active_units"] = float(subject.active.sum())
        if self.likelihood_samples and model.has_density:
            metrics["log_likelihood"] = float(subject.importance_sampling.log_likelihood.mean())
        return metrics
