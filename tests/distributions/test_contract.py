"""What every family of these files promises, as posterior and as likelihood."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.distributions.dirichlet import Dirichlet
from keras_vae.distributions.full_covariance_normal import FullCovarianceNormal
from keras_vae.distributions.location_scale import Laplace, Logistic, StudentT
from keras_vae.distributions.power_spherical import PowerSpherical
from keras_vae.distributions.relaxed_categorical import RelaxedCategorical
from keras_vae.distributions.reparameterized import Reparameterized
from keras_vae.layers import Sampling

DECAY = keras.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)
TRUNCATED = {"parameters": {"scale": "positive", "loc": "real"}, "fixed": {"low": 0.0, "high": 1.0}}
HEADS = {
    "laplace": lambda: Laplace((4,)),
    "logistic": lambda: Logistic((2, 3), scale="shared"),
    "student_t": lambda: StudentT((4,), df=4.0),
    "full_covariance_normal": lambda: FullCovarianceNormal((4,)),
    "power_spherical": lambda: PowerSpherical((4,)),
    "dirichlet": lambda: Dirichlet((4,)),
    "relaxed_categorical": lambda: RelaxedCategorical((3, 4), temperature=DECAY),
    "reparameterized": lambda: Reparameterized((4,), "TruncatedNormal", **TRUNCATED),
}


@pytest.fixture(params=HEADS)
def head(request):
    head = HEADS[request.param]()
    head.build((None, 5))
    return head


def parameters_of(head, *batch):
    normal = np.random.default_rng(0).normal
    return {
        name: tf.constant(normal(size=(*batch, *shape)), tf.float32) for name, shape in head.parameter_shapes.items()
    }


def test_any_number_of_leading_axes_is_the_batch(head):
    parameters = parameters_of(head, 2, 3)
    distribution = head.distribution(parameters)
    assert (distribution.batch_shape, distribution.event_shape) == ((2, 3), head.event_shape)
    z = distribution.sample(5, seed=(1, 2))
    assert z.shape == (5, 2, 3, *head.event_shape)
    assert distribution.mean().shape == (2, 3, *head.event_shape)
    row = head.distribution({name: value[1, 2] for name, value in parameters.items()})
    np.testing.assert_allclose(distribution.log_prob(z)[:, 1, 2], row.log_prob(z[:, 1, 2]), rtol=1e-4, atol=1e-4)


def test_features_become_parameters_that_all_matter(head):
    features = tf.random.stateless_normal((6, 5), (0, 1))
    with tf.GradientTape() as tape:
        distribution = head.distribution(head(features))
        z = distribution.sample(3, seed=(1, 2))
        loss = tf.reduce_sum(distribution.log_prob(tf.stop_gradient(z))) + tf.reduce_sum(z**3)
    assert z.shape == (3, 6, *head.event_shape)
    for weight, gradient in zip(head.trainable_weights, tape.gradient(loss, head.trainable_weights), strict=True):
        assert np.isfinite(gradient).all() and np.abs(gradient).max(-1).min() > 0, weight.name


@pytest.mark.slow
def test_xla_gives_the_same_densities_and_draws_with_gradients(head):
    parameters = parameters_of(head, 3)
    given = head.distribution(parameters).sample(2, seed=(1, 2)).numpy()  # TFP remembers where a tensor came from

    def density():
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            value = head.distribution(parameters).log_prob(given)
        return value, head.distribution(parameters).mean(), tape.gradient(value, parameters)

    @tf.function(jit_compile=True)
    def compiled(seed):
        with tf.GradientTape() as tape:
            tape.watch(parameters)
            z = head.distribution(parameters).sample(2, seed=seed)
            cubes = tf.reduce_sum(z**3)
        return z, tape.gradient(cubes, parameters), density()

    z, gradients, densities = compiled(tf.constant([1, 2]))
    again, _, _ = compiled(tf.constant([1, 2]))
    other, _, _ = compiled(tf.constant([1, 3]))
    assert np.array_equal(z, again) and not np.array_equal(z, other)
    assert all(np.isfinite(gradient).all() and np.any(gradient) for gradient in gradients.values())
    for one, expected in zip(tf.nest.flatten(densities), tf.nest.flatten(density()), strict=True):
        np.testing.assert_allclose(one, expected, rtol=2e-4, atol=2e-4)


@pytest.mark.slow
def test_with_a_seed_per_example_draws_do_not_depend_on_the_rest_of_the_batch(head):
    parameters, seeds = parameters_of(head, 3), tf.constant([[1, 2], [3, 4], [5, 6]])
    sampling = Sampling(seed=0)
    shapes = {name: tf.TensorSpec((None, *shape)) for name, shape in head.parameter_shapes.items()}

    @tf.function(input_signature=[shapes, tf.TensorSpec((None, 2), tf.int32)])
    def draw(parameters, seeds):
        return sampling(distribution=head.distribution(parameters), samples=2, seed=seeds)

    whole = draw(parameters, seeds)
    others = draw({name: value[:0:-1] for name, value in parameters.items()}, seeds[:0:-1])
    assert whole.shape == (2, 3, *head.event_shape)
    np.testing.assert_allclose(whole[:, 1:], others[:, ::-1], rtol=1e-5, atol=1e-6)
    assert not np.allclose(whole[0], whole[1])


def test_a_head_survives_its_configuration(head):
    config = keras.saving.serialize_keras_object(head)
    copy = keras.saving.deserialize_keras_object(config)
    assert type(copy) is type(head) and keras.saving.serialize_keras_object(copy) == config


def test_the_start_at_the_mean_of_the_examples(head):
    for weight in head.trainable_weights:
        weight.assign(tf.zeros(weight.shape))
    before = head.distribution(head(tf.zeros((1, 5)))).mean()
    x = head.distribution(parameters_of(head, 400)).sample(seed=(1, 2)).numpy()
    head.adapt(x)
    mean = x.mean(0) / (np.linalg.norm(x.mean(0)) if head.support == "sphere" else 1)
    expected = mean if head.parameters_of_mean(x.mean(0)) else before[0]
    np.testing.assert_allclose(head.distribution(head(tf.zeros((1, 5)))).mean()[0], expected, rtol=1e-2, atol=1e-3)
