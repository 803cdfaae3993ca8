"""A model for export: its signatures as graphs, and the scores of anomalies."""

import contextlib
from functools import cached_property

import numpy as np
import tensorflow as tf

from keras_vae.data import Split
from keras_vae.errors import InvalidInputError
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.models.batched_methods import map_batches
from keras_vae.models.inputs import check_examples
from keras_vae.progress import progress
from keras_vae.serving import recorded_answers
from keras_vae.serving.example_inputs import example_inputs
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.precision import ServedWeights, with_precision
from keras_vae.serving.served_anomaly_scorer import ServedAnomalyScorer
from keras_vae.serving.signatures import ExportSignature, export_signatures, log_density

MAX_TRAINING_EXAMPLES = 10_000


class ServedModel:
    """A model with its options and usual examples, and the signatures for its export.

    Args:
        model: see `export`.
        options: see `export`.
        training: see `export`.
        calibration: see `export`.
        verbose: see `export`.
    """

    def __init__(
        self,
        model: Autoencoder,
        options: ExportOptions,
        training: Split | None,
        calibration: Split | None = None,
        *,
        verbose: int = 0,
    ):
        self.original = model
        self.options = options
        self.verbose = verbose
        self.model = with_precision(model, options.precision) if "float16" in options.precision else model
        quantized, constant = options.precision == "int8", options.signature is not None
        self.weights = None
        if quantized or constant:
            self.weights = ServedWeights(self.model, quantized=quantized, constant=constant)
        if training is not None:
            training = training.in_memory()
            check_examples(training.x, model.likelihood, part="training")
        elif calibration is not None:
            raise InvalidInputError("calibration: expected training examples beside it, got none; give both.")
        self.training, self.calibration = training, calibration

    @cached_property
    def loss_of_precision(self) -> float:
        """The decrease of the mean ELBO of at most 10,000 training examples due to the precision, in nats."""
        exact, served = (
            np.mean(self._compute_scores(model, scope))
            for model, scope in ((self.original, contextlib.nullcontext), (self.model, self.scope))
        )
        return float(exact - served)

    @cached_property
    def scorer(self) -> ServedAnomalyScorer | None:
        """The scores of anomalies beside the training examples; None without them."""
        if self.training is None:
            return None
        return ServedAnomalyScorer(
            self.model, self.training, self.calibration, self.options, self.scope, verbose=self.verbose
        )

    @cached_property
    def signatures(self) -> dict[str, ExportSignature]:
        """The signatures by name."""
        return export_signatures(self.model, self.options, self.scorer, scope=self.scope)

    @cached_property
    def functions(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """The graph of each signature, with inputs and outputs by name."""
        names = progress(self.signatures, len(self.signatures), "Tracing signatures", verbose=self.verbose)
        return {name: self._trace(self.signatures[name]) for name in names}

    def scope(self) -> contextlib.AbstractContextManager:
        """Returns a context in which the model uses the exported weights."""
        return contextlib.nullcontext() if self.weights is None else self.weights.scope()

    def answer(self, name: str, n: int) -> recorded_answers.RecordedAnswer:
        """Runs a signature on `n` example rows; returns the inputs and the outputs."""
        x = None if self.training is None else np.asarray(self.training.x)
        inputs = example_inputs(self.model, self.signatures[name], n, x=x)
        outputs = self.functions[name](**{key: tf.constant(value) for key, value in inputs.items()})
        return recorded_answers.RecordedAnswer(inputs, {key: value.numpy() for key, value in outputs.items()})

    def _trace(self, signature):
        specs = {spec.name: spec for spec in signature.inputs}
        function = tf.function(lambda **inputs: signature.function(*(inputs[name] for name in specs)), autograph=False)
        return function.get_concrete_function(**specs)

    def _compute_scores(self, model, scope):
        score = log_density(model, self.options, scope=scope)
        if self.training is None:
            raise InvalidInputError("training: expected examples to score, got none; give the training examples.")
        examples = self.training[:MAX_TRAINING_EXAMPLES]
        batch_size = max(1, model.batch_size_for() // self.options.samples)
        conditions = []
        if model.condition is not None and not isinstance(model, SemiSupervisedAutoencoder):
            conditions = [model.condition.check(examples.y, len(examples))]
        return map_batches(
            lambda x, *y: score(model.prepare(x), *y), batch_size, np.asarray(examples.x), *conditions
        ).numpy()
