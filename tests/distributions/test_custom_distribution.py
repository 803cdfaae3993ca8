"""Rows of a distribution that only has a density and draws."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv
from keras_vae.layers import Sampling

tfd = tfp.distributions


class Triangular(kv.CustomDistribution):
    """Symmetric on `loc` +- `scale * unit`, events `(D,)`."""

    shared = ("unit",)

    def __init__(self, loc, scales, unit, name="Triangular"):
        super().__init__(dict(locals()), reparameterized=True, name=name)
        self.loc, self.scale = loc, scales[0] * unit

    def _batch_shape(self):
        return self.loc.shape[:-1]

    def _batch_shape_tensor(self):
        return tf.shape(self.loc)[:-1]

    def _event_shape(self):
        return self.loc.shape[-1:]

    def _event_shape_tensor(self):
        return tf.shape(self.loc)[-1:]

    def _sample_n(self, n, seed=None):
        shape = tf.concat([[n], tf.shape(self.loc)], axis=0)
        one, two = (tf.random.stateless_uniform(shape, each) for each in tfp.random.split_seed(seed, 2))
        return self.loc + self.scale * (one - two)

    def _log_prob(self, z):
        density = tf.nn.relu(1 - tf.abs(z - self.loc) / self.scale) / self.scale
        return tf.reduce_sum(tf.math.log(density), axis=-1)

    def _mean(self):
        return self.loc


class Careless(Triangular):
    shared = ()


class TriangularPosterior(kv.Posterior):
    parameters = ("loc", "raw_scale")

    def distribution(self, parameters):
        return Triangular(parameters["loc"], [tf.nn.softplus(parameters["raw_scale"])], tf.ones(self.event_shape))


LOC = np.arange(12.0, dtype="float32").reshape(3, 4)


def triangular(kind=Triangular, loc=LOC):
    return kind(tf.constant(loc), [tf.constant(loc + 1)], tf.constant([1.0, 2.0, 3.0, 4.0]))


@pytest.mark.parametrize("rows", [slice(1, 2), 2, (Ellipsis, slice(0, 2)), (tf.newaxis, slice(1, None))], ids=str)
def test_a_row_of_the_distribution_is_the_distribution_of_the_row(rows):
    whole = triangular()
    x = whole.sample(seed=(0, 1))
    some = whole[rows]
    of_batch = tuple(each for each in rows if each is not Ellipsis) if isinstance(rows, tuple) else rows
    assert some.batch_shape == np.empty(3)[of_batch].shape
    np.testing.assert_allclose(some.log_prob(x.numpy()[of_batch]), whole.log_prob(x).numpy()[of_batch])


def test_a_draw_with_a_seed_of_its_own_does_not_depend_on_the_batch():
    seeds = tf.constant([[0, 1], [2, 3], [4, 5]])
    together = Sampling()(distribution=triangular(), samples=5, seed=seeds)
    alone = Sampling()(distribution=triangular(loc=LOC[1:2]), samples=5, seed=seeds[1:2])
    assert together.shape == (5, 3, 4) and np.array_equal(together[:, 1], alone[:, 0])


def test_elements_taken_together_can_be_sliced():
    class Element(Triangular):
        def _batch_shape(self):
            return self.loc.shape

        def _batch_shape_tensor(self):
            return tf.shape(self.loc)

        def _event_shape(self):
            return tf.TensorShape([])

        def _event_shape_tensor(self):
            return tf.zeros((0,), tf.int32)

    assert np.array_equal(tfd.Independent(triangular(Element), 1)[1:].mean(), LOC[1:])


def test_a_tensor_of_another_shape_is_named(refused):
    with refused(r"Careless: expected unit to begin with the batch axes \(3,\), got shape \(4,\); name it in `shared`"):
        triangular(Careless)[:1]


def test_a_posterior_of_it_has_a_compiled_draw_for_each_seed():
    posterior = TriangularPosterior((2,))
    posterior.build((None, 3))
    sampling = Sampling()

    @tf.function(input_signature=[tf.TensorSpec((None, 3)), tf.TensorSpec((None, 2), tf.int32)])
    def draws(features, seeds):  # as the signatures of an export do
        return sampling(distribution=posterior.distribution(posterior(features)), seed=seeds)

    assert draws(tf.ones((4, 3)), tf.constant([[0, 1], [0, 1], [2, 3], [4, 5]])).shape == (1, 4, 2)
