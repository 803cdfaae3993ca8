"""A model as it is served: its signatures as graphs, and the scores that they compare with."""

import contextlib
from functools import cached_property

import numpy as np
import tensorflow as tf

from keras_vae.data import Split
from keras_vae.models import Autoencoder, SemiSupervisedAutoencoder
from keras_vae.models.inputs import check_examples
from keras_vae.models.questions import in_batches
from keras_vae.progress import progress
from keras_vae.serving import recorded
from keras_vae.serving.example_inputs import example_inputs
from keras_vae.serving.options import ExportOptions
from keras_vae.serving.precision import ServedWeights, with_precision
from keras_vae.serving.quantiles import Quantiles
from keras_vae.serving.signatures import Signature, log_density, signatures_of

MOST_TRAINING_EXAMPLES = 10_000


class ServedModel:
    """What is written for a model: its signatures, and what goes with them.

    Args:
        model: see `export`.
        options: see `export`.
        training: see `export`.
        verbose: see `export`.
    """

    def __init__(self, model: Autoencoder, options: ExportOptions, training: Split | None, *, verbose: int = 0):
        self.original = model
        self.options = options
        self.training = training
        self.verbose = verbose
        self.model = with_precision(model, options.precision) if "float16" in options.precision else model
        packed, constant = options.precision == "int8", options.signature is not None
        self.weights = ServedWeights(self.model, packed=packed, constant=constant) if packed or constant else None
        if training is not None:
            check_examples(training.x, model.likelihood, part="training")

    @cached_property
    def scores(self) -> np.ndarray:
        """The scores of training examples by what is served, nats, `(N,)`, N at most 10,000."""
        return self._scored(self.model, self.scope)

    @cached_property
    def loss_of_precision(self) -> float:
        """By how much the mean score of the training examples falls for the precision, in nats per example."""
        return float(np.mean(self._scored(self.original, contextlib.nullcontext)) - np.mean(self.scores))

    @cached_property
    def quantiles(self) -> Quantiles | None:
        """The distribution of these scores; None without training examples."""
        return None if self.training is None else Quantiles.of(self.scores)

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """What is answered, by name."""
        return signatures_of(self.model, self.options, self.quantiles, scope=self.scope)

    @cached_property
    def functions(self) -> dict[str, tf.types.experimental.ConcreteFunction]:
        """Each signature as a graph, with its inputs and outputs by name."""
        names = progress(self.signatures, len(self.signatures), "Tracing signatures", verbose=self.verbose)
        return {name: self._traced(self.signatures[name]) for name in names}

    def scope(self) -> contextlib.AbstractContextManager:
        """Where the model has the weights that are served."""
        return contextlib.nullcontext() if self.weights is None else self.weights.scope()

    def answer(self, name: str, n: int) -> recorded.Answer:
        """A question to a signature, with `n` rows, and what the model says."""
        x = None if self.training is None else self.training.x
        inputs = example_inputs(self.model, self.signatures[name], n, x=x)
        outputs = self.functions[name](**{key: tf.constant(value) for key, value in inputs.items()})
        return recorded.Answer(inputs, {key: value.numpy() for key, value in outputs.items()})

    def _traced(self, signature):
        specs = {spec.name: spec for spec in signature.inputs}
        function = tf.function(lambda **inputs: signature.function(*(inputs[name] for name in specs)), autograph=False)
        return function.get_concrete_function(**specs)

    def _scored(self, model, scope):
        score = log_density(model, self.options, scope=scope)
        chosen = self.training[:MOST_TRAINING_EXAMPLES]
        batch_size = max(1, model.batch_size_for() // self.options.samples)
        told = model.condition is not None and not isinstance(model, SemiSupervisedAutoencoder)
        conditions = [model.condition.check(chosen.y, len(chosen))] if told else []
        return in_batches(lambda x, *y: score(model.prepare(x), *y), batch_size, chosen.x, *conditions).numpy()
