"""A configuration means what it says, or is refused in one line."""

import json
import math

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from keras_vae.training import TrainingConfig

whole = st.integers(0, 10**6)
positive = st.integers(1, 10**6)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)
configurations = st.builds(
    TrainingConfig,
    model=st.text(),
    data=st.text(),
    latent_dim=st.none() | positive,
    epochs=positive,
    batch_size=st.none() | positive,
    learning_rate=st.floats(min_value=0, exclude_min=True, allow_infinity=False, max_value=3e38),
    decay=st.sampled_from(["none", "cosine"]),
    options=st.dictionaries(st.text(), json_values, max_size=3),
    warmup_epochs=whole,
    binarize=st.none() | st.text(),
    image_size=st.none() | positive | st.lists(positive, min_size=2, max_size=2),
    limit=st.none() | positive,
    seed=whole,
    jit_compile=st.booleans() | st.just("auto"),
    likelihood_samples=whole,
)


@pytest.mark.slow
@settings(deadline=None, max_examples=30)
@given(configurations)
def test_json_keeps_every_value(tmp_path_factory, config):
    path = tmp_path_factory.mktemp("config") / "config.json"
    path.write_text(json.dumps(config.as_dict()))
    assert TrainingConfig.read(path) == config


def test_a_configuration_with_tuples_reads_back_without_a_difference(tmp_path):
    config = TrainingConfig(image_size=(64, 48), options={"units": (32, 16)})
    path = tmp_path / "config.json"
    path.write_text(json.dumps(config.as_dict()))
    assert TrainingConfig.read(path).differences(config) == {}


@pytest.mark.parametrize(
    ("key", "nearest"),
    [("latent_dims", "latent_dim"), ("epoch", "epochs"), ("learningrate", "learning_rate"), ("Seed", "seed")],
)
def test_an_unknown_key_gets_the_nearest_name(tmp_path, refused, key, nearest):
    with refused(f"Unknown configuration key '{key}': did you mean '{nearest}'"):
        TrainingConfig().replace(**{key: 1})
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"latent_dim": 3, key: 1}))
    with refused(f"did you mean '{nearest}'"):
        TrainingConfig.read(path)


@pytest.mark.parametrize("name", ["latent_dim", "epochs", "batch_size"])
@settings(deadline=None)
@given(value=st.integers(max_value=0) | st.floats() | st.booleans() | st.text() | st.lists(st.integers()))
def test_a_size_is_an_integer_of_one_or_more(refused, name, value):
    with refused(f"^{name} must be an integer >= 1"):
        TrainingConfig(**{name: value})


@settings(deadline=None)
@given(st.integers(max_value=-1) | st.integers(min_value=2**31) | st.floats() | st.booleans() | st.text())
def test_a_seed_is_an_integer_of_31_bits(refused, value):
    with refused(r"^seed must be an integer from 0 to 2147483647"):
        TrainingConfig(seed=value)


@pytest.mark.parametrize("name", ["warmup_epochs", "likelihood_samples"])
@settings(deadline=None)
@given(value=st.integers(max_value=-1) | st.floats() | st.booleans() | st.text())
def test_a_count_is_an_integer_of_zero_or_more(refused, name, value):
    with refused(f"^{name} must be an integer >= 0"):
        TrainingConfig(**{name: value})


@settings(deadline=None)
@given(st.floats(max_value=0) | st.sampled_from([math.nan, math.inf, None, "0.1", [0.1]]))
def test_a_learning_rate_is_positive_and_finite(refused, value):
    with refused("^learning_rate must be a positive number"):
        TrainingConfig(learning_rate=value)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"decay": "square"}, "Unknown decay 'square'. Known: auto, cosine, linear, none"),
        ({"learning_rate": True}, "learning_rate must be a positive number; got True"),
        ({"options": ["units"]}, "options must be a mapping"),
        ({"options": None}, "options must be a mapping"),
        ({"label_names": [1]}, "label_names must be a list of texts or None; got .1."),
        ({"categories": {"town": "Ulm"}}, "categories must be a mapping of columns to lists of texts"),
    ],
)
def test_other_values_out_of_range_are_refused(refused, values, message):
    with refused(message):
        TrainingConfig().replace(**values)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected a configuration in JSON"),
        ("", "expected a configuration in JSON"),
        ("[1, 2]", "expected a JSON object"),
        ("[" * 10**5, "expected a configuration in JSON"),
        ('{"seed": 1' + "0" * 5000 + "}", "expected a configuration in JSON"),
        ('{"latent_dim": "8"}', "latent_dim must be an integer >= 1; got '8'"),
        ('{"learning_rate": NaN}', "learning_rate must be a positive number; got nan"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(tmp_path, refused, content, message):
    path = tmp_path / "config.json"
    path.write_text(content)
    with refused(message):
        TrainingConfig.read(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path, refused):
    with refused(r"nowhere\.json: cannot read the configuration: No such file"):
        TrainingConfig.read(tmp_path / "nowhere.json")
    with refused("cannot read the configuration: Is a directory"):
        TrainingConfig.read(tmp_path)
    binary = tmp_path / "binary.json"
    binary.write_bytes(b"\xff\xfe\x00\x80")
    with refused(r"binary\.json: expected a configuration in JSON"):
        TrainingConfig.read(binary)
    binary.write_text('{"data": "größe.csv"}', "latin-1")
    with refused(r"binary\.json: expected text in UTF-8, got the byte 0xF6 at offset 12"):
        TrainingConfig.read(binary)


def test_differences_name_both_values_and_nothing_else():
    one = TrainingConfig(epochs=3, options={"units": (16,)}, seed=1)
    other = TrainingConfig(epochs=4, options={"units": [16]}, seed=1, binarize="dynamic")
    assert one.differences(other) == {"epochs": (3, 4), "binarize": (None, "dynamic")}
    assert other.differences(one) == {"epochs": (4, 3), "binarize": ("dynamic", None)}
    assert one.differences(one) == {}


@pytest.mark.parametrize(("examples", "size"), [(9_999, 32), (10_000, 128)])
def test_the_batch_size_follows_the_number_of_examples_unless_it_is_given(examples, size):
    assert TrainingConfig().batch_size_for(examples) == size
    assert TrainingConfig(batch_size=7).batch_size_for(examples) == 7
