import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import stats

import keras_vae as kv
from keras_vae.distributions.categorical import Categorical
from keras_vae.distributions.continuous_bernoulli import ContinuousBernoulli
from keras_vae.distributions.discretized_logistic import DiscretizedLogistic
from keras_vae.distributions.masked import Masked
from keras_vae.distributions.negative_binomial import NegativeBinomial
from keras_vae.distributions.poisson import Poisson

NAN = np.nan
BASES = {
    "bernoulli": kv.Bernoulli,
    "normal": kv.Normal,
    "continuous_bernoulli": ContinuousBernoulli,
    "categorical": lambda shape: Categorical(shape, levels=3),
    "discretized_logistic": lambda shape: DiscretizedLogistic(shape, components=2),
    "poisson": Poisson,
    "negative_binomial": NegativeBinomial,
}
FEATURES = tf.random.stateless_normal((3, 5), (0, 1))
X = np.array([[0, 1, 0, 1], [NAN, 1, 0, NAN], [NAN, NAN, NAN, NAN]], "float32")


def test_the_log_density_is_scipys_over_the_known_elements():
    head = Masked((4,), "normal_fixed")
    loc = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
    expected = np.nansum(stats.norm(loc, 1.0).logpdf(X), axis=-1)
    assert np.allclose(head.distribution({"loc": loc}).log_prob(X), expected, rtol=1e-5)
    assert expected[2] == 0


@pytest.mark.parametrize("base", BASES)
def test_gaps_leave_value_and_gradients_as_if_the_element_were_not_there(base):
    head, short = Masked((4,), BASES[base]((4,))), BASES[base]((2,))
    parameters = head(FEATURES)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(parameters)
        value = head.distribution(parameters).log_prob(X)[1]
        without = short.distribution({name: p[1:2, 1:3] for name, p in parameters.items()}).log_prob(X[1:2, 1:3])[0]
    assert float(value) == pytest.approx(float(without), rel=1e-5)
    for parameter in parameters.values():
        gradient, expected = tape.gradient(value, parameter), tape.gradient(without, parameter)
        assert np.allclose(gradient, expected, rtol=1e-4, atol=1e-6)
        assert (gradient.numpy()[1, [0, 3]] == 0).all() and np.any(gradient[1, 1:3])


@pytest.mark.parametrize("base", BASES)
def test_without_gaps_it_is_its_base(base):
    base = BASES[base]((4,))
    masked, x = Masked((4,), base), np.nan_to_num(X)
    parameters = masked(FEATURES)
    complete = base.distribution(parameters)
    assert np.allclose(masked.distribution(parameters).log_prob(x), complete.log_prob(x), rtol=1e-6)
    assert np.array_equal(masked.distribution(parameters).mean(), complete.mean())


def test_the_encoder_sees_zeros_in_the_gaps():
    assert np.array_equal(Masked((4,)).encoder_input(tf.constant(X)), np.nan_to_num(X))
    assert Masked((4,)).encoder_input_shape == (4,)
    assert Masked((4,)).allows_missing


@pytest.mark.parametrize("features_shape", [(None, 5), (None, 2, 5)], ids=["elementwise", "pointwise"])
def test_it_starts_at_the_mean_of_what_is_known(features_shape):
    x = np.array([[[1, 2], [3, NAN]], [[NAN, 6], [5, NAN]], [[3, 7], [NAN, NAN]]], "float32")
    head = Masked((2, 2), kv.Normal((2, 2), scale=1.0))
    head.build(features_shape)
    head.adapt(x)
    mean = head.distribution(head(tf.zeros((1, *features_shape[1:])))).mean()[0]
    pointwise = [[3, 5], [3, 5]] if len(features_shape) == 3 else [[2, 5], [4, 0]]
    if len(features_shape) == 3:  # the column without a known element counts as zeros there
        pointwise = [[3, 15 / 6], [3, 15 / 6]]
    assert np.allclose(mean, pointwise)


def test_a_base_whose_elements_depend_on_each_other_is_refused(refused):
    class Joint(kv.Likelihood):
        parameters = ("loc",)

        def distribution(self, parameters):
            return kv.trace.tfd.MultivariateNormalDiag(parameters["loc"])

    with refused("independent elements"):
        Masked((4,), Joint((4,))).build((None, 3))


@pytest.mark.slow
def test_a_model_learns_from_what_is_known_alone():
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = np.where(rng.random((256, 4)) < 0.5, NAN, rng.normal([1, -2, 3, 0], 0.1, (256, 4))).astype("float32")
    head = Masked((4,), kv.Normal((4,), scale=0.5))
    model = kv.Autoencoder(
        kv.MLPEncoder((4,), (4,)), kv.MLPDecoder((1,), (4,)), likelihood=head, objective=kv.NLL() + kv.KL(), seed=0
    )
    model.adapt(x)
    model.compile("adam", jit_compile=True)
    history = model.fit(x, epochs=2, verbose=0).history
    assert np.isfinite(history["loss"]).all()
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert np.allclose(model.reconstruct(x).mean(0), [1, -2, 3, 0], atol=0.5)
