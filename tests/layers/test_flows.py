import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_vae.layers.autoregressive_flow import AutoregressiveFlow
from keras_vae.layers.conditioner import Conditioner
from keras_vae.layers.coupling import Coupling
from keras_vae.layers.flow import Flow
from keras_vae.layers.made import MADE

DIM, CONTEXT = 5, 3

BIJECTIONS = {
    "autoregressive": lambda **kw: AutoregressiveFlow(DIM, (16, 12), activation="tanh", **kw),
    "autoregressive, reverse": lambda **kw: AutoregressiveFlow(DIM, (16,), activation="tanh", reverse=True, **kw),
    "gated": lambda **kw: AutoregressiveFlow(DIM, (16,), activation="tanh", gated=True, **kw),
    "autoregressive, linear": lambda **kw: AutoregressiveFlow(DIM, (), **kw),
    "autoregressive, one number": lambda **kw: AutoregressiveFlow(1, (4,), **kw),
    "coupling": lambda **kw: Coupling(DIM, (16,), activation="tanh", **kw),
    "coupling, reverse": lambda **kw: Coupling(DIM, (16,), activation="tanh", reverse=True, **kw),
    "flow": lambda **kw: Flow(
        [Coupling(DIM, (8,), activation="tanh", **kw), AutoregressiveFlow(DIM, (8,), activation="tanh", **kw)]
    ),
}


def randomize(layer, scale=0.5):
    """Moves the weights away from the identity."""
    rng = np.random.default_rng(0)
    for weight in layer.trainable_weights:
        weight.assign(weight + scale * rng.normal(size=weight.shape))
    return layer


def normal(*shape, seed=0):
    return tf.random.stateless_normal(shape, (0, seed))


@pytest.fixture(autouse=True)
def same_initial_weights():
    keras.utils.set_random_seed(0)


@pytest.fixture(params=BIJECTIONS)
def make(request):
    return BIJECTIONS[request.param]


@pytest.fixture(params=[None, CONTEXT], ids=["no context", "context"])
def layer_and_context(make, request):
    context = None if request.param is None else normal(7, CONTEXT, seed=1)
    return randomize(make(context_dim=request.param)), context


def test_inverse_undoes_forward(layer_and_context):
    layer, context = layer_and_context
    x = 2 * normal(7, layer.dim)
    y, log_det = layer.forward(x, context)
    back, inverse_log_det = layer.inverse(y, context)
    assert np.abs(y - x).max() > 0.1
    assert np.allclose(back, x, atol=1e-4)
    assert np.allclose(inverse_log_det, -log_det, atol=1e-4)


def test_forward_undoes_inverse(layer_and_context):
    layer, context = layer_and_context
    y = normal(7, layer.dim)
    x, log_det = layer.inverse(y, context)
    again, forward_log_det = layer.forward(x, context)
    assert np.allclose(again, y, atol=1e-4 * np.abs(x).max())
    assert np.allclose(forward_log_det, -log_det, atol=1e-4)


@pytest.mark.slow
def test_log_determinants_are_those_of_the_jacobian(layer_and_context):
    layer, context = layer_and_context
    x = normal(7, layer.dim)
    for map_ in (layer.forward, layer.inverse):
        with tf.GradientTape() as tape:
            tape.watch(x)
            y, log_det = map_(x, context)
        _, expected = np.linalg.slogdet(tape.batch_jacobian(y, x))
        assert np.abs(expected).max() > 0.1
        assert np.allclose(log_det, expected, atol=1e-4)


def test_the_context_changes_the_map_and_is_broadcast_over_draws(make):
    layer = randomize(make(context_dim=CONTEXT))
    context, x = normal(7, CONTEXT, seed=1), normal(4, 7, layer.dim)
    for map_ in (layer.forward, layer.inverse):
        together, log_dets = map_(x, context)
        assert log_dets.shape == (4, 7)
        for draw in range(4):
            assert np.allclose(together[draw], map_(x[draw], context)[0], atol=1e-5)
        one_for_all, log_dets = map_(x[0, 0], context)
        assert one_for_all.shape == (7, layer.dim) and log_dets.shape == (7,)
        assert np.abs(one_for_all - one_for_all[:1]).max() > 1e-2


@pytest.mark.parametrize("name", BIJECTIONS)
def test_a_flow_starts_near_the_identity(name):
    x = normal(50, 1 if "one" in name else DIM)
    y, _ = BIJECTIONS[name](seed=0).forward(x)
    assert np.abs(y - x * (tf.sigmoid(2.0) if name == "gated" else 1)).mean() < 0.04


@pytest.mark.slow
def test_xla_equals_eager_mode_in_values_and_gradients():
    options = {"units": (8,), "activation": "tanh", "context_dim": CONTEXT}
    layer = randomize(Flow([Coupling(DIM, **options), AutoregressiveFlow(DIM, gated=True, **options)]))
    x, context = normal(7, layer.dim), normal(7, CONTEXT, seed=1)

    def values_and_gradients():
        with tf.GradientTape() as tape:
            (y, forward), (z, inverse) = layer.forward(x, context), layer.inverse(x, context)
            loss = tf.reduce_sum(tf.sin(y)) + tf.reduce_sum(tf.sin(z)) + tf.reduce_sum(forward + 2 * inverse)
        return [y, z, *tape.gradient(loss, layer.trainable_variables)]

    compiled = tf.function(values_and_gradients, jit_compile=True)
    for one, other in zip(values_and_gradients(), compiled(), strict=True):
        assert np.allclose(one, other, rtol=1e-3, atol=1e-3)


def test_a_copy_from_the_configuration_with_equal_weights_is_the_same_map(layer_and_context):
    layer, context = layer_and_context
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    copy.set_weights(layer.get_weights())
    x = normal(7, layer.dim)
    assert np.array_equal(copy.forward(x, context)[0], layer.forward(x, context)[0])
    assert copy.get_config() == layer.get_config()


def test_a_flow_stands_in_a_functional_model_and_is_saved_with_it(tmp_path):
    x = keras.Input((DIM,))
    model = keras.Model(x, randomize(BIJECTIONS["flow"]())(x)[0])
    model.save(tmp_path / "model.keras")
    z = normal(3, DIM)
    assert np.array_equal(keras.saving.load_model(tmp_path / "model.keras")(z), model(z))


def jacobian_of(network, x, context=None):
    with tf.GradientTape() as tape:
        tape.watch(x)
        out = network(x, context)
    return tape.batch_jacobian(out, x)  # (B, D, 2, D)


@pytest.mark.parametrize("context_dim", [None, CONTEXT])
@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("units", [(), (32,), (32, 16)])
def test_an_output_of_made_looks_at_every_input_before_it_and_at_no_other(units, reverse, context_dim):
    made = randomize(MADE(DIM, units, activation="tanh", reverse=reverse, context_dim=context_dim))
    context = None if context_dim is None else normal(4, CONTEXT, seed=1)
    jacobian = np.abs(jacobian_of(made, normal(4, DIM), context)).max(axis=(0, 2))
    before = np.tril(np.ones((DIM, DIM)), -1).astype(bool)
    before = before.T if reverse else before
    assert (jacobian[~before] == 0).all()
    assert (jacobian[before] > 0).all()


@pytest.mark.parametrize("units", [(), (32,), (32, 16)])
def test_every_output_of_made_looks_at_the_context(units):
    made = randomize(MADE(DIM, units, activation="tanh", context_dim=CONTEXT))
    context = normal(4, CONTEXT, seed=1)
    with tf.GradientTape() as tape:
        tape.watch(context)
        out = made(normal(4, DIM), context)
    jacobian = np.abs(tape.batch_jacobian(out, context)).max(axis=0)  # (D, 2, C)
    assert (jacobian > 0).all()


def test_a_seed_fixes_the_weights_and_gives_each_its_own():
    one, same, other = (MADE(4, (4, 4), seed=seed).get_weights() for seed in (0, 0, 1))
    assert all(np.array_equal(*pair) for pair in zip(one, same, strict=True))
    assert not np.array_equal(one[0], other[0])
    assert not np.array_equal(one[0], one[1])


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: MADE(0), "dim must be an integer >= 1; got 0"),
        (lambda: MADE(4, 64), "units must be a sequence of widths"),
        (lambda: MADE(4, (0,)), "units must be an integer >= 1"),
        (lambda: MADE(4, seed=-1), "seed must be"),
        (lambda: AutoregressiveFlow(4, context_dim=0), "context_dim must be"),
        (lambda: Coupling(1), "dim must be at least 2"),
        (lambda: Flow([]), "one or more bijections"),
        (lambda: Flow([MADE(3)]), "one or more bijections"),
        (lambda: Flow([Coupling(3), Coupling(4)]), r"got \[3, 4\]"),
        (lambda: Conditioner(3, 2, (4,), masks=[np.ones((3, 4))]), "masks of shapes"),
    ],
)
def test_bad_input_is_refused(refused, make, match):
    with refused(match):
        make()


def test_a_flow_layer_computes_in_float32_whatever_the_policy():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        y, _ = Flow([Coupling(4)])(tf.ones((2, 4)))
    finally:
        keras.config.set_dtype_policy("float32")
    assert y.dtype == tf.float32
