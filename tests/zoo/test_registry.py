"""How a recipe is registered, what it says of itself, and how it answers calls that it cannot use."""

import inspect
import re
from functools import partial

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae import KL, NLL, zoo
from keras_vae.zoo.parts import PARTS

EVENT = (8, 8, 1)


def test_every_recipe_names_all_its_parts_and_describes_its_own_options():
    for name, recipe in zoo.RECIPES.items():
        parameters = inspect.signature(recipe).parameters
        assert list(parameters)[:2] == ["event_shape", "latent_dim"]
        assert all(each.kind is each.KEYWORD_ONLY for each in list(parameters.values())[2:])
        assert set(PARTS) <= set(parameters)
        arguments = recipe.__doc__.partition("Args:\n")[2].partition("\n\n")[0]
        described = re.findall(r"^ {8}\**(\w+): ", arguments, re.MULTILINE)
        assert described == [*(option for option in parameters if option not in PARTS), "parts"], name


def test_a_file_is_a_family_and_a_recipe_says_its_paper_once():
    files = {}
    for recipe in zoo.RECIPES.values():
        about = recipe.description
        files.setdefault(recipe.__module__, set()).add(about.family)
        assert re.search(r"\d{4}$", about.paper) and about.url.startswith("https://")
        assert recipe.__doc__.count(f"Reference: {about.paper}, {about.url}") == 1
    assert all(len(families) == 1 for families in files.values())
    assert len(set.union(*files.values())) == len(files)


CALLS = {
    "near": ((EVENT,), {"lattent": 3}, "unknown option 'lattent'; did you mean 'latent_dim'?"),
    "far": ((EVENT,), {"beta": 3}, "unknown option 'beta'; it takes event_shape, latent_dim, free_bits, "),
    "of a critic": ((EVENT,), {"critic": {}}, "unknown option 'critic'; it takes "),
    "of another network": (
        (EVENT,), {"filters": (3,)},
        "network 'mlp' (network='auto' for examples of shape (8, 8, 1)) takes no option 'filters': conv, ",
    ),
    "text": ((EVENT, "8"), {}, "latent_dim must be an integer >= 1; got '8'."),
    "truth": ((EVENT,), {"latent_dim": True}, "latent_dim must be an integer >= 1; got True."),
    "one number": ((28,), {}, "event_shape must be a tuple of positive integers, "),
    "too many": ((EVENT, 4, 0), {}, "expected event_shape and latent_dim by position and all else by name, "),
    "twice": ((EVENT, 4), {"latent_dim": 4}, "got latent_dim by position and by name; give it once."),
    "none": ((), {}, "event_shape is missing; give a value."),
    "no number": ((EVENT,), {"free_bits": "1"}, None),
}  # fmt: skip


@pytest.mark.parametrize("call", [zoo.vae, partial(zoo.create, "vae")], ids=["vae", "create"])
@pytest.mark.parametrize("case", CALLS)
def test_a_call_that_a_recipe_cannot_use_gets_one_line(case, call, refused, monkeypatch):
    arguments, options, message = CALLS[case]
    if message:
        monkeypatch.setattr(kv.Autoencoder, "__init__", None)  # nothing is built
    with refused(f"^zoo.vae: {re.escape(message)}" if message else "^KL: free_bits must be"):
        call(*arguments, **options)


def test_what_only_python_notices_is_told_in_the_name_of_the_recipe(refused):
    with refused(r"^zoo.info_vae: cannot use the options {'alpha': '1'}: "):
        zoo.info_vae(EVENT, alpha="1")
    with refused("^levels must be a sequence of integers"):
        zoo.hierarchical_vae(EVENT, levels=3)
    with refused("^warmup_steps must be an integer >= 0; got '3'"):
        zoo.vae(EVENT, warmup_steps="3")


OTHER_VALUES = {
    "dataset_size": 10,
    "probes": 2,
    "critic": {"units": (3,)},
    "columns": ["binary"],
    "levels": (2, 3),
    "noise": "masking",
    "kernel": "rbf",
    "estimator": "stratified",
    "base": "poisson",
    "flow": "maf",
    "codebook_update": "gradient",
    "stage_units": (3,),
}


def test_exactly_the_options_that_an_objective_makes_useless_are_refused_beside_one(monkeypatch, refused):
    def without_objective(name, arguments):
        function, calls = inspect.unwrap(zoo.RECIPES[name]), []
        monkeypatch.setitem(function.__globals__, "Perceptual", lambda _: KL(name="perceptual"))
        monkeypatch.setitem(function.__globals__, "assemble", lambda *_, objective, **own: calls.append((_, own)))
        function(EVENT, **arguments)
        monkeypatch.undo()
        return [keras.tree.map_structure(plain, call) for call in calls]

    def plain(value):
        return {**value.get_config(), "name": ""} if isinstance(value, keras.layers.Layer) else value

    for name, recipe in zoo.RECIPES.items():
        for option, each in inspect.signature(recipe).parameters.items():
            if option in PARTS or option in ("event_shape", "latent_dim"):
                continue
            value = "kl" if each.default == "l1" else OTHER_VALUES.get(option)
            if isinstance(each.default, int | float):
                value = each.default + 1 if isinstance(each.default, int) else each.default / 2 + 0.1
            if without_objective(name, {}) == without_objective(name, {option: value}):
                with refused(f"^zoo.{name}: {option} would have no effect beside objective; put it into the objective"):
                    zoo.create(name, EVENT, **{option: value}, objective=KL())
            else:
                with refused("^((?!would have no effect).)*$"):  # what the objective is, comes later
                    zoo.create(name, EVENT, **{option: value}, objective="none")


@pytest.mark.parametrize("name", ["vae", "iwae", "ladder_vae", "vq_vae", "conditional_vae"])
def test_an_objective_takes_the_place_of_the_recipes_own(name):
    model = zoo.create(name, EVENT, 2, units=(4,), objective=NLL() + 2.0 * KL())
    assert str(model.objective) == "nll + 2 kl"
    assert str(zoo.create(name, EVENT, 2, units=(4,), objective=KL()).objective) == "kl"


def test_a_critic_may_be_a_model(refused):
    critic = kv.Critic((2,), (4,))
    assert zoo.aae(EVENT, 2, units=(4,), critic=critic).critic is critic
    with refused("^critic: expected a Keras model, or a mapping"):
        zoo.aae(EVENT, 2, critic=3)


def test_a_quantizer_may_be_an_object():
    quantizer = kv.VectorQuantizer((2, 3), codebook_size=5, flatten=True)
    model = zoo.vq_vae(EVENT, units=(4,), posterior=quantizer, prior={"layers": 1, "filters": 4})
    assert model.posterior is quantizer and model.prior.categories == 5


@pytest.fixture
def mine():
    """A recipe of one's own, forgotten after the test."""

    @zoo.recipe(family="variational", paper="Nobody, 2026", url="https://example.org")
    def mine(event_shape, latent_dim=2, *, beta=3.0, **parts):
        return zoo.assemble("mine", event_shape, latent_dim, parts, objective=NLL() + beta * KL())

    yield mine
    del zoo.RECIPES["mine"]


def test_a_recipe_of_ones_own_is_one_of_the_zoo(mine, refused):
    assert str(zoo.create("mine", EVENT, units=(4,)).objective) == "nll + 3 kl"
    assert zoo.describe()[zoo.describe().index(zoo.denoising_vae.description) + 1].name == "mine"
    with refused("^zoo.mine: unknown option 'betta'; did you mean 'beta'?"):
        mine(EVENT, betta=3)
    with refused("^zoo.mine: network 'gru' takes no option 'units2?|unknown"):
        mine(EVENT, unitss=3)


def test_a_name_is_taken_once(refused):
    with refused("^recipe 'vae': keras_vae.zoo.variational has a recipe of this name"):

        @zoo.recipe(family="variational", paper="Nobody, 2026", url="https://example.org")
        def vae(event_shape, latent_dim=2, **parts):
            """Another."""

    assert np.isfinite(zoo.vae(EVENT, 2, units=(4,)).sample(1, seed=0)).all()


@pytest.mark.parametrize("name", ["factor_vae", "wae_gan", "aae"])
def test_a_critic_of_codes_does_not_see_the_condition(name):
    model = zoo.create(name, EVENT, 2, units=(4,), condition=np.int64(3), critic={"units": (4,)})
    assert model.condition.size == 3 and model.critic.input_shape == (None, 2)


def test_classes_that_are_no_integer_are_refused(refused):
    for classes in (3.0, "3", [3], True):
        with refused(r"condition: expected a number of classes or a Condition; got .*"):
            zoo.vae(EVENT, 2, units=(4,), condition=classes)
