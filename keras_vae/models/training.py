"""How a model learns: compilation and the one train step."""

from typing import Any

import keras
import tensorflow as tf

from keras_vae.errors import InvalidInputError
from keras_vae.models.inputs import check_examples, check_training_data
from keras_vae.objectives import NLL, PARTS
from keras_vae.random import as_seed, fold
from keras_vae.replicas import between_workers, global_sum
from keras_vae.trace import Trace


class Training:
    """The part of `Autoencoder` that changes its weights.

    It minimises `self.objective` on `self.trace`, and no model has a train step of its own.
    """

    def adapt(self, x: Any) -> None:
        """Starts the decoder at the mean of the examples, and a prior made of examples at some of them.

        Call it once before `fit`, which then starts much lower.

        Args:
            x: training examples `(N, *event_shape)`.
        """
        x = self.prepare(check_examples(x, self.likelihood)).numpy()
        self.likelihood.adapt(x)
        if self.prior is not None:
            self.prior.adapt(x)

    def compile(
        self,
        optimizer: str | keras.optimizers.Optimizer = "adam",
        *,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        run_eagerly: bool = False,
        auto_scale_loss: bool = True,
    ) -> None:
        """Chooses the optimizer; the loss is the model's objective.

        Args:
            optimizer: as in Keras.
            jit_compile: whether to compile the step with XLA. `"auto"` does, but for convolutional networks on
                a CPU, which run faster without.
            steps_per_execution: as in Keras; more than 1 helps small networks.
            run_eagerly: as in Keras, for debugging.
            auto_scale_loss: as in Keras, for mixed float16.
        """
        self._compile_arguments = {
            "jit_compile": jit_compile,
            "steps_per_execution": steps_per_execution,
            "run_eagerly": run_eagerly,
            "auto_scale_loss": auto_scale_loss,
        }
        xla = self._prefers_xla() if jit_compile == "auto" else jit_compile
        xla = xla and not run_eagerly
        strategy = self.distribute_strategy
        around_step = strategy.num_replicas_in_sync == 1 or isinstance(strategy, tf.distribute.TPUStrategy)
        across_batch = any(term.across_batch for term in self.objective.terms)  # XLA cannot ask other replicas
        self._xla_inside_step = xla and not around_step and not across_batch
        super().compile(
            optimizer=optimizer,
            jit_compile=xla and around_step,
            steps_per_execution=steps_per_execution,
            run_eagerly=run_eagerly,
            auto_scale_loss=auto_scale_loss,
        )
        self.optimizer.build(self.model_variables)

    def _prefers_xla(self) -> bool:
        convolutional = any(
            isinstance(layer, (keras.layers.Conv1D, keras.layers.Conv2D)) for layer in self._flatten_layers()
        )
        return not convolutional or bool(tf.config.list_physical_devices("GPU"))

    def get_compile_config(self):
        if not self.compiled:
            return {}
        return {"optimizer": keras.saving.serialize_keras_object(self.optimizer), **self._compile_arguments}

    def compile_from_config(self, config):
        self.compile(**{**config, "optimizer": keras.saving.deserialize_keras_object(config["optimizer"])})

    def fit(self, x=None, y=None, *args, **kwargs):
        """Trains as `keras.Model.fit` does; data are checked first.

        Args:
            x: examples `(N, *event_shape)`, or a `tf.data.Dataset` of batches.
            y: None, or anything that the objective looks for in `trace.extras["y"]`.
            *args: as in Keras.
            **kwargs: as in Keras; `sample_weight` needs a `y`, such as x itself.

        Raises:
            InvalidInputError: for data that the model cannot explain (see `check_examples`).
        """
        check_training_data(x, y, self.likelihood, self._check_y, **kwargs)
        if kwargs.get("validation_data") is not None:
            validation_x, validation_y, _ = keras.utils.unpack_x_y_sample_weight(kwargs["validation_data"])
            check_training_data(validation_x, validation_y, self.likelihood, self._check_y)
        return super().fit(x, y, *args, **kwargs)

    def evaluate(self, x=None, y=None, *args, **kwargs):
        """Evaluates as `keras.Model.evaluate` does, with the same noise at every call; data are checked first.

        Args:
            x: see `fit`.
            y: see `fit`.
            *args: as in Keras.
            **kwargs: as in Keras.

        Raises:
            InvalidInputError: for data that the model cannot explain (see `check_examples`).
        """
        if not self.compiled:
            raise InvalidInputError(f"{self.name}: expected a compiled model; call its compile() first.")
        if not kwargs.get("_use_cached_eval_dataset"):  # Keras sets it inside fit, which has checked
            check_training_data(x, y, self.likelihood, self._check_y, **kwargs)
        return super().evaluate(x, y, *args, **kwargs)

    def _maybe_symbolic_build(self, iterator=None, data_batch=None):
        """Nothing: the model is built, and Keras would sum a batch over workers, which fails for bytes."""

    def _check_y(self, y: Any, n: int) -> None:
        if self.condition is not None:
            self.condition.check(y, n)

    @property
    def model_variables(self) -> list[keras.Variable]:
        """The trainable variables of all parts but the critic."""
        return self.trainable_variables

    def variables_of(self, part: str) -> list[keras.Variable]:
        """The trainable variables of a part, see `Term.only`."""
        owner = getattr(self, part, None)
        return [] if owner is None else owner.trainable_variables

    def _routes(self) -> list[tuple[tuple[int, ...], list[keras.Variable]]]:
        """Which terms train which variables: pairs of the terms' indices and the variables."""
        parts = {id(variable): part for part in PARTS for variable in self.variables_of(part)}
        routes = {}
        for variable in self.trainable_variables:
            part = parts.get(id(variable))
            indices = self.objective.of_model if part is None else self.objective.trainers(part)
            routes.setdefault(indices, []).append(variable)
        return [(indices, variables) for indices, variables in routes.items() if indices]

    def _optimizers(self) -> list[tuple[keras.optimizers.Optimizer, list[keras.Variable]]]:
        """Each optimizer with its variables; the first counts the steps."""
        return [(self.optimizer, self.trainable_variables)]

    def train_step(self, data):
        seed = fold(as_seed(self.seed), self.step)
        step = self._gradients_under_xla if self._xla_inside_step else self._gradients
        gradients, report, statistics = step(data, seed, self._examples(data))
        of = {id(variable): gradient for variable, gradient in zip(self.trainable_variables, gradients, strict=True)}
        for optimizer, variables in self._optimizers():
            optimizer.apply([of[id(variable)] for variable in variables], variables)
        for name, own in global_sum(statistics).items():
            getattr(self, name).update(own, seed)
        self.step.assign_add(1)
        return self._update_metrics(report)

    def test_step(self, data):
        seen = self._trackers["loss"].count  # Keras resets it with each evaluation, so evaluations repeat
        seed = fold(fold(as_seed(self.seed), -1), seen)
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        report, *_ = self._report(self._trace(x, y, seed, training=False))
        return self._update_metrics(_sums(report, sample_weight))

    def _examples(self, data) -> tf.Tensor:
        """How many there are in the global batch."""
        x, *_ = keras.utils.unpack_x_y_sample_weight(data)
        return global_sum(tf.cast(tf.shape(x)[0], tf.float32))

    def _gradients(self, data, seed, examples=None):
        """The gradient of each trainable variable; the sums to report; the heads' statistics.

        Args:
            data: the replica's batch.
            seed: of the step's noise, the same for every replica.
            examples: how many there are in the global batch, over which the loss is a mean; by default the replica's.
        """
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        examples = tf.cast(tf.shape(x)[0], tf.float32) if examples is None else examples
        optimizer_of = {id(v): optimizer for optimizer, variables in self._optimizers() for v in variables}
        routes = self._routes()
        losses = []
        with tf.GradientTape(persistent=len(routes) > 1) as tape:
            trace = self._trace(x, y, seed, training=True)
            report, terms, regularisation = self._report(trace)
            for indices, variables in routes:
                loss = self.objective.weigh(terms, trace.step, indices)
                loss = tf.reduce_sum(loss if sample_weight is None else loss * sample_weight) / examples
                loss += regularisation / self.distribute_strategy.num_replicas_in_sync
                losses.append(optimizer_of[id(variables[0])].scale_loss(loss))
        found = {}
        for loss, (_, variables) in zip(losses, routes, strict=True):
            gradients = tape.gradient(loss, variables)
            found |= {id(variable): gradient for variable, gradient in zip(variables, gradients, strict=True)}
        heads = {name: getattr(self, name) for name in ("posterior", "likelihood")}
        statistics = {name: head.statistics(trace) for name, head in heads.items() if head.trainable}
        gradients = [found.get(id(variable)) for variable in self.trainable_variables]
        return gradients, _sums(report, sample_weight), statistics

    @tf.function(jit_compile=True, autograph=False, reduce_retracing=True)
    def _gradients_under_xla(self, data, seed, examples):
        return self._gradients(data, seed, examples)

    def _trace(self, x, y, seed, *, training: bool) -> Trace:
        extras = {} if y is None else {"y": y}
        step = tf.convert_to_tensor(self.step)
        return self.trace(x, seed=seed, samples=self.objective.samples, training=training, step=step, extras=extras)

    def _report(self, trace: Trace) -> tuple[dict[str, tf.Tensor], dict[str, tf.Tensor], tf.Tensor]:
        """Everything to be reported and the terms' values, `(B,)` each; the networks' own regularisation, a scalar."""
        loss, terms = self.objective(trace)
        regularisation = tf.add_n([tf.zeros(()), *self.losses])
        return {**terms, **self.bound(trace), "loss": loss + regularisation}, terms, regularisation

    def bound(self, trace: Trace) -> dict[str, tf.Tensor]:
        """The unweighted ELBO and its two parts, `(B,)` each."""
        nll = NLL()(trace)
        if not self.has_density:
            return {"nll": nll}
        kl = self._kl.divergence(trace)
        return {"elbo": -nll - kl, "nll": nll, "kl": kl}

    def _update_metrics(self, sums):
        sums, weight = global_sum(sums)
        for name, tracker in self._trackers.items():
            tracker.update_state(sums[name], weight)
        found = self.get_metrics_result()
        if between_workers(self.distribute_strategy):
            return {name: value[tf.newaxis] for name, value in found.items()}  # Keras reduces axis 0: tensorflow#72388
        return found

    @property
    def metrics(self):
        # Keras's callbacks look for the direction of a metric only inside a list such as the last.
        return [*self._trackers.values(), self._directions]

    @property
    def means(self) -> dict[str, tuple[float, float]]:
        """The sum and the weight of each metric since they were last reset, by name; those left out are set to 0."""
        return {name: tracker.state for name, tracker in self._trackers.items()}

    @means.setter
    def means(self, means):
        for name, tracker in self._trackers.items():
            tracker.state = means.get(name, (0.0, 0.0))


def _sums(report, sample_weight):
    """The weighted sum of each value of the report, and of the weights."""
    weights = tf.ones_like(report["loss"]) if sample_weight is None else tf.cast(sample_weight, tf.float32)
    return {name: tf.reduce_sum(value * weights) for name, value in report.items()}, tf.reduce_sum(weights)
