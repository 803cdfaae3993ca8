"""A small example of every recipe: what it is trained on in tests, and with which options."""

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae.objectives import (
    DIP,
    IWAE,
    KL,
    MMD,
    MSSSIM,
    NLL,
    STL,
    Capacity,
    CodeNorm,
    Contractive,
    DecoderGradient,
    DimensionwiseKL,
    DReG,
    L1Activity,
    LagrangeMultiplier,
    LinearWarmup,
    MutualInformation,
    Renyi,
    Sinkhorn,
    SlicedWasserstein,
    SquaredError,
    TotalCorrelation,
)
from keras_vae.zoo.assemble import GENERATIVE, INFERENCE

LATENT = 3
IMAGE = (8, 8, 1)
SPATIAL = {"filters": (4,), "blocks": 1}
DENSE_CRITIC, CONV_CRITIC = {"critic": {"units": (16, 16)}}, {"critic": {"filters": (4, 8)}}
# Small sizes. Some recipes also take parts of others, so that fewer models have every part of the zoo.
OPTIONS = {
    "aae": DENSE_CRITIC,
    "annealed_vae": {"capacity": 1.0, "capacity_steps": 3},
    "autoencoder_kl": {**SPATIAL, **CONV_CRITIC},
    "discretized_logistic_vae": {"components": 2},
    "factor_vae": DENSE_CRITIC,
    "flow_prior_vae": {"flows": 2},
    "fsq_vae": {"sizes": (4, 3), "prior": {"layers": 1, "filters": 4}},
    "full_covariance_vae": {"likelihood": "continuous_bernoulli"},
    "hyperspherical_vae": {"likelihood": "negative_binomial"},
    "iaf_vae": {
        "flows": 2,
        "prior": {"name": "mixture", "components": 5},
        "likelihood": {"name": "discretized_logistic", "components": 2},
    },
    "laplace_vae": {"likelihood": {"name": "masked", "base": "bernoulli"}},
    "lfq_vae": {"bits": 4, "prior": {"layers": 1, "filters": 4}},
    "miwae": {"samples": 3, "bounds": 2},
    "pixel_vae": {"layers": 1, "likelihood": {"filters": 4}},
    "piwae": {"samples": 3, "bounds": 2},
    "planar_flow_vae": {
        "flows": 2,
        "prior": {"name": "vamp", "input_shape": IMAGE, "components": 5},
        "likelihood": "normal_optimal",
    },
    "real_nvp_vae": {"flows": 2, "prior": {"name": "real_nvp", "flows": 2}},
    "residual_vq_vae": {"codebook_size": 8, "embedding_dim": 4, "levels": 2, "prior": {"layers": 1, "filters": 4}},
    "spatial_vae": SPATIAL,
    "tabular_vae": {"columns": ["real", "binary", ("categorical", 3), "count"]},
    "two_stage_vae": {"stage_units": (16,)},
    "vae_gan": CONV_CRITIC,
    "vamp_vae": {"components": 5},
    "very_deep_vae": {**SPATIAL, "blocks_per_map": (1, 1), "ladder_filters": 4},
    "vq_vae": {"codebook_size": 8, "embedding_dim": 4, "prior": {"layers": 1, "filters": 4}},
    "wae_gan": DENSE_CRITIC,
}
NETWORK = {
    "autoencoder_kl": {},
    "spatial_vae": {},
    "very_deep_vae": {},
    "sequence_vae": {"filters": (4,), "units": 8},
}
SHAPES = {"tabular_vae": (4,), "sequence_vae": (8, 2)}


def _bounds():
    tight, loose = IWAE(4).only(*GENERATIVE), IWAE(2, m=2, name="miwae").only(*INFERENCE)
    return tight + loose + IWAE(4, name="iwae_of_all") + DReG(4).only(*INFERENCE) + STL(4) + Renyi(0.5, k=4)


def _regularizers():
    parts_of_kl = MutualInformation() + 6.0 * TotalCorrelation() + DimensionwiseKL()
    moments = DIP("i", name="dip_i") + DIP("ii", name="dip_ii")
    constraint = LagrangeMultiplier(0.05, of="squared_error", rate=0.1) * KL() + 0.0 * SquaredError()
    others = moments + 100.0 * MMD() + 10.0 * MSSSIM()
    return NLL() + Capacity(LinearWarmup(3, 1.0)) + parts_of_kl + constraint + others


CORE = ("ae", "conditional_vae", "factor_vae", "ladder_vae", "semi_supervised_vae", "vae", "vq_vae")
"""One of each structure, for the quick tests."""

STRUCTURES = (
    *CORE,
    *("autoencoder_kl", "concrete_vae", "dirichlet_vae", "full_covariance_vae", "fsq_vae", "hierarchical_vae"),
    *(
        "hyperspherical_vae",
        "iaf_vae",
        "laplace_vae",
        "lfq_vae",
        "pixel_vae",
        "planar_flow_vae",
        "real_nvp_vae",
        "rae_sn",
    ),
    *(
        "residual_ladder_vae",
        "residual_vq_vae",
        "sequence_vae",
        "tabular_vae",
        "two_stage_vae",
        "very_deep_vae",
        "wae_mmd",
    ),
)
"""Recipes that together have every model class, posterior, likelihood, prior, network and condition of the zoo."""

JOINED = {
    "bounds": ("vae", _bounds),
    "own_noise": ("denoising_ae", lambda: NLL() + CodeNorm() + DecoderGradient()),
    "penalties": ("wae_mmd", lambda: NLL() + Contractive() + L1Activity() + SlicedWasserstein(50) + Sinkhorn()),
    "regularizers": ("vae", _regularizers),
}
"""Models with the terms of several recipes: each term is a metric of its own, and only the trace joins them."""

OBJECTIVES = (*CORE, *JOINED, "autoencoder_kl", "lfq_vae", "two_stage_vae", "vae_gan", "wae_gan")
"""Recipes and joined models that together have every term and every way to route gradients of the zoo."""

EVALUATED = (
    *("ae", "conditional_vae", "dirichlet_vae", "hyperspherical_vae", "ladder_vae", "laplace_vae"),
    *("semi_supervised_vae", "sequence_vae", "tabular_vae", "two_stage_vae", "vq_vae", "wae_mmd"),
)
"""Recipes that together have everything which an evaluation looks at: codes, densities, priors, values, shapes."""

ALL = (*kv.zoo.RECIPES, *JOINED)
COVER = tuple(dict.fromkeys((*STRUCTURES, *OBJECTIVES)))

AS_VAE = (
    *("annealed_vae", "beta_tc_vae", "beta_vae", "ciwae", "denoising_vae", "dip_vae_i", "dip_vae_ii", "dreg_iwae"),
    *("geco_vae", "info_vae", "iwae", "miwae", "ms_ssim_vae", "piwae", "stl_vae", "vr_vae"),
)
AS_AE = ("contractive_ae", "denoising_ae", "rae_gp", "sparse_ae")
AS_WAE_MMD = ("sinkhorn_ae", "swae", "wae_gan")
TRAINED_OTHERWISE = {
    **dict.fromkeys(AS_VAE, "vae"),
    **dict.fromkeys(AS_AE, "ae"),
    **dict.fromkeys(AS_WAE_MMD, "wae_mmd"),
}
"""Recipe -> the one by whose parts it answers once it is trained: they differ in how they learn alone."""


def structure_of(model):
    """Names of what a model answers by: its class and parts, and the ways in which a posterior of levels joins them."""
    parts = ("posterior", "likelihood", "prior", "condition", "encoder", "decoder")
    names = {f"{part} {type(getattr(model, part)).__name__}" for part in parts}
    ways = {f"{way} {getattr(model.posterior, way, None)}" for way in ("merge", "levels")}
    learning = (model.corruption, *model.multipliers)
    layers = {f"layer {type(layer).__name__}" for layer in model._flatten_layers() if layer not in learning}
    answers = {f"density {model.has_density}, prior {model.prior is not None}"}
    return names | ways | layers | answers | {f"model {type(model).__name__}"}


def objective_of(model):
    """Names of what a model learns by: its terms, each with the parts that it trains, and what else is in its step."""
    terms = {
        f"{type(term).__name__} {getattr(term, 'kind', '')} trains {term.trains}" for term in model.objective.terms
    }
    weights = {f"weight {type(weight).__name__}" for weight in model.multipliers}
    others = {f"{part} {type(getattr(model, part, None)).__name__}" for part in ("corruption", "critic")}
    return terms | weights | others


def every(slow_beyond=(), among=None):
    """Every recipe, or those named, as a parameter; those beyond `slow_beyond`, where given, for the slow tests."""
    return [
        pytest.param(name, marks=[pytest.mark.slow] if slow_beyond and name not in slow_beyond else [])
        for name in (kv.zoo.RECIPES if among is None else among)
    ]


def create(name, seed=0, **options):
    """A small model of the recipe, or one of `JOINED`, not compiled, its weights a function of the seed."""
    if name in JOINED:
        recipe, objective = JOINED[name]
        return create(recipe, seed, **options).with_parts(objective=objective())
    keras.utils.set_random_seed(seed)
    options = {**NETWORK.get(name, {"units": (16,)}), **OPTIONS.get(name, {}), "seed": seed, **options}
    return kv.zoo.create(name, SHAPES.get(name, IMAGE), LATENT, **options)


def examples(name, n=48, seed=0):
    """Examples that the recipe's likelihood can explain, `(n, *event_shape)`."""
    rng = np.random.default_rng(seed)
    if name == "tabular_vae":
        return np.stack(
            [rng.normal(size=n), rng.integers(0, 2, n), rng.integers(0, 3, n), rng.poisson(3, n)], axis=1
        ).astype("float32")
    if name == "sequence_vae":
        return rng.normal(size=(n, 8, 2)).astype("float32")
    if name in ("count_vae", "hyperspherical_vae"):
        return rng.poisson(3, (n, *IMAGE)).astype("float32")
    if name in ("masked_vae", "laplace_vae"):
        x = examples("vae", n, seed) / np.float32(255)
        return np.where(rng.random(x.shape) < 0.2, np.float32("nan"), x)
    return kv.data.load("digits").train.x[seed * n : (seed + 1) * n]


def labels(name, n=48):
    """Labels for the recipes that take them, else None; some are missing where they may be."""
    given = np.arange(n) % 10
    return {"conditional_vae": given, "semi_supervised_vae": np.where(np.arange(n) % 2, given, -1)}.get(name)


def conditions(name, n=48):
    """What to give as `condition` in questions to the model: labels for conditional ones."""
    return np.arange(n) % 10 if name in ("conditional_vae", "semi_supervised_vae") else None
