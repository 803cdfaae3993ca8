import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.random import as_seed

CLASSES = 3
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(30, 4)).astype("float32")
Y = np.arange(30) % CLASSES
VECTORS = RANDOM.normal(size=(30, 2)).astype("float32")


def new(condition=None, **parts):
    condition = condition or kv.LabelCondition(CLASSES)
    keras.utils.set_random_seed(0)
    encoder, decoder = kv.make_networks("mlp", (4,), 2, units=(16,), condition_dim=condition.size)
    parts = {"likelihood": "normal", "objective": kv.NLL() + kv.KL(), "seed": 0, **parts}
    return kv.Autoencoder(encoder, decoder, condition=condition, **parts)


@pytest.fixture
def codes_at_their_mean(monkeypatch):
    """Takes the noise away, which XLA makes differently."""
    draw = lambda self, *, distribution, samples=1, seed=None: tf.stack([distribution.mean()] * samples)  # noqa: E731
    monkeypatch.setattr(kv.Sampling, "call", draw)


@pytest.fixture(scope="module")
def questions():
    """One model, to be asked and not to be trained."""
    model = new()
    model.compile(jit_compile=False)
    return model


@pytest.fixture(scope="module")
def trained():
    """A model of data that their labels determine but for noise, the data, the labels and the mean of each class."""
    means = 3 * np.eye(CLASSES, 4, dtype="float32") - 1
    labels = np.arange(240) % CLASSES
    x = means[labels] + 0.2 * np.random.default_rng(1).normal(size=(240, 4)).astype("float32")
    model = new(likelihood=kv.Normal((4,), scale=0.3))
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    model.fit(x, labels, epochs=60, batch_size=48, verbose=0)
    return model, x, labels, means


def test_the_condition_changes_codes_and_examples(questions):
    z = np.zeros((1, 2))
    codes = [questions.encode(X[:1], condition=[label]).mean().numpy() for label in range(CLASSES)]
    decoded = [questions.decode(z, condition=[label]).mean().numpy() for label in range(CLASSES)]
    for values in (codes, decoded):
        assert min(np.abs(values[i] - values[j]).max() for i in range(CLASSES) for j in range(i)) > 1e-3


def test_each_example_has_its_own_condition(questions):
    order = np.random.default_rng(0).permutation(30)
    for ask in (
        lambda x, y: questions.encode(x, condition=y).mean().numpy(),
        lambda x, y: questions.decode(x[:, :2], condition=y).mean().numpy(),
        lambda x, y: questions.reconstruct(x, condition=y),
    ):
        whole = ask(X, Y)
        assert np.allclose(ask(X[order], Y[order]), whole[order], atol=1e-5)
        assert not np.allclose(ask(X, (Y + 1) % CLASSES), whole, atol=1e-3)
    in_parts = questions.encode(X, condition=Y, batch_size=7).mean()
    assert np.allclose(in_parts, questions.encode(X, condition=Y).mean(), atol=1e-6)


def test_the_networks_see_the_one_hot_label_beside_the_example(questions):
    seen = np.concatenate([X, np.eye(CLASSES)[Y]], axis=1).astype("float32")
    expected = questions.posterior.distribution(questions.posterior(questions.encoder(seen)))
    assert np.allclose(questions.encode(X, condition=Y).mean(), expected.mean(), atol=1e-5)
    seen = np.concatenate([X[:, :2], np.eye(CLASSES)[Y]], axis=1).astype("float32")
    expected = questions.likelihood.distribution(questions.likelihood(questions.decoder(seen)))
    assert np.allclose(questions.decode(X[:, :2], condition=Y).mean(), expected.mean(), atol=1e-5)


def test_every_draw_of_an_example_has_its_condition(questions):
    trace = questions.trace(X, seed=as_seed(0), samples=3, extras={"y": tf.constant(Y)})
    for draw in range(3):
        expected = questions.decode(trace.latents[0].sample[draw], condition=Y).mean()
        assert np.allclose(trace.likelihood.mean()[draw], expected, atol=1e-5)
    assert np.allclose(trace.decode(trace.latents[0].sample).mean(), trace.likelihood.mean(), atol=1e-5)
    assert np.allclose(trace.encode(X).mean(), questions.encode(X, condition=Y).mean(), atol=1e-5)


@pytest.mark.slow
def test_the_figures_of_fit_are_those_of_the_label(codes_at_their_mean):
    model = new()
    model.compile(jit_compile=False)
    bounds = []
    for labels in (Y, (Y + 1) % CLASSES):
        bounds.append(model.elbo(X, condition=labels))
        expected = -model.decode(model.encode(X, condition=labels).mean(), condition=labels).log_prob(X)
        figures = model.evaluate(X, labels, return_dict=True, verbose=0)
        assert figures["nll"] == pytest.approx(np.mean(expected), rel=1e-5)
        assert figures["elbo"] == pytest.approx(bounds[-1].mean(), rel=1e-5)
    assert not np.allclose(*bounds, atol=0.01)


@pytest.mark.slow
def test_the_likelihood_is_that_of_the_label(questions):
    likelihoods = []
    for labels in (Y, (Y + 1) % CLASSES):
        likelihoods.append(questions.log_likelihood(X, condition=labels, samples=200))
        assert likelihoods[-1].mean() > questions.elbo(X, condition=labels, samples=200).mean()
    assert not np.allclose(*likelihoods, atol=0.01)


def test_paths_keep_their_condition(questions):
    paths = questions.interpolate(X[:3], X[3:6], condition=[0, 1, 2], steps=4)
    ends = [questions.reconstruct(x, condition=[0, 1, 2]) for x in (X[:3], X[3:6])]
    assert np.allclose(paths[:, 0], ends[0], atol=1e-5) and np.allclose(paths[:, -1], ends[1], atol=1e-5)
    for label in range(CLASSES):
        (path,) = questions.traverse(condition=label, dimensions=[1], values=[-1.0, 2.0])
        expected = questions.decode([[0, -1.0], [0, 2.0]], condition=[label] * 2).mean()
        assert np.allclose(path, expected, atol=1e-5)
    (path,) = questions.traverse(X[4], condition=2, dimensions=[0], values=[0.5])
    code = questions.encode(X[4:5], condition=[2]).mean().numpy()
    code[:, 0] = 0.5
    assert np.allclose(path, questions.decode(code, condition=[2]).mean(), atol=1e-5)


BAD = [
    (None, "this model is conditional and expected labels from 0 to 2"),
    (Y[:-1], r"shape \(30,\); got shape \(29,\)"),
    (np.full(30, 3), "got labels from 3 to 3"),
    (np.full(30, -1), "got labels from -1 to -1"),
    (np.full(30, 0.5), "no whole number"),
    (np.full((30, 3), 1), r"got shape \(30, 3\)"),
]


@pytest.mark.parametrize(("labels", "message"), BAD, ids=range(len(BAD)))
def test_bad_conditions_are_refused_everywhere(labels, message, questions, refused):
    for ask in (
        lambda: questions.fit(X, labels, verbose=0),
        lambda: questions.fit(X, Y, validation_data=(X, labels), verbose=0),
        lambda: questions.evaluate(X, labels, verbose=0),
        lambda: questions.encode(X, condition=labels),
        lambda: questions.decode(X[:, :2], condition=labels),
        lambda: questions.reconstruct(X, condition=labels),
        lambda: questions.sample(30, condition=labels),
        lambda: questions.elbo(X, condition=labels),
        lambda: questions.log_likelihood(X, condition=labels, samples=2),
        lambda: questions.interpolate(X, X, condition=labels),
    ):
        with refused(message):
            ask()


@pytest.mark.slow
def test_the_first_batch_of_a_data_set_is_checked(questions, refused):
    batches = tf.data.Dataset.from_tensor_slices((X, Y + 1)).batch(10)
    with refused("batch 0 .* expected labels from 0 to 2"):
        questions.fit(batches, verbose=0)
    with refused("this model is conditional"):
        questions.fit(tf.data.Dataset.from_tensor_slices(X).batch(10), verbose=0)


def test_a_model_without_a_condition_takes_none(refused):
    encoder, decoder = kv.make_networks("mlp", (4,), 2, units=(4,))
    model = kv.Autoencoder(encoder, decoder, objective=kv.NLL() + kv.KL())
    with refused("takes none"):
        model.sample(2, condition=[0, 1])


def test_networks_that_leave_no_room_for_the_condition_are_refused(refused):
    encoder, decoder = kv.make_networks("mlp", (3,), 2, units=(4,))
    with refused("encoder: expected inputs with the condition's 3 numbers beside the last axis"):
        kv.Autoencoder(encoder, decoder, condition=kv.LabelCondition(3), objective=kv.NLL() + kv.KL())
    with refused("condition: expected a Condition or None; got 3"):
        kv.Autoencoder(encoder, decoder, condition=3, objective=kv.NLL() + kv.KL())


@pytest.mark.slow
def test_samples_resemble_their_class(trained):
    model, _, _, means = trained
    wanted = np.arange(60) % CLASSES
    for draw in ("mean", "sample"):
        samples = model.sample(60, seed=0, condition=wanted, draw=draw)
        nearest = ((samples[:, None] - means) ** 2).sum(-1).argmin(1)
        assert np.mean(nearest == wanted) > 0.95


def test_the_true_label_explains_an_example_best(trained):
    model, x, labels, _ = trained
    bounds = np.stack([model.elbo(x[:60], condition=np.full(60, label)) for label in range(CLASSES)], axis=1)
    assert np.mean(bounds.argmax(1) == labels[:60]) > 0.95


@pytest.mark.slow
def test_a_condition_that_tells_all_leaves_nothing_for_the_code(trained):
    model, x, labels, _ = trained
    unconditional = kv.Autoencoder(
        *kv.make_networks("mlp", (4,), 2, units=(16,)),
        likelihood=kv.Normal((4,), scale=0.3),
        objective=kv.NLL() + kv.KL(),
        seed=0,
    )
    unconditional.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    unconditional.fit(x, epochs=30, batch_size=48, verbose=0)
    model.compile(jit_compile=False)
    told, untold = (
        one.evaluate(x, y, return_dict=True, verbose=0) for one, y in ((model, labels), (unconditional, None))
    )
    assert told["kl"] < 0.5 * untold["kl"] and told["elbo"] > untold["elbo"]


@pytest.mark.slow
def test_vectors_steer_what_is_generated():
    model = new(kv.VectorCondition(2), objective=kv.NLL() + kv.KL())
    weights = np.array([[1.0, -2.0, 0.0, 0.5], [0.5, 0.0, 1.5, -1.0]], "float32")
    vectors = np.random.default_rng(0).normal(size=(300, 2)).astype("float32")
    x = vectors @ weights + 0.1 * np.random.default_rng(1).normal(size=(300, 4)).astype("float32")
    model.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    history = model.fit(x, vectors, epochs=30, batch_size=50, verbose=0).history
    assert history["elbo"][-1] > history["elbo"][0] + 1
    samples = model.sample(100, seed=0, condition=vectors[:100])
    assert np.mean((samples - vectors[:100] @ weights) ** 2) < 0.15 * np.mean(x**2)
    assert not np.allclose(samples, model.sample(100, seed=0, condition=vectors[100:200]), atol=0.1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("network", "options"), [("conv", {"filters": (4, 4)}), ("spatial", {"filters": (4,), "groups": 2})]
)
def test_images_carry_the_condition_as_maps(network, options):
    keras.utils.set_random_seed(0)
    encoder, decoder = kv.make_networks(network, (8, 8, 1), 2, condition_dim=CLASSES, **options)
    model = kv.Autoencoder(encoder, decoder, condition=kv.LabelCondition(CLASSES), objective=kv.NLL() + kv.KL(), seed=0)
    assert encoder.input_shape == (None, 8, 8, 1 + CLASSES)
    assert decoder.input_shape[-1] == 2 + CLASSES and model.latent_shape[-1] == 2
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 1), dtype=np.uint8)
    labels = np.arange(6) % CLASSES
    maps = np.broadcast_to(np.eye(CLASSES, dtype="float32")[labels][:, None, None], (6, 8, 8, CLASSES))
    seen = np.concatenate([images / np.float32(255), maps], axis=-1)
    expected = model.posterior.distribution(model.posterior(encoder(seen))).mean()
    assert np.allclose(model.encode(images, condition=labels).mean(), expected, atol=1e-5)
    model.compile(jit_compile=False)
    assert np.isfinite(model.fit(images, labels, verbose=0).history["loss"]).all()
    samples = [model.sample(2, seed=0, condition=[label] * 2) for label in range(CLASSES)]
    assert samples[0].shape == (2, 8, 8, 1) and not np.allclose(samples[0], samples[1], atol=1e-4)


def test_a_saved_model_keeps_its_condition(tmp_path):
    model = new(kv.VectorCondition(2))
    model.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    assert isinstance(loaded.condition, kv.VectorCondition) and loaded.condition.size == 2
    assert np.array_equal(loaded.sample(30, seed=0, condition=VECTORS), model.sample(30, seed=0, condition=VECTORS))
