import keras_tuner
import pytest

from keras_vae.training import TrainingConfig
from keras_vae.tuning import Axis, default_space, parse_space
from keras_vae.tuning.hyper_model import AutoencoderHyperModel
from keras_vae.tuning.search_space import configuration


def test_text_becomes_axes():
    axes = parse_space(
        ["latent_dim=2:32:log", "beta=0.5:4", "prior.name=mixture,vamp", "units=[64],[128,128]", "decay=none"]
    )
    assert axes == [
        Axis("latent_dim", low=2, high=32, log=True),
        Axis("beta", low=0.5, high=4),
        Axis("prior.name", ["mixture", "vamp"]),
        Axis("units", [[64], [128, 128]]),
        Axis("decay", ["none"]),
    ]


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("latent_dim", "expected NAME=LOW:HIGH"),
        ("=3", "expected NAME=LOW:HIGH"),
        ("a-b=1:2", "expected NAME=LOW:HIGH"),
        ("beta=", "expected NAME=LOW:HIGH"),
        ("beta=a:b", "expected NAME=LOW:HIGH"),
        ("beta=1:2:cubic", "expected log or linear"),
        ("beta=4:0.5", "beta: expected LOW < HIGH"),
        ("beta=0:1:log", "beta: expected LOW < HIGH, both positive for log"),
    ],
)
def test_text_that_is_no_axis_is_refused(refused, pair, message):
    with refused(message):
        parse_space([pair])


def test_each_name_stands_once(refused):
    with refused("each name once"):
        parse_space(["beta=1:2", "beta=2:3"])


def test_values_are_of_their_kind():
    hp = keras_tuner.HyperParameters()
    drawn = {axis.name: axis.draw(hp) for axis in parse_space(["a=2:4", "b=0.5:1", "c=[1],[2,3]", "d=x,y", "e=1,2"])}
    assert drawn == {"a": 2, "b": 0.5, "c": [1], "d": "x", "e": 1}
    assert [type(value) for value in drawn.values()] == [int, float, list, str, int]


def test_values_go_where_they_belong():
    base = TrainingConfig(options={"free_bits": 0.1, "prior": {"components": 7}})
    chosen = configuration(base, {"learning_rate": 0.01, "prior.name": "mixture", "width": 32, "depth": 3})
    assert chosen.learning_rate == 0.01
    assert chosen.options == {
        "free_bits": 0.1, "prior": {"components": 7, "name": "mixture"}, "units": [32, 32, 32],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("config", "names"),
    [
        (TrainingConfig(), ["latent_dim", "learning_rate", "width", "depth"]),
        (TrainingConfig(model="beta_vae"), ["latent_dim", "learning_rate", "width", "depth", "beta"]),
        (TrainingConfig(network="conv"), ["latent_dim", "learning_rate"]),
        (TrainingConfig(options={"units": [8]}), ["latent_dim", "learning_rate"]),
        (TrainingConfig(model="ladder_vae", network="conv", options={"levels": [2, 8]}), ["learning_rate"]),
    ],
)
def test_the_default_space_leaves_alone_what_is_set(config, names):
    assert [axis.name for axis in default_space(config)] == names


def test_trials_share_the_validation_split_unless_they_binarise_otherwise():
    model = AutoencoderHyperModel(TrainingConfig(binarize="static", limit=40))
    first = model.validation(model.config)
    assert model.validation(model.config.replace(latent_dim=3)) is first
    assert model.validation(model.config.replace(binarize=None)) is not first
