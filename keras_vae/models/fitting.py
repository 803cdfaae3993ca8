"""The methods of Keras's training loop: `compile`, `fit` and `evaluate`, with their checks and metrics."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_vae.checks import check_flag, check_integer, check_number
from keras_vae.errors import InvalidInputError, unknown
from keras_vae.layers.group_normalization import compiled_normalization
from keras_vae.models import xla
from keras_vae.models.array_batches import DATA, in_batches
from keras_vae.models.bad_batches import FLAG
from keras_vae.models.class_weight import weigh_by_class
from keras_vae.models.code_usage import RESTARTS
from keras_vae.models.conditioning import Conditioning
from keras_vae.models.data_range import check_array_units, note_range
from keras_vae.models.inputs import (
    arrays_for_keras,
    check_examples,
    check_training_data,
    unpacked,
    warn_of_scale,
)
from keras_vae.models.patch_components import adapt_patch_skip
from keras_vae.models.principal_components import adapt_linear_skip
from keras_vae.models.reconstruction_metrics import ReconstructionMetrics, check_compile, checked_metrics
from keras_vae.optimizers import OPTIMIZERS
from keras_vae.replicas import as_one, between_workers, global_sum, several
from keras_vae.sublayers import changed_sublayers

LEAST = {"epochs": 0, "initial_epoch": 0, "steps_per_epoch": 1, "validation_steps": 1, "validation_batch_size": 1}
"""Numbers for `fit`, and their least values. Keras would take others as none, or fail later."""

KERAS_OBJECTS = ("optimizer", "metrics", "weighted_metrics")


class Fitting(ReconstructionMetrics, Conditioning):
    """The methods of `Autoencoder` for Keras's training loop; the training step is in `Autoencoder`."""

    def adapt(self, x: Any) -> None:
        """Initialises the decoder with the mean of the examples, and a prior of pseudo-inputs with some examples.

        Networks with `linear_skip` start with the principal components of the examples, see `LinearSkipEncoder`, or of
        their patches, see `PatchSkipEncoder`. Call it once before `fit`, which then starts with a much lower loss.

        Args:
            x: training examples `(N, *event_shape)`.

        Raises:
            InvalidInputError: for invalid examples, or if the model is quantized.
        """
        if "quantized" in changed_sublayers(self).get("sublayers", {}):
            raise InvalidInputError(f"adapt: the weights of {self.name} are quantized; call it before quantize.")
        x = check_examples(x, self.likelihood)
        note_range(self, x)
        x = self.prepare(x).numpy()
        self.likelihood.adapt(x)
        adapt_linear_skip(self, x)
        adapt_patch_skip(self, x)
        if self.prior is not None:
            self.prior.adapt(x)

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        loss: None = None,
        *,
        metrics: Any = None,
        weighted_metrics: Any = None,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        run_eagerly: bool = False,
        auto_scale_loss: bool = True,
        **others: Any,
    ) -> None:
        """Sets the optimizer; the loss is the objective of the model.

        Args:
            optimizer: as in Keras, or a name in `keras_vae.optimizers.OPTIMIZERS`.
            loss: None.
            metrics: Keras metrics, such as `["mse"]`, which compare the examples with the reconstructions that
                `predict` returns. `loss`, `elbo`, `nll` and `kl` are always reported.
            weighted_metrics: as `metrics`, weighted by `sample_weight`.
            jit_compile: whether to compile the step with XLA. `"auto"` compiles it, except for convolutional networks
                and several replicas on a CPU. Convolutions run faster there without XLA, so only their group
                normalisation is compiled; several replicas would wait for each other.
            steps_per_execution: as in Keras; values above 1 make small networks faster.
            run_eagerly: as in Keras, for debugging.
            auto_scale_loss: as in Keras, for mixed float16.
            **others: none.

        Raises:
            InvalidInputError: for a loss, an unknown argument, or metrics that cannot be used.
        """
        check_compile(loss, others)
        if jit_compile != "auto":
            check_flag("compile: jit_compile", jit_compile)
        optimizer = optimizer_of(optimizer, part="optimizer")
        metrics = checked_metrics(metrics, self.report.names, self.likelihood, part="metrics")
        weighted_metrics = checked_metrics(
            weighted_metrics, self.report.names, self.likelihood, part="weighted_metrics"
        )
        self._compile_arguments = {
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
            "auto_scale_loss": auto_scale_loss,
        }
        compiled = xla.is_faster(self) if jit_compile == "auto" else jit_compile
        compiled = compiled and not run_eagerly
        strategy = self.distribute_strategy
        is_tpu, is_alone = isinstance(strategy, tf.distribute.TPUStrategy), strategy.num_replicas_in_sync == 1
        self._compiles_norms = jit_compile == "auto" and not (
            compiled or run_eagerly or is_tpu or xla.share_cpu(strategy)
        )
        around_step = is_tpu or (is_alone and self.augmentation is None)  # XLA lacks operations of Keras's image layers
        across_batch = any(term.across_batch for term in self.objective.terms)  # XLA cannot ask other replicas
        self._xla_inside_step = compiled and not around_step and (is_alone or not across_batch)
        super().compile(
            optimizer=optimizer,
            metrics=metrics,
            weighted_metrics=weighted_metrics,
            jit_compile=compiled and around_step,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            auto_scale_loss=auto_scale_loss,
        )
        self.optimizer.build(self.model_variables)
        for metric in self.given_metrics:  # now, since a step of replicas cannot make variables
            metric.build(*[tf.zeros((1, *self.event_shape))] * 2)

    def get_compile_config(self) -> dict[str, Any]:
        if not self.compiled:
            return {}
        config = {"optimizer": self.optimizer, **self._compile_arguments}
        return {**config, **{name: keras.saving.serialize_keras_object(config[name]) for name in KERAS_OBJECTS}}

    def compile_from_config(self, config: dict[str, Any]) -> None:
        objects = {name: config[name] for name in KERAS_OBJECTS if name in config}
        self.compile(**{**config, **keras.saving.deserialize_keras_object(objects)})

    def fit(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> keras.callbacks.History:
        """Trains the model as `keras.Model.fit` does; data are checked first.

        Args:
            x: examples `(N, *event_shape)`, or batches of them: a `tf.data.Dataset`, a `keras.utils.PyDataset`, a
                generator. An invalid batch stops the training, see `BadBatches`.
            y: None, or conditions, or other tensors that the objective reads from `trace.extras["y"]`.
            *args: as in Keras.
            **kwargs: as in Keras, except that the seed of the model and its step determine the order of arrays with
                `shuffle=True`. `sample_weight`, one number >= 0 per example, needs a `y`, such as x itself. As in
                Keras, the loss is the weighted sum divided by the number of examples; all other metrics are weighted
                means. `class_weight` weights examples by the labels in `y`.

        Raises:
            InvalidInputError: for invalid data, see `check_examples`.
        """
        self._check_compiled()
        arguments = inspect.signature(super().fit).bind(x, y, *args, **kwargs).arguments
        for name, least in LEAST.items():
            if arguments.get(name) is not None:
                check_integer(name, arguments[name], least=least)
        check_training_data(self, **arguments)
        arguments |= zip(DATA, arrays_for_keras(*map(arguments.get, DATA)), strict=True)
        warn_of_scale(arguments["x"], self.likelihood)
        note_range(self, arguments["x"])
        if arguments.get("validation_data") is not None:
            data = unpacked("validation_data", arguments["validation_data"])
            check_training_data(self, **dict(zip(DATA, data, strict=True)), part="validation_data: x")
            check_array_units(self, data[0], part="validation_data: x")
            arguments["validation_data"] = arrays_for_keras(*data)
        if arguments.get("validation_split") is not None:
            check_number("validation_split", arguments["validation_split"], least=0, below=1)
        if (class_weight := arguments.pop("class_weight", None)) is not None:
            split = 0.0 if arguments.get("validation_data") is not None else arguments.get("validation_split") or 0.0
            x, y, sample_weight = (arguments[name] for name in DATA)
            arguments["x"], arguments["sample_weight"] = weigh_by_class(
                x, y, sample_weight, class_weight, validation_split=split
            )
        history = super().fit(**in_batches(arguments, self.seed, int(keras.ops.convert_to_numpy(self.step))))
        for optimizer, variables in self.optimizers[1:]:  # Keras has done it for the first
            optimizer.finalize_variable_values(variables)
        if history.epoch and "loss" not in history.history:
            raise InvalidInputError("data set: expected at least one batch, got none.")
        return history

    def evaluate(self, x: Any = None, y: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Evaluates as `keras.Model.evaluate` does, with the same noise in every call; data are checked first.

        Args:
            x: see `fit`.
            y: see `fit`.
            *args: as in Keras.
            **kwargs: as in Keras.

        Raises:
            InvalidInputError: for invalid data, see `check_examples`.
        """
        self._check_compiled()
        if kwargs.get("_use_cached_eval_dataset"):  # Keras sets it inside fit, which has checked
            try:
                return super().evaluate(x, y, *args, **kwargs)
            except InvalidInputError as error:
                raise InvalidInputError(f"validation_data: {error}") from error
        arguments = inspect.signature(super().evaluate).bind(x, y, *args, **kwargs).arguments
        arguments |= arguments.pop("kwargs", {})
        check_training_data(self, **arguments)
        check_array_units(self, arguments.get("x"))
        arguments |= zip(DATA, arrays_for_keras(*map(arguments.get, DATA)), strict=True)
        metrics = super().evaluate(**in_batches(arguments))
        if not keras.ops.convert_to_numpy(self.report.bad_batches.steps):
            raise InvalidInputError("data set: expected at least one batch, got none.")
        return metrics

    def _check_compiled(self):
        if not self.compiled:
            raise InvalidInputError(f"{self.name}: expected a compiled model; call its compile() first.")

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None, return_dict: bool = False
    ) -> Any:
        """Trains on one batch as `keras.Model.train_on_batch` does; data are checked first, as in `fit`."""
        self._check_compiled()
        check_training_data(self, x, y, sample_weight=sample_weight)
        if class_weight is not None:
            x, sample_weight = weigh_by_class(x, y, sample_weight, class_weight)
        return super().train_on_batch(*arrays_for_keras(x, y, sample_weight), None, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Evaluates one batch as `keras.Model.test_on_batch` does; data are checked first, as in `evaluate`."""
        self._check_compiled()
        check_training_data(self, x, y, sample_weight=sample_weight)
        return super().test_on_batch(*arrays_for_keras(x, y, sample_weight), return_dict)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Does nothing: the model is built, and Keras would sum a batch over workers, which fails for bytes."""

    @property
    def model_variables(self) -> list[keras.Variable]:
        """The trainable variables of all parts except the critic."""
        return self.trainable_variables

    def variables_of(self, part: str) -> list[keras.Variable]:
        """The trainable variables of a part, see `Term.only`."""
        owner = getattr(self, part, None)
        return [] if owner is None else owner.trainable_variables

    @property
    def optimizers(self) -> list[tuple[keras.optimizers.Optimizer, list[keras.Variable]]]:
        """Each optimizer with its variables; the first counts the steps."""
        return [(self.optimizer, self.trainable_variables)]

    def differentiate(self, data: Any, seed: tf.Tensor) -> tuple[list, dict, dict]:
        """Calls `gradients` for the batch of a replica, with XLA if `compile` selected it for this part of the step."""
        x, *_ = keras.utils.unpack_x_y_sample_weight(data)
        examples = global_sum(tf.cast(tf.shape(x)[0], tf.float32))
        if self._xla_inside_step:
            return self._gradients_under_xla(data, seed, examples)
        with compiled_normalization(self._compiles_norms):
            return self.gradients(data, seed, examples)

    @tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
    def _gradients_under_xla(self, data, seed, examples):
        return self.gradients(data, seed, examples)

    def update_report(self, own: dict[str, Any]) -> dict[str, tf.Tensor]:
        """Adds the sums over all replicas to the metrics; returns the metrics so far."""
        first_bad = self.report.update(global_sum(own))
        metrics = {**self.get_metrics_result(), FLAG: first_bad}
        if between_workers(self.distribute_strategy):
            return {
                name: value[tf.newaxis] for name, value in metrics.items()
            }  # Keras reduces axis 0: tensorflow#72388
        return metrics

    def _make_function(self, step_function: Callable[[Any], dict[str, tf.Tensor]]) -> Callable[[Any], dict]:
        if not between_workers(self.distribute_strategy):
            return super()._make_function(step_function)
        return super()._make_function(lambda data: as_one(step_function(data)))

    def make_train_function(self, force: bool = False) -> None:
        if not self.train_function or force:
            super().make_train_function(force)
            self.train_function = self.report.bad_batches.watch(self.train_function, self, "fit")

    def make_test_function(self, force: bool = False) -> None:
        if not self.test_function or force:
            super().make_test_function(force)
            self.test_function = self.report.bad_batches.watch(self.test_function, self, "evaluate")

    def get_metrics_result(self) -> dict[str, Any]:
        if tf.executing_eagerly() and not several():  # at the end of an epoch, before it is reported
            self.report.bad_batches.refuse(self)
            if not self.report.bad_batches.is_in_step:
                self.report.bad_batches.check_not_empty(self.means["loss"][1])
        metrics = super().get_metrics_result()
        if self.report.bad_batches.part == "evaluate":
            return {name: value for name, value in metrics.items() if name != RESTARTS}
        return metrics

    def reset_metrics(self) -> None:
        super().reset_metrics()
        self.report.bad_batches.reset_state()

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        # Keras's callbacks look for the direction of a metric only inside a list such as the last.
        return [*self.report.metrics.values(), *self.given_metrics, self.report.directions]

    @property
    def metrics_names(self) -> list[str]:
        """The names of the values that `evaluate` returns, in their order."""
        names = [*self.report.means, *(each.name for metric in self.given_metrics for each in metric.metrics)]
        return [*names, *sorted({*self.report.names_of_evaluation} - {*names})]  # as Keras sorts the others

    @property
    def means(self) -> dict[str, tuple[float, ...]]:
        """The sum and the weight of each metric since the last reset, by name; the counts of codes for `CodeUsage`.

        Missing metrics are set to 0.
        """
        return {name: metric.state for name, metric in self.report.metrics.items()}

    @means.setter
    def means(self, means: Mapping[str, Sequence[float]]) -> None:
        for name, metric in self.report.metrics.items():
            metric.reset_state()
            if name in means:
                metric.state = tuple(means[name])


def optimizer_of(identifier: Any, *, part: str) -> keras.optimizers.Optimizer:
    """Returns an optimizer for an argument of `compile`: as in Keras, or a name in `OPTIMIZERS`.

    Raises:
        InvalidInputError: if it is none.
    """
    try:
        named = isinstance(identifier, str) and identifier in OPTIMIZERS
        optimizer = OPTIMIZERS[identifier]() if named else keras.optimizers.get(identifier)
    except ValueError as error:
        if isinstance(identifier, str):
            raise InvalidInputError(f"compile: {unknown(identifier, OPTIMIZERS, part=part)}") from error
        raise InvalidInputError(f"compile: {part}: {str(error).splitlines()[0]}") from error
    if optimizer is None:
        raise InvalidInputError("compile: expected an optimizer, such as 'adam'; got None.")
    return optimizer
