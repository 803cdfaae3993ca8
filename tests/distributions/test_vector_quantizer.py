import itertools
import math

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.distributions import vector_quantizer
from keras_vae.distributions.vector_quantizer import nearest
from keras_vae.objectives import log_weights
from keras_vae.random import as_seed


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def quantizer(event_shape=(3, 2), *, codebooks=None, **options):
    """A head that takes its features for vectors, with these codebooks `(L, K, D)`."""
    if codebooks is not None:
        options = {"levels": codebooks.shape[0], "codebook_size": codebooks.shape[1], **options}
    head = kv.VectorQuantizer(event_shape, project=False, **options)
    head.build((None, *event_shape))
    if codebooks is not None:
        head.codebooks.assign(codebooks)
    return head


def trace_of(head, vectors, prior=None, *, seed=0):
    posterior = head.distribution({"vectors": tf.convert_to_tensor(vectors)})
    prior = None if prior is None else head.latent_prior(prior.distribution())
    latents = head.latents(posterior, prior, posterior.sample(1, seed=(0, 0)))
    return kv.Trace(
        x=tf.zeros((len(vectors), 1)),
        latents=latents,
        likelihood=None,
        step=tf.constant(0),
        seed=tf.constant([seed, 0]),
        encode=None,
        decode=None,
        extras={},
    )


def step(head, vectors, *, seed=0):
    """One step of training, as far as the head is concerned."""
    trace = trace_of(head, vectors, seed=seed)
    head.update(head.statistics(trace), trace.seed)


def brute_force(vectors, codebooks):
    """Indices `(..., L)` and the sum of entries, in NumPy."""
    left, indices, total = vectors.astype("float64"), [], 0
    for book in codebooks.astype("float64"):
        index = ((left[..., None, :] - book) ** 2).sum(-1).argmin(-1)
        indices.append(index)
        total, left = total + book[index], left - book[index]
    return np.stack(indices, axis=-1), total


@pytest.mark.parametrize("levels", [1, 3])
def test_the_chosen_entries_are_the_nearest(levels):
    vectors, codebooks = normal(5, 50, 3, 2), normal(levels, 7, 2, seed=1)
    posterior = quantizer(codebooks=codebooks).distribution({"vectors": tf.constant(vectors)})
    indices, total = brute_force(vectors, codebooks)
    assert np.array_equal(posterior.indices, indices)
    for code in (posterior.mean(), posterior.mode(), posterior.sample(2, seed=(0, 1))[1], posterior.quantized):
        assert np.allclose(code, total, atol=1e-5)
    assert posterior.batch_shape == (5, 50) and posterior.event_shape == (3, 2)


def test_the_nearest_is_found_far_from_the_origin():
    book, vectors = normal(20, 4, seed=1) + 30, normal(500, 4) + 30
    distances = ((vectors[:, None] - book) ** 2).sum(-1)
    found = distances[np.arange(500), nearest(tf.constant(vectors), tf.constant(book))]
    assert np.allclose(found, distances.min(1), atol=1e-2)


def test_rows_are_taken_out_whole():
    posterior = quantizer(codebooks=normal(2, 5, 2)).distribution({"vectors": tf.constant(normal(6, 3, 2))})
    row = posterior[2:4]
    assert row.batch_shape == (2,)
    assert np.array_equal(row.indices, posterior.indices[2:4]) and np.array_equal(row.mean(), posterior.mean()[2:4])


def test_the_code_is_certain():
    posterior = quantizer(codebooks=normal(1, 5, 2)).distribution({"vectors": tf.constant(normal(6, 3, 2))})
    z = posterior.sample(4, seed=(0, 1))
    for zero in (posterior.log_prob(z), posterior.entropy(), posterior.variance(), posterior.stddev()):
        assert not np.any(zero)
    assert posterior.log_prob(z).shape == (4, 6)


def test_the_gradient_passes_straight_through():
    head, weights = quantizer(codebooks=normal(2, 5, 2)), normal(6, 3, 2, seed=3)
    vectors = tf.constant(normal(6, 3, 2))
    with tf.GradientTape() as tape:
        tape.watch([vectors, head.codebooks.value])
        total = tf.reduce_sum(weights * head.distribution({"vectors": vectors}).sample(seed=(0, 1)))
    to_vectors, to_codebooks = tape.gradient(total, [vectors, head.codebooks.value])
    assert np.array_equal(to_vectors, weights)
    assert to_codebooks is None or not np.any(to_codebooks)


@pytest.mark.slow
def test_xla_equals_graph_mode():
    head = quantizer(codebooks=normal(2, 5, 2))
    read = lambda x: (head.distribution({"vectors": x}).indices, head.distribution({"vectors": x}).mean())  # noqa: E731
    x = tf.constant(normal(6, 3, 2))
    for graph, xla in zip(tf.function(read)(x), tf.function(read, jit_compile=True)(x), strict=True):
        assert np.allclose(graph, xla, atol=1e-6)


def test_the_first_step_puts_the_entries_on_vectors_of_the_batch():
    head, vectors = quantizer(codebook_size=6), normal(20, 3, 2) + 5
    step(head, vectors)
    distances = ((head.codebooks.numpy()[0][:, None] - vectors.reshape(-1, 2)) ** 2).sum(-1)
    assert np.array_equal(distances.min(1), np.zeros(6))
    assert np.array_equal(head.counts, np.ones((1, 6))) and np.array_equal(head.sums, head.codebooks)
    assert float(head.started) == 1


@pytest.mark.slow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_the_running_means_are_numpys(jit_compile):
    decay, books = 0.7, normal(2, 6, 2, seed=9)
    head = quantizer(codebooks=books, decay=decay, revive_below=0)
    head.started.assign(1.0)
    head.counts.assign(np.ones((2, 6)))
    head.sums.assign(books)
    one = tf.function(lambda x: step(head, x), jit_compile=jit_compile)
    books, counts, sums = (np.array(own, "float64") for own in (head.codebooks, head.counts, head.sums))
    for number in range(4):
        vectors = normal(20, 3, 2, seed=number + 1)
        indices, _ = brute_force(vectors, books)
        one(tf.constant(vectors))
        left = vectors.reshape(-1, 2).astype("float64")
        for level in range(2):
            chosen = np.eye(6)[indices[..., level].reshape(-1)]
            counts[level] = decay * counts[level] + (1 - decay) * chosen.sum(0)
            sums[level] = decay * sums[level] + (1 - decay) * chosen.T @ left
            left = left - chosen @ books[level]
        books = sums / counts[..., None]
        for own, expected in ((head.counts, counts), (head.sums, sums), (head.codebooks, books)):
            assert np.allclose(own, expected, atol=1e-4), number


def test_without_memory_an_entry_is_the_mean_of_what_chose_it():
    head, vectors = quantizer(codebook_size=4, decay=0.0, revive_below=0), normal(30, 3, 2)
    step(head, vectors)
    indices, _ = brute_force(vectors, head.codebooks.numpy())
    step(head, vectors)
    for code in np.unique(indices):
        expected = vectors[indices[..., 0] == code].mean(0)
        assert np.allclose(head.codebooks[0, code], expected, atol=1e-5)


def test_dead_entries_move_to_vectors_of_the_batch_and_the_others_stay():
    books = np.array([[[0, 0], [1, 0], [90, 90], [-90, 90]]], "float32")
    head, vectors = quantizer(codebooks=books, decay=0.9, revive_below=0.5), 0.5 + 0.1 * normal(40, 3, 2)
    head.started.assign(1.0)
    head.counts.assign([[1.0, 1.0, 0.5, 0.6]])
    head.sums.assign(head.counts[..., None] * books)
    step(head, vectors)
    entries = head.codebooks.numpy()[0]
    is_vector = (((entries[:, None] - vectors.reshape(-1, 2)) ** 2).sum(-1) == 0).any(1)
    assert is_vector.tolist() == [
        False,
        False,
        True,
        False,
    ]  # the count of the third falls to 0.45, of the last to 0.54
    assert np.allclose(entries[3], books[0, 3]) and head.counts[0, 2] == 1.0


@pytest.mark.slow
def test_entries_that_nothing_chooses_stay_without_revival():
    books = np.array([[[0, 0], [90, 90]]], "float32")
    head = quantizer(codebooks=books, decay=0.5, revive_below=0)
    head.started.assign(1.0)
    head.counts.assign([[1.0, 1.0]])
    head.sums.assign(books)
    for number in range(30):
        step(head, normal(10, 3, 2, seed=number))
    assert np.allclose(head.codebooks[0, 1], books[0, 1], rtol=1e-4)


@pytest.mark.slow
def test_every_level_takes_some_of_the_error():
    head, vectors = quantizer((1, 4), codebook_size=16, levels=4), normal(256, 1, 4) + 3  # off the origin
    step(head, vectors)
    for steps in (0, 20):
        for number in range(steps):
            step(head, vectors, seed=number + 1)
        posterior = head.distribution({"vectors": tf.constant(vectors)})
        left = [target for target, _ in posterior.levels] + [vectors - posterior.quantized]
        errors = [np.mean(np.sum(np.square(one), axis=-1)) for one in left]
        assert all(after < 0.8 * before for before, after in itertools.pairwise(errors)), errors
        assert np.allclose(tf.add_n([entry for _, entry in posterior.levels]), posterior.quantized)
        for level in range(4):
            assert len(np.unique(posterior.indices[..., level])) >= 12


def test_the_losses_are_squared_distances_and_each_example_counts_for_itself():
    head, vectors = quantizer(codebooks=normal(2, 5, 2)), normal(6, 3, 2)
    left, expected = vectors, 0
    indices, _ = brute_force(vectors, head.codebooks.numpy())
    for level in range(2):
        left = left - head.codebooks.numpy()[level][indices[..., level]]
        expected = expected + (left**2).sum((1, 2))
    for term in (kv.Commitment(), kv.CodebookLoss()):
        assert np.allclose(term(trace_of(head, vectors)), expected, rtol=1e-5)
        assert np.allclose(term(trace_of(head, vectors[2:3])), expected[2:3], rtol=1e-5)


def test_the_losses_pull_one_side_each():
    head, vectors = quantizer(codebooks=normal(1, 5, 2), codebook_update="gradient"), tf.constant(normal(6, 3, 2))
    posterior = head.distribution({"vectors": vectors})
    difference = (posterior.quantized - vectors).numpy()
    to_entries = np.zeros((5, 2), "float32")
    np.add.at(to_entries, posterior.indices.numpy()[..., 0], 2 * difference)
    for term, expected in ((kv.Commitment(), (-2 * difference, None)), (kv.CodebookLoss(), (None, to_entries))):
        with tf.GradientTape() as tape:
            tape.watch(vectors)
            total = tf.reduce_sum(term(trace_of(head, vectors)))
        for own, wanted in zip(tape.gradient(total, [vectors, head.codebooks.value]), expected, strict=True):
            if wanted is None:
                assert own is None or not np.any(own)
            else:
                assert np.allclose(tf.reshape(own, wanted.shape), wanted, atol=1e-5)


def test_the_losses_want_a_vector_quantizer(refused):
    posterior = kv.Normal((2,)).distribution({"loc": tf.zeros((3, 2)), "raw_scale": tf.zeros((3, 2))})
    latent = kv.Latent(posterior, None, posterior.sample(1))
    trace = kv.Trace(tf.zeros((3, 1)), (latent,), None, tf.constant(0), tf.constant([0, 0]), None, None, {})
    for term in (kv.Commitment(), kv.CodebookLoss()):
        with refused(f"{type(term).__name__}: expected a posterior of discrete codes"):
            term(trace)


@pytest.mark.parametrize("levels", [1, 3])
def test_codes_have_the_probability_of_their_integers(levels):
    head = quantizer(codebooks=normal(levels, 6, 2))
    prior = kv.CategoricalPrior(head.prior_shape, categories=6)
    prior.logits.assign(normal(*prior.logits.shape, seed=5))
    trace = trace_of(head, normal(200, 3, 2), prior)
    (latent,) = trace.latents
    log_probs = tf.nn.log_softmax(prior.logits).numpy().reshape(3, levels, 6)
    indices = latent.posterior.indices.numpy()  # (B, 3, L)
    expected = sum(log_probs[p, i, indices[:, p, i]] for p in range(3) for i in range(levels))
    assert np.allclose(kv.KL()(trace), -expected, rtol=1e-4)
    assert np.allclose(latent.prior.log_prob(latent.sample)[0], expected, rtol=1e-4)
    assert np.allclose(kv.KL(estimator="monte_carlo")(trace), -expected, rtol=1e-4)


def test_other_codes_than_the_chosen_ones_have_their_own_probability():
    head = quantizer(codebooks=normal(2, 6, 2) * np.array([10, 0.1], "float32")[:, None, None])
    prior = kv.CategoricalPrior((3, 2), categories=6)
    prior.logits.assign(normal(*prior.logits.shape, seed=5))
    (latent,) = trace_of(head, normal(50, 3, 2), prior).latents
    other = latent.sample[:, ::-1]
    assert np.allclose(latent.prior.log_prob(other), latent.prior.log_prob(latent.sample)[:, ::-1], rtol=1e-4)


def test_draws_from_the_prior_are_codes_in_their_proportions():
    head = quantizer((1, 2), codebooks=np.array([[[0, 0], [1, 0], [0, 1]]], "float32"))
    prior = kv.CategoricalPrior((1,), categories=3)
    prior.logits.assign(np.log([[0.5, 0.3, 0.2]]))
    draws = head.latent_prior(prior.distribution()).sample(20_000, seed=(0, 1)).numpy()[:, 0]
    shares = [np.mean((draws == entry).all(-1)) for entry in head.codebooks.numpy()[0]]
    assert np.allclose(shares, [0.5, 0.3, 0.2], atol=0.015)


def test_the_decoder_may_see_the_vectors_side_by_side():
    z = normal(4, 3, 2)
    flat, whole = quantizer(flatten=True), quantizer()
    assert flat.decoder_input_shape == (6,) and np.array_equal(flat.decoder_input(tf.constant(z)), z.reshape(4, 6))
    assert whole.decoder_input_shape == (3, 2) and np.array_equal(whole.decoder_input(tf.constant(z)), z)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codebook_size": 1}, "codebook_size must be an integer >= 2; got 1"),
        ({"codebook_size": 2.5}, "codebook_size must be an integer"),
        ({"levels": 0}, "levels must be an integer >= 1"),
        ({"codebook_update": "adam"}, "must be 'ema' or 'gradient'; got 'adam'"),
        ({"decay": 1.0}, r"decay must be a number >= 0 and < 1"),
        ({"revive_below": -1}, "revive_below must be a number >= 0"),
        ({"revive_below": math.nan}, "revive_below must be a number >= 0"),
        ({"event_shape": (6,)}, r"event_shape must be \(\*positions, D\)"),
    ],
)
def test_bad_arguments_are_refused(options, message, refused):
    with refused(message):
        kv.VectorQuantizer(**{"event_shape": (3, 2), **options})


def model(*, prior=None, objective=None, **options):
    keras.utils.set_random_seed(0)
    posterior = kv.VectorQuantizer((2, 3), **{"codebook_size": 8, "flatten": True, **options})
    return kv.Autoencoder(
        kv.MLPEncoder((6,), (16,)),
        kv.MLPDecoder((6,), (16,)),
        posterior=posterior,
        prior=prior or kv.CategoricalPrior(posterior.prior_shape, categories=posterior.codebook_size, learned=False),
        likelihood="normal_fixed",
        objective=objective or kv.NLL() + 0.25 * kv.Commitment(),
        seed=0,
    )


@pytest.mark.slow
@pytest.mark.parametrize("levels", [1, 2])
def test_a_uniform_prior_costs_log_k_a_code(levels):
    quantized, x = model(levels=levels), normal(32, 6)
    quantized.compile(run_eagerly=True)
    quantized.fit(x, epochs=2, verbose=0)
    figures = quantized.evaluate(x, return_dict=True, verbose=0)
    assert figures["kl"] == pytest.approx(2 * levels * math.log(8), rel=1e-5)
    assert figures["elbo"] == pytest.approx(-figures["nll"] - 2 * levels * math.log(8), rel=1e-5)


@pytest.mark.slow
def test_a_residual_code_has_one_likelihood_whether_summed_or_drawn():
    quantized, x = model(levels=3, prior=kv.CategoricalPrior((2, 3), categories=8)), normal(64, 6)
    quantized.posterior.codebooks.assign(normal(3, 8, 3, seed=2))
    quantized.prior.logits.assign(normal(2, 3, 8, seed=3))
    trace = quantized.trace(x, seed=as_seed(0), samples=2)
    elbo = quantized.elbo_terms(trace)["elbo"]
    assert np.allclose(log_weights(trace), np.stack([elbo] * 2), rtol=1e-4)
    assert np.allclose(quantized.log_likelihood(x, samples=3), quantized.elbo(x), rtol=1e-4)


@pytest.mark.slow
def test_all_codes_are_used_on_separated_clusters_and_none_for_two_of_them():
    centres = 4 * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]], "float32")
    labels = np.arange(512) % 4
    x = centres[labels] + 0.1 * normal(512, 3)
    head = quantizer((1, 3), codebook_size=16, decay=0.8, revive_below=1.0)
    for number in range(60):
        step(head, x[np.random.default_rng(number).permutation(512)[:128], None], seed=number)
    indices = head.distribution({"vectors": tf.constant(x[:, None])}).indices.numpy().reshape(-1)
    assert len(np.unique(indices)) == 16
    assert all(len(np.unique(labels[indices == code])) == 1 for code in range(16))
    assert np.abs(head.codebooks.numpy()[0][indices] - centres[labels]).max() < 0.5


@pytest.mark.slow
@pytest.mark.parametrize("codebook_update", ["ema", "gradient"])
def test_a_model_learns_the_clusters_of_its_data(codebook_update):
    centres = normal(6, 6, seed=4) * 3
    x = centres[np.arange(240) % 6] + 0.05 * normal(240, 6)
    objective = kv.NLL() + 0.25 * kv.Commitment()
    if codebook_update == "gradient":
        objective += kv.CodebookLoss()
    quantized = model(codebook_update=codebook_update, decay=0.9, revive_below=1.0, objective=objective)
    quantized.compile(keras.optimizers.Adam(1e-2), jit_compile=False)
    quantized.fit(x, epochs=40, batch_size=48, verbose=0)
    between = np.mean((centres[np.arange(240) % 6] - x.mean(0)) ** 2)
    assert np.mean((quantized.reconstruct(x) - x) ** 2) < 0.1 * between


def test_gradients_train_the_codebooks_only_where_asked():
    assert model(codebook_update="gradient").posterior.codebooks.trainable
    assert not model().posterior.codebooks.trainable


@pytest.mark.slow
@pytest.mark.parametrize("codebook_update", ["ema", "gradient"])
def test_two_replicas_equal_one(codebook_update, two_replicas):
    objective = kv.NLL() + 0.25 * kv.Commitment() + kv.CodebookLoss()
    found = []
    for strategy in (tf.distribute.get_strategy(), two_replicas):
        with strategy.scope():
            quantized = model(codebook_update=codebook_update, objective=objective, revive_below=0, decay=0.7)
            quantized.compile(keras.optimizers.SGD(1e-2), jit_compile=False)
        head = quantized.posterior
        books = normal(1, 8, 3, seed=2)
        for weight, value in ((head.codebooks, books), (head.counts, np.ones((1, 8))), (head.sums, books)):
            weight.assign(value)
        head.started.assign(1.0)
        batches = tf.data.Dataset.from_tensor_slices(normal(48, 6)).batch(16)
        quantized.fit(batches, epochs=2, verbose=0)
        found.append([weight.numpy() for weight in quantized.weights if weight.dtype == "float32"])
    assert not np.allclose(head.codebooks, books, atol=1e-2)
    for one, two in zip(*found, strict=True):
        assert np.allclose(one, two, atol=1e-4)


def test_replicas_start_and_revive_alike(two_replicas):
    with two_replicas.scope():
        quantized = model(revive_below=1.0, decay=0.7)
        quantized.compile(keras.optimizers.SGD(1e-2), jit_compile=False)
    quantized.fit(tf.data.Dataset.from_tensor_slices(normal(64, 6)).batch(16), epochs=2, verbose=0)
    for weight in (quantized.posterior.codebooks, quantized.posterior.counts, quantized.posterior.sums):
        one, two = two_replicas.experimental_local_results(weight.value)
        assert np.array_equal(one, two)


@pytest.mark.slow
def test_a_saved_model_trains_on_as_if_it_had_not_been_saved(tmp_path):
    quantized, x = model(levels=2), normal(32, 6)
    quantized.compile(run_eagerly=True)
    quantized.fit(x, epochs=2, shuffle=False, verbose=0)
    quantized.save(tmp_path / "model.keras")
    loaded = kv.load_model(tmp_path / "model.keras")
    loaded.run_eagerly = True
    for one in (quantized, loaded):
        one.fit(x, epochs=2, shuffle=False, verbose=0)
    for own, others in zip(quantized.weights, loaded.weights, strict=True):
        assert np.array_equal(own, others), own.path


def test_the_nearest_entries_of_many_vectors_are_found_in_parts(monkeypatch):
    random = np.random.default_rng(0)
    vectors, codebook = (tf.constant(random.normal(size=shape), tf.float32) for shape in ((7, 3, 5, 2), (11, 2)))
    at_once = nearest(vectors, codebook)
    monkeypatch.setattr(vector_quantizer, "MOST_DISTANCES", 100)
    np.testing.assert_array_equal(nearest(vectors, codebook), at_once)
    assert at_once.shape == (7, 3, 5)
