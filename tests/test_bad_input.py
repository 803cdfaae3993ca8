"""Whatever one gives to a model, it is used, or refused in one line that says why."""

import datetime

import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import keras
import numpy as np
import pytest
import recipes
import tensorflow as tf
from hypothesis import given, settings

from keras_vae import KL, NLL, Autoencoder, Bernoulli, Normal, Objective, StandardNormalPrior, make_networks, zoo

EVENT = (8, 8, 1)
LATENT = 2
quick = settings(deadline=None, max_examples=25)

TAKING_EXAMPLES = {
    "encode": lambda model, x: model.encode(x),
    "reconstruct": lambda model, x: model.reconstruct(x),
    "interpolate from": lambda model, x: model.interpolate(x, np.zeros((1, *EVENT))),
    "interpolate to": lambda model, x: model.interpolate(np.zeros((1, *EVENT)), x),
    "traverse": lambda model, x: model.traverse(x),
    "elbo": lambda model, x: model.elbo(x),
    "log_likelihood": lambda model, x: model.log_likelihood(x, samples=2),
    "fit": lambda model, x: model.fit(x, verbose=0),
    "evaluate": lambda model, x: model.evaluate(x, verbose=0),
}
taking_examples = pytest.mark.parametrize("method", TAKING_EXAMPLES.values(), ids=TAKING_EXAMPLES)

NO_NUMBERS = {
    "strings": np.full((2, *EVENT), "1"),
    "bytes": np.full((2, *EVENT), b"1"),
    "objects": np.full((2, *EVENT), 1.0, object),
    "nothing": np.full((2, *EVENT), None),
    "complex": np.zeros((2, *EVENT), complex),
    "dates": np.full((2, *EVENT), datetime.date(2020, 1, 1), "datetime64[D]"),
    "durations": np.zeros((2, *EVENT), "timedelta64[s]"),
    "records": np.zeros((2, *EVENT), [("a", float), ("b", int)]),
    "ragged": [np.zeros(EVENT), np.zeros((7, 8, 1))],
    "a string": "examples",
    "a mapping": {"x": 1},
    "a set": {1, 2},
}
no_numbers = pytest.mark.parametrize("x", NO_NUMBERS.values(), ids=NO_NUMBERS)

no_count = st.one_of(
    st.integers(max_value=0), st.floats(), st.booleans(), st.text(max_size=3), st.just([3]), st.just(np.float32(2))
)


@pytest.fixture(scope="module")
def model():
    model = zoo.vae(EVENT, LATENT, units=(8,), seed=0)
    model.compile("adam", jit_compile=False)
    return model


@pytest.fixture(scope="module")
def normal():
    model = zoo.vae(EVENT, LATENT, units=(8,), seed=0, likelihood="normal")
    model.compile("adam", jit_compile=False)
    return model


# Examples


@taking_examples
@quick
@given(shape=arrays.array_shapes(min_dims=0, max_dims=5, min_side=0, max_side=9).filter(lambda s: s[1:] != EVENT))
def test_examples_of_another_shape_are_refused(model, refused, method, shape):
    if shape == EVENT and method is TAKING_EXAMPLES["traverse"]:
        return
    with refused(r"expected shape \(N, 8, 8, 1\)"):
        method(model, np.zeros(shape, "float32"))


def test_an_example_without_a_batch_axis_gets_a_hint(model, refused):
    with refused(r"one example needs a batch axis: x\[None\]"):
        model.encode(np.zeros(EVENT))


def test_grey_images_without_a_channel_axis_get_a_hint(model, refused):
    with refused(r"it has no channel axis: give x\[\.\.\., None\]"):
        model.encode(np.zeros((3, 8, 8)))


def test_images_with_channels_first_get_a_hint(model, refused):
    with refused(r"its channels come first: give np.moveaxis\(x, 1, -1\)"):
        model.fit(np.zeros((3, 1, 8, 8)))
    with refused(r"network: expected images with their channels last, \(H, W, C\), got \(3, 16, 16\)"):
        zoo.vae((3, 16, 16), 2)
    zoo.vae((3, 16, 16), 2, network="mlp", units=(4,))


@taking_examples
def test_no_examples_are_refused(model, refused, method):
    with refused("expected at least one example, got none"):
        method(model, np.zeros((0, *EVENT)))


@taking_examples
@quick
@given(
    n=st.integers(1, 3),
    dtype=st.sampled_from(["float16", "float32", "float64"]),
    value=st.sampled_from([np.nan, np.inf, -np.inf]),
    data=st.data(),
)
def test_values_that_are_not_finite_are_refused_and_found(model, normal, refused, method, n, dtype, value, data):
    if method is TAKING_EXAMPLES["traverse"]:
        n = 1
    x = np.zeros((n, *EVENT), dtype)
    index = data.draw(st.tuples(*(st.integers(0, side - 1) for side in x.shape)))
    x[index] = value
    for each in (model, normal):
        with refused(f"NaN or infinity in 1 of {n} examples, the first at index {index[0]}"):
            method(each, x)


def test_a_number_too_large_for_float32_is_refused(normal, refused):
    with refused("expected finite numbers"):
        normal.encode(np.full((1, *EVENT), 1e200))


@taking_examples
@quick
@given(
    value=st.floats(max_value=0, exclude_max=True, allow_infinity=False, width=16)
    | st.floats(min_value=1, exclude_min=True, allow_infinity=False, width=16),
    index=st.tuples(*(st.integers(0, side - 1) for side in (1, *EVENT))),
)
def test_a_bernoulli_likelihood_takes_nothing_outside_0_and_1(model, refused, method, value, index):
    x = np.full((1, *EVENT), 0.5, "float32")
    x[index] = value
    with refused(r"Bernoulli likelihood: expected values in \[0, 1\]"):
        method(model, x)


@taking_examples
def test_integers_are_not_scaled_so_a_bernoulli_likelihood_refuses_255(model, refused, method):
    with refused(r"expected values in \[0, 1\], got values in \[255, 255\]"):
        method(model, np.full((1, *EVENT), 255, "int64"))


@taking_examples
@no_numbers
def test_what_is_no_array_of_real_numbers_is_refused(model, refused, method, x):
    with refused():
        method(model, x)


@pytest.mark.parametrize("method", ["encode", "reconstruct", "elbo", "log_likelihood", "fit", "evaluate"])
def test_nothing_at_all_is_refused(model, refused, method):
    with refused():
        getattr(model, method)(None)


@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "uint16", "int64", "float16", "float64"])
@pytest.mark.parametrize("method", ["encode", "reconstruct", "elbo", "log_likelihood", "interpolate", "traverse"])
def test_numbers_of_any_type_give_the_results_of_float32(model, dtype, method):
    x = np.random.default_rng(0).integers(0, 2, (3, *EVENT)).astype(dtype)
    if dtype.startswith("float"):
        x[0] = 0.125
    assert_same_results(model, method, x, x.astype("float32"))


@pytest.mark.parametrize("method", ["encode", "reconstruct", "elbo", "log_likelihood", "interpolate", "traverse"])
def test_uint8_means_0_to_255(model, method):
    x = np.random.default_rng(0).integers(0, 256, (3, *EVENT)).astype("uint8")
    assert_same_results(model, method, x, (x / 255).astype("float32"))


@pytest.mark.parametrize("convert", [tf.constant, np.ndarray.tolist, np.asfortranarray, lambda x: x[::-1][::-1]])
@pytest.mark.parametrize("method", ["encode", "elbo"])
def test_tensors_lists_and_views_give_the_results_of_arrays(model, method, convert):
    x = np.random.default_rng(0).random((3, *EVENT)).astype("float32")
    assert_same_results(model, method, convert(x), x)


def assert_same_results(model, method, x, reference):
    def results(x):
        if method == "encode":
            posterior = model.encode(x)
            return np.stack([posterior.mean(), posterior.stddev()])
        if method == "interpolate":
            return model.interpolate(x[:1], x[1:2], steps=3)
        if method == "traverse":
            return model.traverse(x[0])
        return getattr(model, method)(x, **({"samples": 3} if method == "log_likelihood" else {}))

    np.testing.assert_allclose(results(x), results(reference), rtol=1e-6, atol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("dtype", ["bool", "int64", "float16", "float64", "uint8"])
def test_training_on_numbers_of_any_type_gives_the_weights_of_float32(dtype, assert_same_weights):
    x = np.random.default_rng(0).integers(0, 2, (8, *EVENT))
    white = 255 if dtype == "uint8" else 1

    def trained(x):
        keras.utils.set_random_seed(0)
        model = zoo.vae(EVENT, LATENT, units=(8,), seed=0)
        model.compile("adam", jit_compile=False)
        model.fit(x, batch_size=4, verbose=0)
        return model

    assert_same_weights(trained((x * white).astype(dtype)), trained(x.astype("float32")), atol=1e-6)


def test_the_data_that_fit_validates_on_are_checked_too(model, refused):
    x = np.zeros((4, *EVENT), "float32")
    for bad in (x + 2, x * np.nan, np.zeros((4, 8, 9, 1))):
        with refused():
            model.fit(x, validation_data=(bad,), verbose=0)


@pytest.mark.parametrize(
    "batch",
    [np.full((2, *EVENT), 7.0), np.full((2, *EVENT), np.nan), np.zeros((2, 3)), np.full((2, *EVENT), "1")],
    ids=["out of range", "NaN", "shape", "strings"],
)
@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x,)], ids=["x", "(x,)"])
def test_the_first_batch_of_a_data_set_is_checked(model, refused, batch, wrap):
    data = tf.data.Dataset.from_tensors(wrap(batch))
    for method in (model.fit, model.evaluate):
        with refused():
            method(data, verbose=0)


def test_a_data_set_without_a_batch_is_refused(model, refused):
    data = tf.data.Dataset.from_tensor_slices(np.zeros((0, 2, *EVENT), "float32"))
    for method in (model.fit, model.evaluate, model.predict):
        with refused("expected at least one batch, got none"):
            method(data, verbose=0)


# Codes


@quick
@given(shape=arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4).filter(lambda s: s[1:] != (LATENT,)))
def test_codes_of_another_shape_are_refused(model, refused, shape):
    with refused(r"expected finite codes of shape \(N, 2\)"):
        model.decode(np.zeros(shape))


@quick
@given(arrays.arrays("float64", (3, LATENT), elements=st.sampled_from([0.0, np.nan, np.inf, -np.inf, 1e200])))
def test_codes_that_are_not_finite_are_refused(model, refused, z):
    with np.errstate(over="ignore"):
        finite = np.isfinite(z.astype("float32")).all()
    if finite:
        assert model.decode(z).batch_shape == (3,)
    else:
        with refused("with NaN or infinity"):
            model.decode(z)


@pytest.mark.parametrize(
    "z",
    [
        np.full((2, LATENT), "1"),
        np.full((2, LATENT), "a"),
        np.full((2, LATENT), None),
        np.ones((2, LATENT), complex),
        [[1.0, 2.0], [3.0]],
        "codes",
        None,
        np.zeros((0, LATENT)),
    ],
    ids=["numerals", "strings", "nothing", "complex", "ragged", "a string", "None", "no codes"],
)
def test_what_are_no_codes_is_refused(model, refused, z):
    with refused("^z: expected"):
        model.decode(z)


@pytest.mark.parametrize("dtype", ["bool", "int64", "uint8", "float16", "float64"])
def test_codes_of_any_type_give_the_results_of_float32(model, dtype):
    z = np.array([[0, 1], [1, 1]], dtype)
    np.testing.assert_allclose(model.decode(z).mean(), model.decode(z.astype("float32")).mean(), atol=1e-7)


# Numbers

X = np.zeros((3, *EVENT), "float32")
COUNTS = {
    "n": lambda model, n: model.sample(n, seed=0),
    "steps": lambda model, n: model.interpolate(X, X, steps=n),
    "elbo samples": lambda model, n: model.elbo(X, samples=n),
    "log_likelihood samples": lambda model, n: model.log_likelihood(X, samples=n),
    "encode batch_size": lambda model, n: model.encode(X, batch_size=n),
    "decode batch_size": lambda model, n: model.decode(np.zeros((3, LATENT)), batch_size=n),
    "reconstruct batch_size": lambda model, n: model.reconstruct(X, batch_size=n),
    "sample batch_size": lambda model, n: model.sample(3, seed=0, batch_size=n),
    "elbo batch_size": lambda model, n: model.elbo(X, batch_size=n),
    "log_likelihood batch_size": lambda model, n: model.log_likelihood(X, samples=2, batch_size=n),
}
counts = pytest.mark.parametrize("method", COUNTS.values(), ids=COUNTS)


@counts
@quick
@given(value=no_count)
def test_what_is_no_count_is_refused(model, refused, method, value):
    with refused("must be an integer >= 1"):
        method(model, value)


@counts
@pytest.mark.parametrize("one", [1, np.int64(2), np.uint8(3)], ids=["int", "int64", "uint8"])
def test_integers_of_python_and_numpy_are_counts(model, method, one):
    def numbers(result):
        return np.asarray(result.mean() if hasattr(result, "log_prob") else result)

    np.testing.assert_allclose(numbers(method(model, one)), numbers(method(model, int(one))), rtol=1e-6)


@pytest.mark.parametrize("batch_size", [0, -1, 2.5, "many"])
@pytest.mark.parametrize("method", ["fit", "evaluate"])
def test_keras_is_not_given_a_batch_size_that_is_no_count(model, refused, method, batch_size):
    with refused("batch_size"):
        getattr(model, method)(X, batch_size=batch_size, verbose=0)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
def test_the_batch_size_changes_no_result(model, size):
    x = np.random.default_rng(0).random((5, *EVENT)).astype("float32")
    np.testing.assert_allclose(model.encode(x, batch_size=size).mean(), model.encode(x).mean(), atol=1e-6)
    np.testing.assert_allclose(model.reconstruct(x, batch_size=size), model.reconstruct(x), atol=1e-6)
    np.testing.assert_allclose(model.sample(5, seed=1, batch_size=size), model.sample(5, seed=1), atol=1e-6)


@pytest.mark.parametrize("method", ["reconstruct", "sample"])
@pytest.mark.parametrize("draw", ["mode", "", 1])
def test_an_unknown_way_to_draw_is_refused(model, refused, method, draw):
    argument = X if method == "reconstruct" else 3
    with refused("draw must be 'mean' or 'sample'"):
        getattr(model, method)(argument, draw=draw)


def test_different_numbers_of_starts_and_ends_are_refused(model, refused):
    with refused("expected as many ends as starts, got 3 and 2"):
        model.interpolate(X, X[:2])


@quick
@given(
    st.lists(st.integers(max_value=-1) | st.integers(min_value=LATENT), min_size=1, max_size=3)
    | st.sampled_from([[0.5], ["0"], [None], [0, LATENT], [np.nan], "0", 1, 0.5])
)
def test_dimensions_that_the_code_does_not_have_are_refused(model, refused, dimensions):
    with refused("dimensions"):
        model.traverse(dimensions=dimensions)


@pytest.mark.parametrize(
    "values", [[np.nan], [np.inf, 0], ["a"], ["1"], [[1, 2], [3, 4]], [1j], 3.0, "wide", [None], [[1], [2, 3]]], ids=str
)
def test_values_that_cannot_be_travelled_are_refused(model, refused, values):
    with refused():
        model.traverse(values=values)


@pytest.mark.parametrize("arguments", [{"dimensions": []}, {"values": []}])
def test_a_way_of_no_steps_is_refused(model, refused, arguments):
    with refused():
        model.traverse(**arguments)


def test_a_traversal_starts_at_one_example_and_not_at_the_first_of_several(model, refused):
    assert model.traverse(X[0]).shape == model.traverse(X[:1]).shape == (LATENT, 7, *EVENT)
    with refused():
        model.traverse(X)


@pytest.mark.parametrize("seed", ["a", 0.5, None, [1, 2, 3]], ids=str)
def test_a_seed_is_an_integer(model, refused, seed):
    for method in (model.elbo, lambda x, seed: model.log_likelihood(x, samples=2, seed=seed)):
        with refused("seed"):
            method(X, seed=seed)
    if seed is not None:
        with refused("seed"):
            model.sample(2, seed=seed)


def test_what_a_model_without_a_prior_cannot_do_is_refused(refused):
    model = zoo.ae(EVENT, LATENT, units=(8,))
    for ask in (lambda: model.sample(3), model.traverse, lambda: model.elbo(X), lambda: model.log_likelihood(X)):
        with refused("ae: it has no"):
            ask()


# Constructors


@pytest.mark.parametrize("recipe", sorted(zoo.RECIPES))
@quick
@given(latent_dim=st.integers(max_value=0) | st.floats() | st.booleans() | st.text(max_size=3) | st.none())
def test_a_code_has_one_dimension_or_more(refused, recipe, latent_dim):
    with refused("latent_dim must be an integer >= 1"):
        zoo.create(recipe, recipes.SHAPES.get(recipe, EVENT), latent_dim)


@pytest.mark.parametrize("event_shape", [(), (0,), (8, 0, 1), (-1,), (None,), (2.5,), ("8",), "8x8", None], ids=str)
def test_an_event_shape_is_positive_integers(refused, event_shape):
    with refused():
        zoo.vae(event_shape, LATENT)


@pytest.mark.parametrize("event_shape", [(7, 8, 1), (8, 7, 1), (28, 28), (64,), (4, 28, 28, 1)], ids=str)
def test_convolutions_need_images_of_8x8(refused, event_shape):
    with refused("expected images .* of at least 8x8"):
        zoo.vae(event_shape, LATENT, network="conv")


@pytest.mark.parametrize(
    ("options", "part", "nearest"),
    [
        ({"likelihood": "bernouli"}, "likelihood", "bernoulli"),
        ({"likelihood": "gaussian_fixed"}, "likelihood", "normal_fixed"),
        ({"prior": "standard_norml"}, "prior", "standard_normal"),
        ({"network": "cnov"}, "network", "conv"),
        ({"network": "MLP "}, "network", None),
    ],
    ids=str,
)
def test_an_unknown_name_gets_the_nearest(refused, options, part, nearest):
    with refused(f"Unknown {part} .*" + (f"did you mean '{nearest}'" if nearest else "Known: ")):
        zoo.vae(EVENT, LATENT, **options)


def test_an_unknown_recipe_or_posterior_gets_the_nearest(refused):
    with refused("Unknown model 'veta_vae': did you mean 'beta_vae'"):
        zoo.create("veta_vae", EVENT, LATENT)
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    with refused("Unknown posterior 'determinstic': did you mean 'deterministic'"):
        Autoencoder(encoder, decoder, posterior="determinstic", objective=NLL())


@pytest.mark.parametrize("part", ["posterior", "likelihood", "prior"])
@pytest.mark.parametrize("value", [3, Bernoulli, object(), ["normal"]], ids=lambda v: type(v).__name__)
def test_a_part_of_another_kind_is_refused(refused, part, value):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    with refused(f"^{part}: expected a"):
        Autoencoder(encoder, decoder, objective=NLL(), **{part: value})


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"likelihood": Bernoulli((9, 8, 1))}, r"encoder: expected inputs of shape \(9, 8, 1\) for the likelihood"),
        ({"posterior": Normal((3,))}, r"decoder: expected inputs of shape \(3,\) for the posterior"),
        ({"prior": StandardNormalPrior((3,))}, "prior: its event_shape is"),
    ],
    ids=["likelihood", "posterior", "prior"],
)
def test_parts_over_other_events_are_refused(refused, part, message):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    with refused(message):
        Autoencoder(encoder, decoder, objective=NLL(), **part)


@pytest.mark.parametrize(
    "objective", [None, "nll", 3.0, NLL, [NLL(), KL()], lambda trace: 0.0],
    ids=["None", "name", "number", "class", "list", "function"],
)  # fmt: skip
def test_an_objective_is_a_sum_of_terms(refused, objective):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    with refused("objective: expected a sum of terms"):
        Autoencoder(encoder, decoder, objective=objective)


@pytest.mark.parametrize("part", ["posterior", "likelihood", "prior", "objective", "n", "latent_dim", "free_bits"])
def test_a_message_has_one_line_even_if_what_it_quotes_has_three(model, refused, part):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    array = np.zeros((3, 3))
    with refused(part):
        if part == "n":
            model.sample(array)
        elif part == "latent_dim":
            make_networks("mlp", EVENT, array)
        elif part == "free_bits":
            KL(array)
        else:
            Autoencoder(encoder, decoder, **{"objective": NLL(), part: array})


@pytest.mark.parametrize("parts", [{"posterior": "deterministic"}, {"prior": None}], ids=str)
def test_a_kl_needs_two_densities(refused, parts):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    with refused("objective: 'kl' needs a"):
        Autoencoder(encoder, decoder, objective=NLL() + KL(), **parts)


def test_two_terms_of_one_name_are_refused(refused):
    with refused("terms with different names"):
        NLL() + NLL()
    with refused("terms with different names"):
        NLL() + KL() + 2.0 * KL(free_bits=1.0)
    with refused("one or more terms"):
        Objective([])
    assert [term.name for term in (KL() + KL(name="other")).terms] == ["kl", "other"]


@quick
@given(st.sampled_from([np.nan, np.inf, -np.inf]) | st.booleans() | st.text(max_size=3) | st.none())
def test_a_weight_is_a_finite_number_or_a_schedule(refused, weight):
    for weigh in (lambda: weight * KL(), lambda: KL() * weight, lambda: Objective([(weight, KL())])):
        with refused("the weight of 'kl' must be a finite number"):
            weigh()


@pytest.mark.parametrize("free_bits", [-1, np.nan, np.inf, "1", None])
def test_free_bits_are_a_number_of_nats(refused, free_bits):
    with refused("free_bits must be a number >= 0"):
        KL(free_bits)


@pytest.mark.parametrize("scale", [0, -1.0, np.nan, np.inf, True, "share", None, [1.0]], ids=str)
def test_a_scale_is_positive_or_known_by_name(refused, scale):
    with refused("Normal: scale must be"):
        Normal((3,), scale=scale)


class Unbuilt(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(4)

    def call(self, x):
        return self.dense(keras.ops.reshape(x, (-1, 64)))


def two_inputs():
    one, other = keras.Input(EVENT), keras.Input(EVENT)
    return keras.Model([one, other], keras.layers.Add()([one, other]))


def two_outputs():
    x = keras.Input(EVENT)
    flat = keras.layers.Flatten()(x)
    return keras.Model(x, [flat, flat])


def any_size():
    x = keras.Input((None, None, 1))
    return keras.Model(x, keras.layers.GlobalAveragePooling2D()(x))


@pytest.mark.parametrize(
    "make",
    [
        lambda: None,
        lambda: "mlp",
        lambda: keras.layers.Dense(3),
        lambda: lambda x: x,
        lambda: keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(3)]),
        Unbuilt,
        two_inputs,
        two_outputs,
        any_size,
    ],
    ids=["None", "name", "layer", "function", "no input", "unbuilt", "two inputs", "two outputs", "any size"],
)
@pytest.mark.parametrize("part", ["encoder", "decoder"])
def test_a_network_is_a_keras_model_of_one_input_of_known_shape(refused, part, make):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    networks = {"encoder": encoder, "decoder": decoder, part: make()}
    with refused(f"^{part}: expected"):
        Autoencoder(**networks, likelihood="normal", objective=NLL())


def test_features_that_are_not_the_parameters_asked_for_are_refused(refused):
    encoder, decoder = make_networks("mlp", EVENT, LATENT, units=(8,))
    with refused(r"Normal\(project=False\): expected features of shape \(4,\) .* got \(8,\)"):
        Autoencoder(encoder, decoder, posterior=Normal((LATENT,), project=False), objective=NLL() + KL())


@pytest.mark.parametrize(
    "options",
    [{"widths": (3,)}, {"units": 5}, {"units": (0,)}, {"units": ("a",)}, {"activation": "rleu"}, {"units": (2.5,)}],
    ids=str,
)
def test_options_that_the_networks_cannot_use_are_refused(refused, options):
    with refused():
        zoo.create("vae", EVENT, LATENT, network="mlp", **options)
