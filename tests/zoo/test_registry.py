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
    "near": ((EVENT,), {"latent_dims": 3}, "unknown option 'latent_dims'; did you mean 'latent_dim'?"),
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
    "blocks_per_map": (1, 2),
    "levels": (2, 3),
    "sizes": (4, 3),
    "noise": "masking",
    "kernel": "rbf",
    "estimator": "stratified",
    "target_rate": 30.0,
    "target_distortion": 10.0,
    "target_error": 0.02,
    "base": "poisson",
    "flow": "maf",
    "codebook_update": "gradient",
    "embedding_dim": 3,
    "stage_units": (3,),
}
OTHER_PARTS = {
    "objective": KL(),
    "posterior": kv.VectorQuantizer((2, 3), codebook_size=4, flatten=True),
    "likelihood": "poisson",
    "prior": "uniform_sphere",
    "condition": 3,
    "corruption": {"name": "salt_and_pepper"},
    "augmentation": ["flip"],
    "decoder_l2": 0.5,
    "network": "gated_mlp",
}


def options_of_recipes():
    """Each option of each recipe with another value than it has by default, and the arguments that it needs."""
    for name, recipe in zoo.RECIPES.items():
        for option, each in inspect.signature(recipe).parameters.items():
            if option in PARTS or option in ("event_shape", "latent_dim"):
                continue
            value = {"l1": "kl", "analytic": "monte_carlo"}.get(each.default, OTHER_VALUES.get(option))
            if isinstance(each.default, int | float):
                value = each.default + 1 if isinstance(each.default, int) else each.default / 2 + 0.1
            needed = {"penalty": "kl"} if (name, option) == ("sparse_ae", "rate") else {}
            yield name, option, 0.2 if option == "rate" else value, needed


@pytest.mark.parametrize("part", OTHER_PARTS)
def test_exactly_the_options_that_another_part_makes_useless_are_refused_beside_one(part, monkeypatch, refused):
    """What a recipe hands to `assemble` says so, without that part, whose place is taken: nothing else is built."""
    calls, other = [], OTHER_PARTS[part]

    def assemble(name, event_shape, latent_dim, parts, **own):
        given = [{key: value for key, value in some.items() if key != part} for some in (own, parts)]
        calls.append(keras.tree.map_structure(plain, given))

    def plain(value):
        if isinstance(value, keras.layers.Layer):
            return {**value.get_config(), "name": ""}
        return str(value.get_config()) if isinstance(value, kv.Objective | kv.Term) else value

    for name, option, value, needed in options_of_recipes():
        scope = inspect.unwrap(zoo.RECIPES[name]).__globals__
        monkeypatch.setitem(scope, "assemble", assemble)
        if "Perceptual" in scope:
            monkeypatch.setitem(scope, "Perceptual", lambda _: KL(name="perceptual"))
        for arguments in (needed, {**needed, option: value}):
            inspect.unwrap(zoo.RECIPES[name])(EVENT, **{part: other}, **arguments)
        *_, without, with_option = calls
        useless = without == with_option
        message = f"^zoo.{name}: .*{option}.* would have no effect beside {part}; put it" if useless else "NoneType"
        with refused(message):
            zoo.create(name, EVENT, **{part: other, option: value, **needed})


OF_THE_OWN_PART = [
    ("flow_prior_vae", {"flow": "maf", "prior": {"flows": 1}}, None),
    ("flow_prior_vae", {"flows": 3, "prior": {"flows": 1}}, "flows would have no effect beside prior"),
    ("two_stage_vae", {"stage_units": (3,), "prior": {"units": (4,)}}, "stage_units would have no effect beside prior"),
    ("vamp_vae", {"components": 3, "prior": {"bounds": (-1, 1)}}, None),
    ("denoising_vae", {"noise": "masking", "corruption": {"amount": 0.4}}, None),
    ("denoising_vae", {"amount": 0.2, "corruption": {"amount": 0.4}}, "amount would have no effect beside corruption"),
    ("vq_vae", {"codebook_size": 8, "posterior": {"decay": 0.5}, "prior": {"layers": 1, "filters": 4}}, None),
    ("vq_vae", {"embedding_dim": 8, "network": "spatial"}, "embedding_dim would have no effect beside .* 'spatial'"),
    ("sparse_ae", {"rate": 0.1}, "rate would have no effect beside penalty='l1'"),
]


@pytest.mark.parametrize(("name", "options", "message"), OF_THE_OWN_PART)
def test_options_change_the_recipes_own_part_beside_others_of_it(name, options, message, refused):
    sizes = {} if options.get("network") else {"units": (4,)}
    if message:
        with refused(f"^zoo.{name}: {message}"):
            zoo.create(name, EVENT, 2, **sizes, **options)
        return
    model = zoo.create(name, EVENT, 2, **sizes, **options)
    expected = {
        "flow_prior_vae": lambda: (type(model.prior) is kv.MAFPrior, model.prior.flows == 1),
        "vamp_vae": lambda: (model.prior.components == 3, tuple(model.prior.bounds) == (-1, 1)),
        "denoising_vae": lambda: (type(model.corruption) is kv.MaskingCorruption, model.corruption.amount == 0.4),
        "vq_vae": lambda: (model.posterior.codebook_size == 8, model.posterior.decay == 0.5),
    }
    assert all(expected[name]())


@pytest.mark.parametrize("given", ["option", "mapping", "object"])
def test_a_codebook_that_gradients_train_has_its_loss(given):
    options = {
        "option": {"codebook_update": "gradient"},
        "mapping": {"posterior": {"codebook_update": "gradient"}},
        "object": {"posterior": kv.VectorQuantizer((2, 3), codebook_update="gradient", flatten=True)},
    }
    model = zoo.vq_vae(EVENT, 2, units=(4,), prior={"layers": 1, "filters": 4}, **options[given])
    assert model.posterior.codebook_update == "gradient" and "codebook_loss" in str(model.objective)


def test_options_of_a_part_are_options_of_the_recipe(refused):
    for options_of in ({"objective": ("betta",)}, {"priorr": ("beta",)}, {"objective": "beta"}):
        with refused("^recipe 'mine': options_of: unknown option '(betta|priorr|b)'"):

            @zoo.recipe(family="variational", paper="Nobody, 2026", url="https://example.org", options_of=options_of)
            def mine(event_shape, latent_dim=2, *, beta=3.0, **parts):
                """Never registered."""


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


@pytest.mark.parametrize("name", ["masked_vae", "pixel_vae"])
def test_a_likelihood_does_not_replace_one_that_is_over_a_base(name, refused):
    recipe = zoo.RECIPES[name]
    with refused(f"^zoo.{name}: expected a likelihood over another one, such as '.*', got 'normal'; give it as base"):
        recipe(EVENT, 2, units=(4,), likelihood="normal")
    assert type(recipe(EVENT, 2, units=(4,), base="normal").likelihood.base) is kv.Normal
    assert type(recipe(EVENT, 2, units=(4,), likelihood="masked").likelihood) is kv.Masked
