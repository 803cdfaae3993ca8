"""Steps are compiled with XLA where that is faster, or where one says so."""

import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae.models import xla
from keras_vae.models.xla import is_faster

MLP = {"units": (4,)}
CONVOLUTIONAL = {"network": "conv", "filters": (4,)}


@pytest.mark.parametrize(("options", "expected"), [(MLP, True), (CONVOLUTIONAL, False)])
def test_the_default_on_a_cpu_is_for_networks_without_convolutions(monkeypatch, options, expected):
    if tf.config.list_physical_devices("GPU"):
        pytest.skip("this machine has a GPU, where XLA is always chosen")
    monkeypatch.setattr(xla, "is_faster", is_faster)  # tests go without XLA unless they ask for it
    model = kv.zoo.vae((8, 8, 1), 2, **options)
    model.compile()
    assert model.jit_compile == expected
    model.compile(jit_compile=not expected)
    assert model.jit_compile != expected
    model.compile(run_eagerly=True)
    assert not model.jit_compile


@pytest.mark.parametrize("options", [MLP, {"network": "resnet", "filters": (4,)}])
def test_several_replicas_on_a_cpu_train_without_xla(monkeypatch, two_replicas, options):
    monkeypatch.setattr(xla, "is_faster", is_faster)
    with two_replicas.scope():
        model = kv.zoo.vae((8, 8, 1), 2, **options)
        model.compile()
        assert not (model._xla_inside_step or model._compiles_norms)
        model.compile(jit_compile=True)
        assert model._xla_inside_step


def test_the_choice_is_made_again_where_a_model_is_loaded(monkeypatch, tmp_path):
    model = kv.zoo.vae((8, 8, 1), 2, **MLP)
    model.compile()
    model.save(tmp_path / "m.keras")
    monkeypatch.setattr(xla, "is_faster", is_faster)
    assert kv.load_model(tmp_path / "m.keras").jit_compile
