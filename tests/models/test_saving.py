"""What is saved can be loaded; what could not be loaded is refused when it is saved."""

import contextlib
import io
import json
import random
import zipfile

import h5py
import keras
import pytest
import tensorflow as tf

from keras_vae import KL, NLL, Autoencoder, InvalidInputError, Normal, load_model, make_networks, zoo
from keras_vae.models.serialized import check_can_be_saved
from keras_vae.objectives import Term
from keras_vae.serialization import register


class Unregistered(Term):
    """A term of one's own."""

    def __call__(self, trace):
        return 0.0 * NLL()(trace)


def half(x):
    """An activation of one's own."""
    return x / 2


class Twice(keras.layers.Layer):
    """A layer of one's own."""

    def call(self, x):
        return 2 * x


def small(**options):
    return zoo.vae((8, 8, 1), 2, units=(4,), seed=0, **options)


def around(layer):
    """A model whose encoder ends with that layer."""
    encoder = keras.Sequential([keras.Input((8, 8, 1)), keras.layers.Flatten(), layer])
    return Autoencoder(encoder, make_networks("mlp", (8, 8, 1), 2, units=(4,))[1], objective=NLL() + KL())


UNKNOWN = {
    "a term": (lambda: small().with_parts(objective=NLL() + Unregistered()), "Unregistered", Unregistered),
    "a layer": (lambda: around(Twice()), "Twice", Twice),
    "an activation": (lambda: around(keras.layers.Dense(3, activation=half)), "half", half),
}
unknown = pytest.mark.parametrize(("make", "name", "own"), UNKNOWN.values(), ids=UNKNOWN)


@unknown
def test_what_is_not_registered_is_named_when_it_is_saved(tmp_path, refused, make, name, own):
    with refused(rf"{name}' is not registered.*@keras_vae\.register"):
        make().save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())


@unknown
def test_what_is_not_known_is_named_when_it_is_loaded_and_may_be_given(tmp_path, refused, make, name, own):
    path = tmp_path / "m.keras"
    with keras.saving.custom_object_scope({name: own}):
        make().save(path)
    with refused(rf"{name} is not registered; import the module .*--import.*custom_objects=\{{'{name}': {name}\}}"):
        load_model(path)
    assert isinstance(load_model(path, custom_objects={name: own}), Autoencoder)
    with keras.saving.custom_object_scope({name: own}):
        assert isinstance(load_model(path), Autoencoder)


def test_a_registered_class_of_a_module_that_is_not_imported_is_named_as_registered(tmp_path, refused):
    path = tmp_path / "m.keras"
    small().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = members["config.json"].replace(b"keras_vae>NLL", b"mine>NLL")
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    with refused(r"NLL is not registered; .*custom_objects=\{'mine>NLL': NLL\}"):
        load_model(path)
    assert isinstance(load_model(path, custom_objects={"mine>NLL": NLL}), Autoencoder)


def test_the_folder_of_a_run_in_place_of_its_model_gets_the_path_of_the_model(tmp_path, refused):
    (tmp_path / "model.keras").touch()
    with refused(f"no such file; expected a model saved as .keras; the model of a run is {tmp_path}/model.keras"):
        load_model(tmp_path)


@pytest.mark.parametrize("name", ["m.h5", "m.hdf5", "m.weights.h5", "m", "m.tf", "m.pkl"])
def test_other_formats_are_refused_when_saving(tmp_path, refused, name):
    with refused(r"a model is saved as \.keras"):
        small().save(tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_python_code_is_refused_when_saving_and_when_loading(tmp_path, refused):
    model = around(keras.layers.Lambda(lambda x: x + 1))
    with refused("Lambda layer, that is Python code"):
        model.save(tmp_path / "m.keras")
    keras.Model.save(model, tmp_path / "m.keras")
    with refused("it carries a Lambda layer, that is Python code, which is never run"):
        load_model(tmp_path / "m.keras")


@pytest.mark.slow
def test_keras_own_ways_to_save_still_work(tmp_path):
    model = small(likelihood="normal")
    model.compile("adam")
    model.save(tmp_path / "m.keras", overwrite=True)
    model.save(str(tmp_path / "n.keras"))
    keras.saving.save_model(model, tmp_path / "o.keras")
    for name in "mno":
        assert load_model(tmp_path / f"{name}.keras").compiled
    model.save_weights(tmp_path / "m.weights.h5")
    small(likelihood="normal").load_weights(tmp_path / "m.weights.h5")


def test_registering_is_all_it_takes(tmp_path):
    @register
    class RegisteredTerm(Unregistered):
        """Registered."""

    path = tmp_path / "m.keras"
    small().with_parts(objective=NLL() + RegisteredTerm()).save(path)
    assert [type(term) for term in load_model(path).objective.terms] == [NLL, RegisteredTerm]


@pytest.mark.slow
def test_an_archive_that_would_fill_the_memory_is_refused(tmp_path, refused):
    path = tmp_path / "m.keras"
    small().save(path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/bomb", bytes(2**27))
    with refused("its content is far larger than the file"):
        load_model(path)


def with_weights(path, change):
    """Saves a model, lets `change` edit its file of weights, and puts that back."""
    small().save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "a") as file:
        names = []
        file.visititems(lambda name, one: names.append(name) if isinstance(one, h5py.Dataset) else None)
        shape = file[names[0]].shape
        del file[names[0]]
        change(file, names[0], shape)
    members["model.weights.h5"] = content.getvalue()
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file, name, _: file.create_dataset(name, (2**31,), "float32"), "weights claim to be far larger"),
        (lambda file, name, _: file.__setitem__(name, h5py.ExternalLink("/etc/passwd", "/a")), "is a link"),
        (lambda file, name, _: file.__setitem__(name, h5py.SoftLink("/a")), "is a link"),
        (
            lambda file, name, shape: file.create_dataset(name, shape, "uint8", external=[("/etc/passwd", 0, 999)]),
            "is kept in another file",
        ),
    ],
    ids=["claimed", "external link", "soft link", "external"],
)
def test_weights_that_are_elsewhere_or_nowhere_are_refused(tmp_path, refused, change, message):
    with_weights(tmp_path / "m.keras", change)
    with refused(message):
        load_model(tmp_path / "m.keras")


@pytest.mark.slow
def test_a_flipped_bit_is_seen_and_a_path_that_leads_out_is_refused(tmp_path, refused):
    path = tmp_path / "m.keras"
    small().save(path)
    content = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo("model.weights.h5")
    content[member.header_offset + 200 + member.file_size // 2] ^= 1
    path.write_bytes(content)
    with refused("the checksum of 'model.weights.h5' is wrong"):
        load_model(path)
    for name in ("../evil", "/evil", "assets/../../evil"):
        small().save(path)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"evil")
        with refused("leads out of the archive"):
            load_model(path)


@pytest.mark.parametrize("config", [b"{", b"[]", b"3", b'"x"', b"{}", json.dumps({"class_name": 3}).encode(), b"\xff"])
def test_a_configuration_that_is_none_is_refused(tmp_path, refused, config):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", config)
        archive.writestr("metadata.json", "{}")
    with refused():
        load_model(path)


@register
class NamelessTerm(Term):
    def __init__(self, power=2.0):
        super().__init__()
        self.power = power

    def __call__(self, trace):
        return tf.reduce_sum(tf.abs(trace.latents[0].sample[0]) ** self.power, axis=-1)


@register
class ForgetfulNormal(Normal):
    def __init__(self, event_shape, least, **kwargs):
        super().__init__(event_shape, **kwargs)

    def get_config(self):
        return super().get_config()


def test_a_part_that_could_not_be_loaded_is_refused_before_the_training(tmp_path, refused, monkeypatch):
    model = zoo.vae((6,), 2, units=(4,), objective=NLL() + KL() + NamelessTerm(3.0), likelihood="normal")
    model.save(tmp_path / "model.keras")
    term = keras.saving.load_model(tmp_path / "model.keras").objective.terms[-1]
    assert (term.power, term.name) == (3.0, "nameless_term")
    model = zoo.vae((6,), 2, units=(4,), likelihood=ForgetfulNormal((6,), 0.1))
    reason = "ForgetfulNormal: the model could not be loaded again, as it cannot be made from its configuration"
    with refused(f"{reason} .*'least'"):
        model.save(tmp_path / "other.keras")
    monkeypatch.setattr(ForgetfulNormal, "__module__", "__main__")  # of a script or notebook
    with refused(reason):
        model.save(tmp_path / "other.keras")
    assert not (tmp_path / "other.keras").exists()


@register
class Widening(keras.layers.Layer):
    """A layer whose `build` fails, or makes other weights, where its state or its shape is that of a file."""

    def __init__(self, kind, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.width = 3

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}

    def build(self, input_shape):
        if self.kind == "needs a tuple":
            self.add_weight(shape=input_shape[1:] + (3,), name="kernel")  # noqa: RUF005 - a file has a list
        if self.kind == "needs an attribute":
            self.add_weight(shape=(self.own_width,), name="kernel")
        if self.kind in ("of its state", "in its call"):
            self.add_weight(shape=(self.width,), name="kernel")
        if self.kind == "in its call":
            self.inner = keras.layers.Dense(3)

    def call(self, x):
        return self.inner(x) if self.kind == "in its call" else x


@register
class OwnEncoder(keras.Model):
    """A subclassed model, whose failing `build` Keras answers with a warning."""

    def __init__(self, kind, **kwargs):
        super().__init__(**kwargs)
        self.kind = kind
        self.inner = Widening(kind)

    def get_config(self):
        return {**super().get_config(), "kind": self.kind}

    def build(self, input_shape):
        self.inner.build(input_shape)

    def call(self, x):
        return self.inner(x)


def with_state(kind, inside):
    """A model around a `Widening`, alone in a Sequential or inside of a subclassed encoder."""
    layer = OwnEncoder(kind) if inside else Widening(kind)
    widening = layer.inner if inside else layer
    widening.own_width = 3
    if kind == "of its state":
        widening.width = 4
    if not inside:
        encoder = keras.Sequential([keras.Input((6,)), layer])
    else:
        layer.build((None, 6))
        encoder = layer
    return Autoencoder(
        encoder, make_networks("mlp", (6,), 2, units=(4,))[1], likelihood="normal", objective=NLL() + KL()
    )


@pytest.mark.filterwarnings("ignore:Model 'own_encoder:UserWarning")
@pytest.mark.parametrize("inside", [False, True], ids=["a layer", "a model"])
@pytest.mark.parametrize("kind", ["needs a tuple", "needs an attribute", "of its state", "in its call", "plain"])
def test_a_layer_that_could_not_be_built_again_is_refused_before_the_training(tmp_path, refused, kind, inside):
    model, path = with_state(kind, inside), tmp_path / "m.keras"
    comes_back = kind == "plain" or (kind == "in its call" and not inside)  # a Sequential calls it, a model does not
    state = random.getstate()
    message = "(Widening|OwnEncoder): the model could not be loaded again, as "
    with contextlib.nullcontext() if comes_back else refused(message):
        check_can_be_saved(model, path)
    assert random.getstate() == state  # from which Keras draws the seeds of initial weights
    keras.Model.save(model, path)  # without the check: Keras reads some of these files, and leaves weights out
    try:
        shapes = [weight.shape for weight in load_model(path).weights]
    except InvalidInputError:
        shapes = None
    assert (shapes == [weight.shape for weight in model.weights]) == comes_back


def test_a_model_is_made_again_once_for_a_configuration(tmp_path, monkeypatch):
    model, made = with_state("plain", inside=False), []
    monkeypatch.setattr(Widening, "from_config", classmethod(lambda cls, config: made.append(1) or cls(**config)))
    for _ in range(2):
        model.save(tmp_path / "m.keras")
    assert len(made) == 1


def test_layers_that_are_used_twice_are_one(tmp_path):
    layer = Widening("plain")
    shared = keras.layers.Dense(6)
    encoder = keras.Sequential([keras.Input((6,)), shared, layer, shared])
    model = Autoencoder(encoder, make_networks("mlp", (6,), 2, units=(4,))[1], objective=NLL() + KL())
    model.save(tmp_path / "m.keras")
    assert len(load_model(tmp_path / "m.keras").weights) == len(model.weights)
