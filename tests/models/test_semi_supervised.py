import math

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.objectives import log_weights, marginal_bound
from keras_vae.random import as_seed

tfd = tfp.distributions
CLASSES = 3
X = np.random.default_rng(0).normal(size=(12, 5)).astype("float32")
Y = np.arange(12) % CLASSES
UNKNOWN = np.full(12, -1)


@pytest.fixture
def codes_at_their_mean(monkeypatch):
    """Takes the noise away, so that the passes of two models can be compared."""
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)


def new(alpha=2.0, *, classes=CLASSES, units=(8,), **parts):
    keras.utils.set_random_seed(0)
    encoder, decoder = kv.make_networks("mlp", (5,), 2, units=units, condition_dim=classes)
    return kv.SemiSupervisedAutoencoder(
        encoder,
        decoder,
        classifier=kv.MLPEncoder((5,), units),
        condition=kv.LabelCondition(classes),
        objective=kv.SemiSupervisedELBO(alpha),
        **{"likelihood": "normal", "seed": 0, **parts},
    )


def conditional(model):
    """A conditional VAE of the same parts and weights."""
    parts = {name: getattr(model, name) for name in ("posterior", "likelihood", "prior", "condition")}
    return kv.Autoencoder(model.encoder, model.decoder, **parts, objective=kv.NLL() + kv.KL(), seed=0)


def of_every_class(model, x=X):
    """L(x, y) of a conditional VAE for every y, `(N, classes)`; log q(y | x)."""
    bounds = [conditional(model).elbo(x, condition=np.full(len(x), y)) for y in range(CLASSES)]
    logits = model.class_logits(x).numpy().astype("float64")
    return np.stack(bounds, axis=1) - math.log(CLASSES), logits - np.logaddexp.reduce(logits, axis=1)[:, None]


def test_with_its_label_an_example_has_the_conditional_bound(codes_at_their_mean):
    model = new()
    joint, _ = of_every_class(model)
    assert np.allclose(model.elbo(X, condition=Y), joint[np.arange(12), Y], rtol=1e-5)


@pytest.mark.slow
def test_without_its_label_an_example_has_the_sum_over_classes(codes_at_their_mean):
    model = new()
    joint, log_q = of_every_class(model)
    expected = (np.exp(log_q) * (joint - log_q)).sum(1)
    for given in (model.elbo(X), model.elbo(X, condition=UNKNOWN)):
        assert np.allclose(given, expected, rtol=1e-5)


def test_known_and_unknown_labels_stand_side_by_side(codes_at_their_mean):
    model = new()
    mixed = np.where(np.arange(12) % 2, Y, -1)
    expected = np.where(mixed < 0, model.elbo(X), model.elbo(X, condition=Y))
    assert np.allclose(model.elbo(X, condition=mixed), expected, rtol=1e-5)
    assert np.allclose(model.elbo(X, condition=mixed[:, None]), expected, rtol=1e-5)


@pytest.mark.slow
def test_the_loss_is_the_bound_and_the_cross_entropy_of_known_labels(codes_at_their_mean):
    model = new(alpha=2.0)
    model.compile(jit_compile=False)
    _, log_q = of_every_class(model)
    mixed = np.where(np.arange(12) % 2, Y, -1)
    cross_entropy = np.where(mixed < 0, 0.0, -log_q[np.arange(12), Y])
    figures = model.evaluate(X, mixed, return_dict=True, verbose=0)
    assert figures["elbo"] == pytest.approx(model.elbo(X, condition=mixed).mean(), rel=1e-5)
    assert figures["loss"] == pytest.approx(-figures["elbo"] + 2 * cross_entropy.mean(), rel=1e-5)
    assert figures["elbo"] == pytest.approx(-figures["nll"] - figures["kl"], rel=1e-5)


@pytest.mark.slow
def test_the_marginal_bound_is_largest_at_the_posterior_of_the_classes(codes_at_their_mean):
    model = new()
    joint, _ = of_every_class(model)
    trace = model.trace(X, seed=as_seed(0))
    best = trace.replace(extras={**trace.extras, "classes": tf.constant(joint, tf.float32)})
    values = marginal_bound(best)["elbo"]
    assert np.allclose(values, np.logaddexp.reduce(joint, axis=1), rtol=1e-5)
    assert np.all(values > marginal_bound(trace)["elbo"])


@pytest.mark.slow
def test_the_likelihood_is_above_the_bound():
    model = new()
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(X, np.where(np.arange(12) % 2, Y, -1), epochs=5, verbose=0)
    for condition in (None, Y):
        bound = model.elbo(X, condition=condition, samples=300)
        likelihood = model.log_likelihood(X, condition=condition, samples=300)
        assert (likelihood > bound - 0.02).all() and likelihood.mean() > bound.mean()
    marginal = np.logaddexp.reduce(
        [model.log_likelihood(X, condition=np.full(12, y), samples=300) for y in range(CLASSES)], axis=0
    )
    assert np.allclose(model.log_likelihood(X, samples=300), marginal, atol=0.05)


def test_the_weights_of_a_known_label_are_those_of_the_conditional_model(codes_at_their_mean):
    model = new()
    trace = model.trace(X, seed=as_seed(0), samples=1, extras={"y": tf.constant(Y)})
    other = conditional(model).trace(X, seed=as_seed(0), samples=1, extras={"y": tf.constant(Y)})
    assert np.allclose(model.log_weights(trace), log_weights(other) - math.log(CLASSES), rtol=1e-5)


def separated(n=200, known=10):
    """Two clusters, and labels of a few of each."""
    random = np.random.default_rng(0)
    classes = np.arange(n) % 2
    x = (2.0 * classes[:, None] - 1 + 0.3 * random.normal(size=(n, 5))).astype("float32")
    return x, classes, np.where(np.arange(n) < 2 * known, classes, -1)


@pytest.mark.slow
def test_a_few_labels_are_enough_for_separated_clusters():
    x, classes, labels = separated()
    model = new(alpha=100.0, classes=2)
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(x, labels, epochs=15, batch_size=50, verbose=0)
    probabilities = model.classify(x)
    assert np.allclose(probabilities.sum(1), 1, atol=1e-5)
    assert np.mean(probabilities.argmax(1) == classes) > 0.9


def test_without_labels_the_classifier_is_trained_by_the_bound_alone():
    model = new(alpha=5.0)
    model.compile(keras.optimizers.SGD(1e-2), jit_compile=False)
    gradients = []
    for alpha in (5.0, 50.0):
        model.objective.terms[0].alpha = alpha
        found, *_ = model.gradients((X, tf.constant(UNKNOWN)), as_seed(0))
        gradients.append(found)
    of_classifier = {id(v) for v in (*model.classifier.trainable_variables, *model.class_head.trainable_variables)}
    for variable, one, other in zip(model.trainable_variables, *gradients, strict=True):
        assert np.allclose(one, other)
        assert id(variable) not in of_classifier or np.any(one)


@pytest.mark.slow
def test_questions_without_a_label_take_the_most_probable_one():
    model = new()
    labels = model.classify(X).argmax(1)
    assert len(set(labels)) > 1
    assert np.array_equal(model.encode(X).mean(), model.encode(X, condition=labels).mean())
    assert np.array_equal(model.reconstruct(X), model.reconstruct(X, condition=labels))
    assert np.allclose(model.predict(X, verbose=0), model.reconstruct(X, condition=labels), atol=1e-5)


@pytest.mark.slow
def test_unknown_labels_among_known_ones_are_inferred():
    model, likely = new(), None
    likely = model.classify(X).argmax(axis=-1)
    mixed = np.where(np.arange(12) % 2, Y, -1)
    filled = np.where(np.arange(12) % 2, Y, likely)
    for method in (lambda y: model.encode(X, condition=y).mean(), lambda y: model.reconstruct(X, condition=y),
                   lambda y: model.interpolate(X, X[::-1], condition=y, steps=2)):  # fmt: skip
        assert np.array_equal(method(mixed), method(filled))
    assert np.array_equal(model.encode(X).mean(), model.encode(X, condition=UNKNOWN).mean())


@pytest.mark.slow
def test_the_kl_per_dimension_is_that_of_one_class():
    model = new()
    model.compile(jit_compile=False)
    total = model.evaluate(X, Y, return_dict=True, verbose=0)["kl"]
    assert kv.evaluation.kl_per_dimension(model, X, Y).sum() + math.log(CLASSES) == pytest.approx(total, rel=1e-5)


@pytest.mark.slow
def test_labels_may_be_missing_altogether():
    models = []
    for labels in (None, UNKNOWN):
        model = new()
        model.compile(keras.optimizers.SGD(1e-2), jit_compile=False)
        model.fit(X, labels, epochs=2, shuffle=False, verbose=0)
        models.append(model)
    for one, other in zip(*(model.trainable_weights for model in models), strict=True):
        assert np.allclose(one, other, atol=1e-6)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.full(12, -2), "labels from 0 to 2, .* got labels from -2"),
        (np.full(12, 3), "got labels from 3 to 3"),
        (np.where(np.arange(12) == 3, -2, UNKNOWN), "got labels from -2"),
        (np.full(11, -1), r"shape \(12,\); got shape \(11,\)"),
        (np.full(12, 0.5), "no whole number"),
        (np.full(12, np.nan), "no whole number"),
        (np.full((12, 3), 2), "one-hot rows with a single 1"),
        (np.full(12, "a"), "of <U1"),
    ],
)
def test_other_labels_are_refused(labels, message, refused):
    model = new()
    model.compile(jit_compile=False)
    for ask in (
        lambda: model.fit(X, labels, verbose=0),
        lambda: model.evaluate(X, labels, verbose=0),
        lambda: model.elbo(X, condition=labels),
    ):
        with refused(message):
            ask()


def test_missing_labels_are_refused_where_a_class_is_needed(refused):
    with refused("labels from 0 to 2"):
        new().decode(np.zeros((2, 2)), condition=[-1, 0])
    with refused("this model is conditional"):
        new().sample(2)


def test_it_wants_labels_and_a_classifier_of_the_examples(refused):
    encoder, decoder = kv.make_networks("mlp", (5,), 2, units=(4,), condition_dim=3)
    parts = {"objective": kv.SemiSupervisedELBO(), "classifier": kv.MLPEncoder((5,), (4,))}
    with refused(r"condition: expected a LabelCondition"):
        kv.SemiSupervisedAutoencoder(encoder, decoder, condition=kv.VectorCondition(3), **parts)
    parts["classifier"] = kv.MLPEncoder((4,), (4,))
    with refused(r"classifier: expected inputs of shape \(5,\); it takes \(4,\)"):
        kv.SemiSupervisedAutoencoder(encoder, decoder, condition=kv.LabelCondition(3), **parts)


def test_its_term_wants_such_a_model(refused):
    encoder, decoder = kv.make_networks("mlp", (5,), 2, units=(4,))
    model = kv.Autoencoder(encoder, decoder, objective=kv.SemiSupervisedELBO())
    model.compile(jit_compile=False, run_eagerly=True)
    with refused("semi_supervised: it needs a SemiSupervisedAutoencoder"):
        model.objective(model.trace(X, seed=as_seed(0)))


@pytest.mark.parametrize("alpha", [-1, math.nan, math.inf, "1"])
def test_a_bad_alpha_is_refused(alpha, refused):
    with refused("SemiSupervisedELBO: alpha must be a number >= 0"):
        kv.SemiSupervisedELBO(alpha)


@pytest.mark.slow
def test_a_prior_without_a_closed_form_is_drawn_from():
    model = new(prior="mixture")
    trace = model.trace(X, seed=as_seed(0), extras={"y": tf.constant(Y)})
    expected = kv.KL(estimator="monte_carlo").divergence(trace).numpy().reshape(CLASSES, 12)[Y, np.arange(12)]
    assert np.allclose(model.elbo_terms(trace)["kl"], expected + math.log(CLASSES), rtol=1e-5)
    model.compile(jit_compile=False)
    assert np.isfinite(model.fit(X, Y, verbose=0).history["loss"]).all()


@pytest.mark.slow
def test_another_prior_keeps_the_classifier():
    model = new()
    other = model.with_prior(kv.GaussianMixturePrior.fit(model.encode(X).mean(), components=2))
    assert other.classifier is model.classifier and other.class_head is model.class_head
    assert np.array_equal(other.classify(X), model.classify(X))
    assert np.isfinite(other.log_likelihood(X, samples=5)).all()
    assert np.isfinite(other.elbo(X)).all()
