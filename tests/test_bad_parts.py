"""A part that cannot work, or that does not fit the others, is refused in one line that names it."""

import re

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_vae as kv
from keras_vae import KL, NLL, Autoencoder, make_networks, zoo
from keras_vae.cli.main import main
from keras_vae.distributions import LIKELIHOODS, POSTERIORS
from keras_vae.errors import shortest
from keras_vae.networks import NETWORKS
from keras_vae.priors import PRIORS
from keras_vae.training import train

EVENT = (8, 8, 1)
LATENT = 2
REGISTRIES = {"posterior": POSTERIORS, "likelihood": LIKELIHOODS, "prior": PRIORS}
NO_COUNT = [0, -1, 2.5, True, "5", None]
NOT_POSITIVE = [0, -0.5, float("nan"), float("inf"), True, "hot", None]


def make(latent_dim=LATENT, condition_dim=0, **parts):
    encoder, decoder = make_networks("mlp", EVENT, latent_dim, units=(4,), condition_dim=condition_dim)
    return Autoencoder(encoder, decoder, **{"objective": NLL(), **parts})


def quantizing(**parts):
    return make(6, posterior=kv.VectorQuantizer((2, 3), codebook_size=4, flatten=True), **parts)


def examples(n=4):
    return np.random.default_rng(0).random((n, *EVENT), "float32")


def fitted(x=None, y=None, **parts):
    model = make(**parts)
    model.compile("adam", jit_compile=False, run_eagerly=True)
    model.fit(examples() if x is None else x, y, verbose=0)
    return model


# Numbers

COUNTS = {
    "IWAE: samples k": lambda n: kv.IWAE(n),
    "IWAE: samples m": lambda n: kv.IWAE(2, m=n),
    "DReG: samples k": lambda n: kv.DReG(n),
    "STL: samples k": lambda n: kv.STL(n),
    "Renyi: samples k": lambda n: kv.Renyi(k=n),
    "SlicedWasserstein: projections": lambda n: kv.SlicedWasserstein(n),
    "Sinkhorn: iterations": lambda n: kv.Sinkhorn(iterations=n),
    "MixturePrior: components": lambda n: kv.MixturePrior((2,), components=n),
    "VampPrior: components": lambda n: kv.VampPrior((2,), EVENT, components=n),
    "SecondStagePrior: samples": lambda n: kv.SecondStagePrior((2,), samples=n),
    "SecondStagePrior: each of units": lambda n: kv.SecondStagePrior((2,), units=(n,)),
    "MAFPrior: flows": lambda n: kv.MAFPrior((2,), flows=n),
    "Planar: flows": lambda n: kv.Planar((2,), flows=n),
    "DiscretizedLogistic: components": lambda n: kv.DiscretizedLogistic((2,), components=n),
    "PixelCNNLikelihood: filters": lambda n: kv.PixelCNNLikelihood((4, 4, 1), filters=n),
    "VectorQuantizer: levels": lambda n: kv.VectorQuantizer((2, 3), levels=n),
    "Ladder: levels": lambda n: kv.Ladder((4,), levels=(4, n)),
    "Ladder: units": lambda n: kv.Ladder((4,), levels=(2, 2), units=n),
    "LabelCondition: size": lambda n: kv.LabelCondition(n),
    "VectorCondition: size": lambda n: kv.VectorCondition(n),
    "VectorQuantizer: codebook_size": lambda n: kv.VectorQuantizer((2, 3), codebook_size=n),
    "CategoricalPrior: categories": lambda n: kv.CategoricalPrior((2,), categories=n),
    "AutoregressivePrior: categories": lambda n: kv.AutoregressivePrior((2,), categories=n),
    "Categorical: levels": lambda n: kv.Categorical((2,), levels=n),
    "DiscretizedLogistic: levels": lambda n: kv.DiscretizedLogistic((2,), levels=n),
}
OF_TWO_OR_MORE = re.compile("VectorQuantizer: codebook_size|categories|(Categorical|Logistic): levels")
POSITIVE = {
    "RelaxedCategorical: temperature": lambda t: kv.RelaxedCategorical((3,), temperature=t),
    "RelaxedCategoricalPrior: temperature": lambda t: kv.RelaxedCategoricalPrior((3,), temperature=t),
    "DirichletPrior: concentration": lambda t: kv.DirichletPrior((3,), concentration=t),
    "Dirichlet: min_concentration": lambda t: kv.Dirichlet((3,), min_concentration=t),
    "PowerSpherical: min_concentration": lambda t: kv.PowerSpherical((3,), min_concentration=t),
    "StudentT: df": lambda t: kv.StudentT((3,), df=t),
    "Normal: min_scale": lambda t: kv.Normal((3,), min_scale=t),
    "MixturePrior: min_scale": lambda t: kv.MixturePrior((3,), min_scale=t),
    "Planar: min_scale": lambda t: kv.Planar((3,), min_scale=t),
    "MMD: scale": lambda t: kv.MMD(scale=t),
    "Sinkhorn: epsilon": lambda t: kv.Sinkhorn(t),
}


@pytest.mark.parametrize("value", NO_COUNT, ids=repr)
@pytest.mark.parametrize("name", COUNTS)
def test_a_number_of_things_is_an_integer(refused, name, value):
    least = 2 if OF_TWO_OR_MORE.search(name) else 1
    with refused(f"^{name} must be an integer >= {least}; got {re.escape(repr(value))}"):
        COUNTS[name](value)


@pytest.mark.parametrize("name", [name for name in COUNTS if OF_TWO_OR_MORE.search(name)])
def test_one_code_is_no_code(refused, name):
    with refused(f"^{name} must be an integer >= 2; got 1"):
        COUNTS[name](1)
    COUNTS[name](2)


@pytest.mark.parametrize("value", NOT_POSITIVE, ids=repr)
@pytest.mark.parametrize("name", POSITIVE)
def test_a_scale_or_a_temperature_is_positive(refused, name, value):
    with refused(f"^{name} must be a positive number; got {re.escape(repr(value))}"):
        POSITIVE[name](value)


def test_a_schedule_of_the_temperature_starts_above_0(refused):
    with refused("RelaxedCategorical: temperature must be a positive number; got 0.0"):
        kv.RelaxedCategorical((3,), temperature=keras.optimizers.schedules.ExponentialDecay(0.0, 10, 0.5))


FLAGS = {
    "network 'spatial': linear_skip": lambda flag: make_networks("spatial", EVENT, 2, filters=(4,), linear_skip=flag),
    "ConvCritic: patch": lambda flag: kv.ConvCritic(EVENT, (4,), patch=flag),
    "SequenceEncoder: unroll": lambda flag: kv.networks.SequenceEncoder((8, 2), units=4, unroll=flag),
    "VectorQuantizer: flatten": lambda flag: kv.VectorQuantizer((2, 3), flatten=flag),
    "Normal: project": lambda flag: kv.Normal((3,), project=flag),
    "VampPrior: learned_weights": lambda flag: kv.VampPrior((2,), EVENT, learned_weights=flag),
    "MMD: unbiased": lambda flag: kv.MMD(unbiased=flag),
}


@pytest.mark.parametrize("value", ["no", "False", 0, None], ids=repr)
@pytest.mark.parametrize("name", FLAGS)
def test_a_text_or_a_number_is_neither_true_nor_false(refused, name, value):
    with refused(f"^{name}: expected True or False, got {re.escape(repr(value))}"):
        FLAGS[name](value)


OTHER_ARGUMENTS = {
    "decay of 1": (lambda: kv.VectorQuantizer((2, 3), decay=1.0), "decay must be a number >= 0 and < 1; got 1.0"),
    "decay as text": (lambda: kv.VectorQuantizer((2, 3), decay="1"), "VectorQuantizer: decay must .* got '1'"),
    "no decay": (lambda: kv.VectorQuantizer((2, 3), decay=float("nan")), "VectorQuantizer: decay must .* got nan"),
    "revival": (lambda: kv.VectorQuantizer((2, 3), revive_below=None), "revive_below must be a number >= 0; got None"),
    "negative revival": (lambda: kv.VectorQuantizer((2, 3), revive_below=-1), "revive_below must be a number >= 0"),
    "codes of a vector": (lambda: kv.VectorQuantizer((6,)), r"event_shape must be \(\*positions, D\)"),
    "update": (lambda: kv.VectorQuantizer((2, 3), codebook_update="emma"), "codebook_update must be 'ema' or"),
    "a single level": (lambda: kv.Ladder((4,), levels=(4,)), "Ladder: expected two or more levels"),
    "levels of another sum": (lambda: kv.Ladder((4,), levels=(2, 3)), r"add up to event_shape.* for \(4,\)"),
    "levels without a sequence": (lambda: kv.Ladder((4,), levels=4), "Ladder: levels must be a sequence .* got 4"),
    "merge": (lambda: kv.Ladder((4,), levels=(2, 2), merge="sum"), "Ladder: merge must be one of .* got 'sum'"),
    "units without a sequence": (lambda: kv.SecondStagePrior((2,), units=8), "SecondStagePrior: units must be a .* 8"),
    "a circle of one point": (lambda: kv.PowerSpherical((1,)), r"PowerSpherical: expected .* D >= 2, got \(1,\)"),
    "a sphere of maps": (lambda: kv.UniformSpherePrior((2, 2, 3)), r"UniformSpherePrior: expected .* \(D,\)"),
    "one choice": (lambda: kv.RelaxedCategorical((4, 1)), r"RelaxedCategorical: expected K >= 2 .* got \(4, 1\)"),
    "one half": (lambda: kv.RealNVPPosterior((1,)), "RealNVPPosterior: expected codes of at least 2"),
    "kernel of MMD": (lambda: kv.MMD("rfb"), "Unknown kernel of MMD 'rfb': did you mean 'rbf'"),
    "bandwidths": (lambda: kv.MMD(bandwidths=(1.0, 0.0)), "MMD: bandwidths: each must be a positive number; got 0.0"),
    "kind of DIP": (lambda: kv.DIP("iii"), "Unknown kind of DIP 'iii': did you mean 'ii'"),
    "Renyi at 1": (lambda: kv.Renyi(1), r"Renyi: alpha must not be 1, .* use NLL\(\) \+ KL\(\)"),
    "no alpha": (lambda: kv.Renyi(float("nan")), "Renyi: alpha must be a number below infinity; got nan"),
    "estimator": (lambda: KL(estimator="mc"), "KL: estimator must be 'analytic' or 'monte_carlo'; got 'mc'"),
    "free bits of an estimate": (lambda: KL(0.1, estimator="monte_carlo"), "free_bits needs the analytic estimator"),
    "capacity": (lambda: kv.Capacity(-1.0), "Capacity: capacity, unless a LearningRateSchedule, must be a number >= 0"),
    "a part to train": (lambda: KL().only("encodr"), "Unknown part of a model 'encodr': did you mean 'encoder'"),
    "corruption": (lambda: kv.MaskingCorruption(1.5), "MaskingCorruption: .* number > 0 and <= 1; got 1.5"),
    "family": (lambda: kv.Reparameterized((2,), "Gumble", {"loc": "real"}), "'Gumble': did you mean 'Gumbel'"),
    "family without gradients": (
        lambda: kv.Reparameterized((2,), "Poisson", {"log_rate": "real"}),
        "Reparameterized Poisson: its draws carry no gradients",
    ),
    "kind of column": (lambda: kv.Table((2,), ["real", "bin"]), "kind of column 1 'bin': did you mean 'binary'"),
    "columns": (lambda: kv.Table((2,), ["real"]), r"Table: expected as many kinds as columns.* got event_shape \(2,\)"),
    "pixels of a vector": (lambda: kv.PixelCNNLikelihood((4,)), "PixelCNNLikelihood: event_shape must be .height"),
    "masks of pixels": (lambda: kv.Masked((4, 4, 1), "pixel_cnn").build((None, 4)), "Masked: expected a base with ind"),
    "masks of masks": (lambda: kv.Masked((4,), "masked"), "Masked: expected a base that is not itself Masked"),
}  # fmt: skip


@pytest.mark.parametrize(("make_part", "message"), OTHER_ARGUMENTS.values(), ids=OTHER_ARGUMENTS)
def test_an_argument_out_of_its_range_is_refused(refused, make_part, message):
    with refused(message):
        make_part()


# Parts by name


@pytest.mark.slow
@pytest.mark.parametrize("part", REGISTRIES)
def test_a_misspelt_name_gets_the_nearest_of_its_kind(refused, part):
    for name in REGISTRIES[part]:
        misspelt = name[:-2] + name[:-3:-1]
        if misspelt in REGISTRIES[part]:
            continue
        for value in (misspelt, {"name": misspelt}):
            with refused(f"^Unknown {part} '{misspelt}': did you mean '{name}'\\? Known: "):
                make(**{part: value})


def test_a_misspelt_network_gets_the_nearest(refused):
    for name in NETWORKS:
        misspelt = name[:-2] + name[:-3:-1]
        with refused(f"^Unknown network '{misspelt}': did you mean '{name}'"):
            make_networks(misspelt, (16, 16, 1), LATENT)


@pytest.mark.parametrize("part", REGISTRIES)
def test_an_option_that_a_part_does_not_take_is_refused(refused, part):
    for name in REGISTRIES[part]:
        with refused(f"^{part} '{name}': (unknown option 'widths'; |cannot use the options .*'widths': 3)"):
            make(**{part: {"name": name, "widths": 3}})


@pytest.mark.parametrize(
    ("part", "name", "needed"),
    [
        ("posterior", "ladder", "levels"),
        ("posterior", "reparameterized", "family"),
        ("likelihood", "table", "columns"),
        ("prior", "autoregressive", "categories"),
        ("prior", "categorical", "categories"),
        ("prior", "vamp", "input_shape"),
    ],
)
def test_an_option_that_a_part_cannot_do_without_is_named(refused, part, name, needed):
    with refused(f"^{part} '{name}': cannot use the options .* missing .*'{needed}'"):
        make(**{part: name})


@pytest.mark.parametrize("part", REGISTRIES)
@pytest.mark.parametrize("value", [{"components": 3}, {"nam": "normal"}, {}], ids=str)
def test_options_without_a_name_are_no_part(refused, part, value):
    with refused(f"^{part}: expected a .* or one of .*; got {re.escape(str(value))}"):
        make(**{part: value})


def test_options_without_a_name_are_those_of_the_recipes_own_part_if_it_has_one(refused):
    assert zoo.mixture_prior_vae(EVENT, LATENT, units=(4,), prior={"components": 3}).prior.components == 3
    with refused("^prior 'standard_normal': unknown option 'components'; it takes"):
        zoo.vae(EVENT, LATENT, units=(4,), prior={"components": 3})
    with refused(r"^prior: options {'components': 3} without a name; add one"):
        zoo.ae(EVENT, LATENT, units=(4,), prior={"components": 3})


@pytest.mark.parametrize("recipe", ["vae", "ae", "iwae", "vq_vae", "aae", "conditional_vae"])
def test_an_option_that_no_recipe_has_is_refused(refused, recipe):
    with refused("widths"):
        zoo.create(recipe, EVENT, LATENT, widths=(3,))


@pytest.mark.parametrize(
    ("recipe", "options", "message"),
    [
        ("vae", {"beta": 3.0}, "beta"),
        ("iwae", {"samples": 0}, "IWAE: samples k must be an integer >= 1; got 0"),
        ("miwae", {"samples": 0}, "IWAE: samples k must be an integer >= 1; got 0"),
        ("miwae", {"bounds": 0}, "IWAE: samples m must be an integer >= 1; got 0"),
        ("concrete_vae", {"posterior": {"temperature": 0}}, "RelaxedCategorical: temperature must be a positive"),
        ("vq_vae", {"codebook_size": 1}, "VectorQuantizer: codebook_size must be an integer >= 2; got 1"),
        ("vamp_vae", {"components": 0}, "VampPrior: components must be an integer >= 1; got 0"),
        ("aae", {"critic": {"unit": (3,)}}, "critic.*unit"),
        ("denoising_vae", {"corruption": {"name": "guassian"}}, "Unknown corruption .* did you mean 'gaussian'"),
        ("denoising_vae", {"corruption": {"amount": -1}}, "GaussianCorruption: amount must .* got -1"),
        ("denoising_vae", {"corruption": {"amout": 1}}, "amout"),
        ("conditional_vae", {"condition": 0}, "LabelCondition: size must be an integer >= 1; got 0"),
        ("hyperspherical_vae", {"prior": "standard_normal"}, "prior: StandardNormalPrior has 'real' events"),
        ("vae", {"posterior": "dirichlet"}, "prior: StandardNormalPrior has 'real' events, .* gives 'simplex' codes"),
        ("vae", {"posterior": "deterministic"}, "'kl' needs a posterior with a density"),
        ("vae", {"prior": "mixture"}, r"no closed form .* ask for KL\(estimator='monte_carlo'\)"),
        ("count_vae", {"likelihood": "poison"}, "Unknown likelihood 'poison': did you mean 'poisson'"),
    ],
    ids=str,
)
def test_an_option_of_a_recipe_is_checked_by_the_part_that_it_is_for(refused, recipe, options, message):
    with refused(message):
        zoo.create(recipe, EVENT, LATENT, units=(4,), **options)


# Parts that do not fit each other

MISFITS = {
    "a density on proportions, codes anywhere": (
        {"prior": "dirichlet"},
        "prior: DirichletPrior has 'simplex' events, but the posterior Normal gives 'real' codes",
    ),
    "a density anywhere, codes on the sphere": (
        {"posterior": "power_spherical"},
        "prior: StandardNormalPrior has 'real' events, but the posterior PowerSpherical gives 'sphere' codes",
    ),
    "examples of another shape": (
        {"prior": {"name": "vamp", "input_shape": (4, 4, 1)}},
        r"prior: VampPrior expected examples of shape \(8, 8, 1\); got input_shape \(4, 4, 1\)",
    ),
    "examples of as many numbers": (
        {"prior": {"name": "vamp", "input_shape": (64,)}},
        r"prior: VampPrior expected examples of shape \(8, 8, 1\); got input_shape \(64,\)",
    ),
    "examples without their labels": (
        {
            "prior": {"name": "vamp", "input_shape": EVENT},
            "condition": kv.LabelCondition(3),
            "condition_dim": 3,
        },
        "prior: VampPrior encodes examples without a condition, but the model is conditional",
    ),
    "networks without room for the condition": (
        {"condition": kv.LabelCondition(3)},
        r"encoder: expected inputs with the condition's 3 numbers .* got \(8, 8, 1\); .* condition_dim=3",
    ),
    "no condition": ({"condition": "labels"}, "condition: expected a Condition or None; got 'labels'"),
    "no corruption": ({"corruption": "masking"}, "corruption: expected a Corruption or None; got 'masking'"),
    "a critic's term": ({"objective": NLL() + kv.CodeAdversarial()}, "'code_adversarial' needs a critic"),
    "a decoder of another code": (
        {"posterior": kv.VectorQuantizer((2, 3), codebook_size=4, flatten=True)},
        r"decoder: expected inputs of shape \(6,\) for the posterior VectorQuantizer over \(2, 3\); it takes \(2,\)",
    ),
}


@pytest.mark.parametrize(("parts", "message"), MISFITS.values(), ids=MISFITS)
def test_parts_that_do_not_fit_are_refused_by_the_constructor(refused, parts, message):
    with refused(message):
        make(**parts)


@pytest.mark.parametrize("categories", [3, 5])
@pytest.mark.parametrize("prior", ["categorical", "autoregressive"])
def test_a_prior_over_codes_has_as_many_as_the_codebook(refused, prior, categories):
    options = {"layers": 1, "filters": 2} if prior == "autoregressive" else {}
    with refused(f"has {categories} categories, but the posterior VectorQuantizer has a codebook_size of 4"):
        quantizing(prior={"name": prior, "categories": categories, **options})
    assert quantizing(prior={"name": prior, "categories": 4, **options}).sample(20, seed=0).shape == (20, *EVENT)


DENSITY_TERMS = {
    "kl": KL,
    "stl": kv.STL,
    "iwae": kv.IWAE,
    "dreg": kv.DReG,
    "renyi": kv.Renyi,
    "capacity": lambda: kv.Capacity(1.0),
    "total_correlation": kv.TotalCorrelation,
    "mutual_information": kv.MutualInformation,
    "dimensionwise_kl": kv.DimensionwiseKL,
}


@pytest.mark.parametrize("name", DENSITY_TERMS)
def test_a_term_with_densities_is_refused_by_the_constructor_without_them(refused, name):
    objective = NLL() + DENSITY_TERMS[name]()
    lacking = f"objective: '{name}' needs a posterior with a density, such as 'normal'; got posterior Deterministic"
    with refused(f"^{lacking} and prior StandardNormalPrior"):
        make(posterior="deterministic", objective=objective)
    with refused(f"^{lacking} and prior None"):
        make(posterior="deterministic", prior=None, objective=objective)
    with refused(f"^objective: '{name}' needs a prior; got posterior Normal and prior None"):
        make(prior=None, objective=objective)


@pytest.mark.parametrize("term", [kv.MMD, kv.Sinkhorn, kv.SlicedWasserstein, kv.PriorNLL])
@pytest.mark.parametrize("posterior", ["normal", "deterministic"])
def test_a_term_that_compares_with_the_prior_needs_one(refused, term, posterior):
    objective = NLL() + term()
    with refused(f"^objective: '{objective.terms[1].name}' needs a prior"):
        make(posterior=posterior, prior=None, objective=objective)
    assert fitted(posterior=posterior, objective=objective).optimizer.iterations == 1


@pytest.mark.parametrize(
    ("term", "asked"),
    [(KL(), r"KL\(estimator"), (kv.Capacity(1.0), r"Capacity\(..., estimator")],
    ids=["KL", "Capacity"],
)
def test_a_term_without_a_closed_form_says_how_to_go_on(refused, term, asked):
    with refused(f"'{term.name}' has no closed form for posterior Normal and prior MixturePrior; ask for {asked}"):
        make(prior="mixture", objective=NLL() + term)


@pytest.mark.parametrize("term", [kv.Commitment, kv.CodebookLoss])
def test_a_term_of_codebooks_needs_one(refused, term):
    with refused(f"{term.__name__}: expected a posterior of discrete codes, such as VectorQuantizer, got .*Normal"):
        fitted(objective=NLL() + term())


@pytest.mark.parametrize("parts", [{"posterior": "full_covariance_normal"}, {"posterior": "planar"}], ids=str)
def test_terms_of_single_dimensions_need_independent_ones(refused, parts):
    with refused("independent dimensions"):
        fitted(**parts, objective=NLL() + kv.TotalCorrelation())


def test_free_bits_need_independent_dimensions(refused):
    with refused("free bits.* needs a posterior and a prior with independent dimensions"):
        fitted(posterior="full_covariance_normal", objective=NLL() + KL(0.1))


# Data that a likelihood cannot explain

UNIT_INTERVAL = ["bernoulli", "categorical", "continuous_bernoulli", "discretized_logistic", "masked", "pixel_cnn"]
COUNTED = ["poisson", "negative_binomial"]
SMALL = {"pixel_cnn": {"filters": 2, "layers": 1, "features": 2}, "categorical": {"levels": 4}}


def explaining(likelihood):
    return make(likelihood={"name": likelihood, **SMALL.get(likelihood, {})})


@pytest.mark.parametrize("likelihood", UNIT_INTERVAL)
@pytest.mark.parametrize("value", [1.0000002, -0.001, 255.0])
def test_values_outside_0_and_1_are_refused(refused, likelihood, value):
    x = examples()
    x[2, 3, 3, 0] = value
    low, high = shortest(x.min()), shortest(x.max())
    assert {low, high} & {"1.0000002", "-0.001", "255"}
    model = explaining(likelihood)
    for ask in (model.encode, model.elbo, model.adapt):
        with refused(f"likelihood: expected values in .0, 1.*got values in .{low}, {high}.*rescale the data"):
            ask(x)


@pytest.mark.parametrize("likelihood", COUNTED)
def test_counts_are_not_negative_and_no_bytes(refused, likelihood):
    model = explaining(likelihood)
    name = type(model.likelihood).__name__
    with refused(rf"^{name} likelihood: expected counts >= 0, got values in \[-1, 4\]"):
        model.encode(np.round(5 * examples()) - 1)
    with refused(f"^{name} likelihood: expected numbers as they are, got uint8"):
        model.encode((255 * examples()).astype("uint8"))


@pytest.mark.parametrize("likelihood", [name for name in LIKELIHOODS if name not in ("table", "masked")])
def test_only_a_masked_likelihood_takes_values_that_are_missing(refused, likelihood):
    x = np.round(examples())
    x[1, 2, 3, 0] = np.nan
    with refused(
        "^x: expected finite numbers, got NaN or infinity in 1 of 4 examples, the first at index 1;.*masked_vae"
    ):
        explaining(likelihood).encode(x)


def test_a_masked_likelihood_takes_no_infinity_and_not_nothing_at_all(refused):
    model = explaining("masked")
    x = examples()
    with refused("^x: expected finite numbers, got NaN or infinity in 4 of 4"):
        model.encode(np.where(x < 0.5, np.inf, x))
    with refused("^x: expected some values that are not missing, got NaN everywhere"):
        model.encode(x * np.nan)
    assert np.isfinite(model.encode(np.where(x < 0.5, np.nan, x)).mean()).all()


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([0.5, 2.0, 0.0, 1.0], "column 1 is binary and expected 0 or 1, got 2 in row 0"),
        ([0.5, 1.0, 3.0, 1.0], "column 2 is categorical and expected whole numbers from 0 to 2, got 3 in row 0"),
        ([0.5, 1.0, -1.0, 1.0], "column 2 is categorical .* got -1"),
        ([0.5, 1.0, 0.5, 1.0], "column 2 is categorical .* got 0.5"),
        ([0.5, 1.0, 0.0, -1.0], "column 3 is count and expected whole numbers >= 0, got -1"),
        ([0.5, 1.0, 0.0, 1.5], "column 3 is count .* got 1.5"),
        ([np.nan, 1.0, 0.0, 1.0], "expected finite numbers, got NaN"),
    ],
    ids=str,
)
def test_a_column_holds_what_its_kind_can_be(refused, row, message):
    table = kv.Table((4,), ["real", "binary", ("categorical", 3), "count"])
    encoder, decoder = make_networks("mlp", (4,), LATENT, units=(4,), encoder_input_shape=table.encoder_input_shape)
    model = Autoencoder(encoder, decoder, likelihood=table, objective=NLL())
    with refused(message):
        model.encode(np.array([row], "float32"))


# Conditions


@pytest.fixture(scope="module")
def conditional():
    model = make(condition_dim=3, condition=kv.LabelCondition(3), objective=NLL() + KL())
    model.compile("adam", jit_compile=False)
    return model


@pytest.fixture(scope="module")
def with_vectors():
    return make(condition_dim=2, condition=kv.VectorCondition(2), objective=NLL() + KL())


ASKING = {
    "encode": lambda model, y: model.encode(examples(), condition=y),
    "decode": lambda model, y: model.decode(np.zeros((4, LATENT)), condition=y),
    "reconstruct": lambda model, y: model.reconstruct(examples(), condition=y),
    "sample": lambda model, y: model.sample(4, seed=0, condition=y),
    "elbo": lambda model, y: model.elbo(examples(), condition=y),
    "log_likelihood": lambda model, y: model.log_likelihood(examples(), condition=y, samples=2),
}
LEARNING = {
    "fit": lambda model, y: model.fit(examples(), y, verbose=0),
    "evaluate": lambda model, y: model.evaluate(examples(), y, verbose=0),
}


@pytest.mark.parametrize("ask", [*ASKING, *LEARNING])
def test_a_conditional_model_is_told_a_condition_of_each_example(refused, conditional, ask):
    asked = {**ASKING, **LEARNING}[ask]
    with refused("^condition: this model is conditional and expected labels from 0 to 2, one per example"):
        asked(conditional, None)
    for y in ([0, 1], [0, 1, 2, 0, 1], list("abcd"), [None] * 4):
        with refused("^condition: expected labels from 0 to 2, one per example, shape .4,.; got shape"):
            asked(conditional, np.array(y))
    for y, reason in ((np.zeros((4, 3), int), "one-hot rows with a single 1"), ([0.5, 1, 1, 1], "no whole number")):
        with refused(f"^condition: expected labels from 0 to 2, one per example.* {reason}"):
            asked(conditional, np.array(y))
    for y in ([0, 1, 2, 3], [0, -1, 2, 2]):
        with refused(f"^condition: expected labels from 0 to 2.*got labels from {min(y)} to {max(y)}"):
            asked(conditional, np.array(y))


@pytest.mark.parametrize("ask", ASKING)
def test_a_vector_is_finite_and_of_its_length(refused, with_vectors, ask):
    for y in (np.zeros((4, 3)), np.zeros((3, 2)), np.zeros(4), np.full((4, 2), np.nan), np.full((4, 2), "a")):
        with refused("^condition: expected vectors of 2 finite numbers, one per example, shape .4, 2.; got shape"):
            ASKING[ask](with_vectors, y)


@pytest.mark.parametrize("ask", ASKING)
def test_a_model_without_a_condition_takes_none(refused, ask):
    model = make(objective=NLL() + KL())
    with refused("^condition: .* takes none; leave it out, or use a conditional model"):
        ASKING[ask](model, np.zeros(4, int))


def test_the_first_batch_of_a_data_set_needs_its_labels(refused, conditional):
    with refused("^condition: this model is conditional"):
        conditional.fit(tf.data.Dataset.from_tensors((examples(),)), verbose=0)


# The command line

TRAIN = "train --epochs 1 --limit 64 --set units=[4] --no-jit-compile --out run"
COMMANDS = {
    "prior": ("--set prior.name=mixtur", "Unknown prior 'mixtur': did you mean 'mixture'"),
    "posterior": ("--set posterior.name=drichlet", "Unknown posterior 'drichlet': did you mean 'dirichlet'"),
    "likelihood": ("--set likelihood.name=poison", "Unknown likelihood 'poison': did you mean 'poisson'"),
    "option of a prior": (
        "--set prior.components=3",
        "prior 'standard_normal': unknown option 'components'; it takes none",
    ),
    "options without a name": ("--model ae --set prior.components=3", "prior: options .* without a name; add one"),
    "support": ("--set posterior.name=dirichlet", "prior: StandardNormalPrior has 'real' events"),
    "no closed form": ("--set prior.name=mixture", r"ask for KL\(estimator='monte_carlo'\)"),
    "temperature": (
        "--model concrete_vae --set posterior.temperature=0",
        "RelaxedCategorical: temperature must be a positive number; got 0",
    ),
    "samples": ("--model iwae --set samples=0", "IWAE: samples k must be an integer >= 1; got 0"),
    "codes": ("--model vq_vae --set codebook_size=1", "VectorQuantizer: codebook_size must be an integer >= 2; got 1"),
    "part": ("--set prio.name=mixture", "--set: expected .* a part among posterior, .*; got 'prio.name=mixture'"),
}


@pytest.mark.parametrize(("arguments", "message"), COMMANDS.values(), ids=COMMANDS)
def test_the_command_says_one_line_and_writes_nothing(monkeypatch, capsys, tmp_path, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["keras-vae", *TRAIN.split(), *arguments.split()])
    with pytest.raises(SystemExit) as end:
        main()
    complaint = capsys.readouterr().err
    assert end.value.code == 2
    assert len(complaint.splitlines()) == 1, complaint
    assert complaint.startswith("keras-vae: ")
    assert re.search(message, complaint), complaint
    assert not list(tmp_path.iterdir())


def test_a_configuration_with_a_part_that_is_none_is_refused_before_anything_is_written(refused, tiny, tmp_path):
    with refused("Unknown prior 'mixtur': did you mean 'mixture'"):
        train(tiny(options={"units": [4], "prior": {"name": "mixtur"}}), tmp_path / "run")
    assert not list(tmp_path.iterdir())
