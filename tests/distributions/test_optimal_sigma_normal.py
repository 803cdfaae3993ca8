import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.distributions.masked import Masked
from keras_vae.distributions.optimal_sigma_normal import OptimalSigmaNormal

SEED = tf.constant([0, 0])
RNG = np.random.default_rng(0)
X = RNG.normal(size=(6, 3)).astype("float32")
LOC = RNG.normal(size=(2, 6, 3)).astype("float32")  # (S, B, D)


def head_of(**options):
    head = OptimalSigmaNormal((3,), **options)
    head.build((None, 4))
    return head


def trace_of(head, x=X, loc=LOC):
    likelihood = head.distribution({"loc": tf.constant(loc)})
    return kv.Trace(tf.constant(x), (), likelihood, tf.constant(0), SEED, None, None, {})


def scale_of(head):
    return float(head.distribution({"loc": tf.zeros((1, 3))}).stddev()[0, 0])


def test_the_first_batch_sets_the_scale_to_its_root_mean_squared_error():
    head = head_of()
    assert scale_of(head) == 1.0
    head.update(head.statistics(trace_of(head)), SEED)
    assert scale_of(head) == pytest.approx(np.sqrt(((X - LOC) ** 2).mean()), rel=1e-5)


def test_the_scale_is_the_mean_over_the_first_batches_and_follows_the_later_ones():
    head, errors = head_of(momentum=0.75), [1.0, 2.0, 3.0, 4.0]
    for error in errors:
        head.update({"squares": tf.constant(10 * error), "count": tf.constant(10.0)}, SEED)
    assert scale_of(head) ** 2 == pytest.approx(np.mean(errors), rel=1e-5)
    head.update({"squares": tf.constant(100.0), "count": tf.constant(10.0)}, SEED)
    assert scale_of(head) ** 2 == pytest.approx(0.75 * np.mean(errors) + 0.25 * 10, rel=1e-5)


def test_no_other_scale_explains_the_batch_better():
    head = head_of(momentum=0.0)
    head.update(head.statistics(trace_of(head)), SEED)
    best = float(head.log_scale)

    def log_likelihood(log_scale):
        head.log_scale.assign(log_scale)
        return float(tf.reduce_sum(trace_of(head).likelihood.log_prob(X)))

    assert log_likelihood(best) > max(log_likelihood(best - 0.05), log_likelihood(best + 0.05))


def test_the_gradient_is_that_of_the_papers_likelihood():
    head, loc = head_of(momentum=0.0), tf.Variable(LOC[0])
    head.update(head.statistics(trace_of(head, loc=loc.numpy()[None])), SEED)
    with tf.GradientTape(persistent=True) as tape:
        density = tf.reduce_sum(head.distribution({"loc": tf.convert_to_tensor(loc)}).log_prob(X))
        paper = -X.size / 2 * tf.math.log(tf.reduce_mean(tf.square(X - loc)))
    assert np.allclose(tape.gradient(density, loc), tape.gradient(paper, loc), rtol=1e-4, atol=1e-5)


def test_missing_elements_do_not_count():
    x = X.copy()
    x[::2, 1] = np.nan
    head = Masked((3,), head_of())
    head.update(head.statistics(trace_of(head, x=x)), SEED)
    assert scale_of(head) == pytest.approx(np.sqrt(np.nanmean((x - LOC) ** 2)), rel=1e-5)


def test_a_batch_of_nothing_but_gaps_changes_nothing():
    head = head_of()
    head.update(head.statistics(trace_of(head, x=np.full_like(X, np.nan))), SEED)
    assert scale_of(head) == 1.0 and float(head.updates) == 0


def test_perfect_reconstructions_leave_the_least_scale():
    head = head_of(min_scale=1e-2)
    head.update({"squares": tf.constant(0.0), "count": tf.constant(8.0)}, SEED)
    assert scale_of(head) == pytest.approx(1e-2, rel=1e-5)


def fitted(strategy=None, jit_compile=False):
    scope = tf.distribute.get_strategy() if strategy is None else strategy
    with scope.scope():
        model = kv.Autoencoder(
            kv.MLPEncoder((3,), ()),
            kv.MLPDecoder((1,), ()),
            likelihood=OptimalSigmaNormal((3,)),
            objective=kv.NLL() + kv.KL(),
            seed=0,
        )
        for weight in model.trainable_weights:
            weight.assign(tf.fill(weight.shape, 0.1))
        model.compile(keras.optimizers.SGD(0.0), jit_compile=jit_compile)
    model.fit(np.tile(0.4 + 3 * X, (4, 1)), batch_size=24, epochs=2, verbose=0)
    return model


@pytest.mark.slow
def test_fit_estimates_the_scale_under_xla_and_on_two_replicas():
    two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"], cross_device_ops=tf.distribute.ReductionToOneDevice())
    for model in (fitted(jit_compile=True), fitted(two)):
        head = model.likelihood
        assert not any(weight is head.log_scale for weight in head.trainable_weights)
        assert head.updates.numpy() == 2
        assert np.exp(head.log_scale.numpy()) == pytest.approx(np.sqrt(((0.4 + 3 * X) ** 2).mean()), rel=0.15)
