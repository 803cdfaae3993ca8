"""Defaults that a published protocol or paper fixes, without which figures do not compare with others'."""

import inspect

import pytest

import keras_vae as kv
from keras_vae import evaluation, zoo
from keras_vae.evaluation import disentanglement
from keras_vae.evaluation.annealed import ACCEPTANCE
from keras_vae.evaluation.disentanglement.sap import C
from keras_vae.evaluation.disentanglement.scores import TEST, TRAIN
from keras_vae.evaluation.disentanglement.udr import ALPHA, INFORMATIVE
from keras_vae.evaluation.latent import ACTIVE
from keras_vae.layers.spectral_normalization import SpectralNormalization
from keras_vae.objectives.ms_ssim import POWERS

LOCATELLO = "Locatello et al., 2019, https://arxiv.org/abs/1811.12359, and their disentanglement_lib"
RAINFORTH = "Rainforth et al., 2018, https://arxiv.org/abs/1802.04537"
WAE = "Tolstikhin et al., 2018, https://arxiv.org/abs/1711.01558, and their code"
VQ = "van den Oord, Vinyals & Kavukcuoglu, 2017, https://arxiv.org/abs/1711.00937"

ARGUMENTS = [
    (evaluation.prdc, {"neighbours": 5}, "Naeem et al., 2020, https://arxiv.org/abs/2002.09797"),
    (
        evaluation.kernel_distance,
        {"subsets": 100, "subset_size": 1000},
        "Binkowski et al., 2018, https://arxiv.org/abs/1801.01401, and their code",
    ),
    (
        evaluation.annealed_log_likelihood,
        {"chains": 16, "leapfrog_steps": 10},
        "Wu et al., 2017, https://arxiv.org/abs/1611.04273",
    ),
    (
        evaluation.line_walks,
        {"pairs": 500, "steps": 16},
        "Berthelot et al., 2019, https://arxiv.org/abs/1807.07543, and their code",
    ),
    (evaluation.psnr, {"peak": 1.0}, "the range of images here"),
    (disentanglement.mig, {"bins": 20, "samples": 10_000}, LOCATELLO),
    (disentanglement.modularity, {"bins": 20, "samples": 10_000}, LOCATELLO),
    (disentanglement.dci, {"stages": 100, "train": 10_000, "test": 5_000}, LOCATELLO),
    (disentanglement.sap, {"train": 10_000, "test": 5_000}, LOCATELLO),
    (disentanglement.explicitness, {"train": 10_000, "test": 5_000}, LOCATELLO),
    (disentanglement.beta_vae_score, {"batch": 64, "train": 10_000, "test": 5_000}, LOCATELLO),
    (disentanglement.factor_vae_score, {"batch": 64, "train": 10_000, "test": 5_000, "prune": 0.05}, LOCATELLO),
    (disentanglement.irs, {"quantile": 0.99, "samples": 10_000}, LOCATELLO),
    (disentanglement.udr, {"similarity": "spearman"}, "Duan et al., 2020, https://arxiv.org/abs/1905.12614"),
    (kv.IWAE, {"k": 5, "m": 1}, "Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519"),
    (kv.Renyi, {"alpha": 0.5}, "Li & Turner, 2016, https://arxiv.org/abs/1602.02311"),
    (kv.MMD, {"kernel": "imq", "bandwidths": (0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)}, WAE),
    (kv.MSSSIM, {"scales": 5, "filter_size": 11}, "Wang, Simoncelli & Bovik, 2003"),
    (kv.SlicedWasserstein, {"projections": 50, "p": 2.0}, "Kolouri et al., 2018, https://arxiv.org/abs/1804.01947"),
    (kv.DIP, {"kind": "i", "diagonal": 10.0, "off_diagonal": 1.0}, "Kumar et al., https://arxiv.org/abs/1711.00848"),
    (kv.VectorQuantizer, {"decay": 0.99}, VQ),
    (kv.FiniteScalarQuantizer, {"sizes": (8, 5, 5, 5)}, "Mentzer et al., 2023, https://arxiv.org/abs/2309.15505"),
    (kv.DiscretizedLogistic, {"levels": 256}, "Salimans et al., 2017, https://arxiv.org/abs/1701.05517"),
    (SpectralNormalization, {"power_iterations": 1}, "Miyato et al., 2018, https://arxiv.org/abs/1802.05957"),
    (kv.ConvCritic, {"kernel_size": 4, "filters": (64, 128, 256)}, "Isola et al., https://arxiv.org/abs/1611.07004"),
    (zoo.beta_vae, {"beta": 4.0}, "Higgins et al., 2017, https://openreview.net/forum?id=Sy2fzU9gl"),
    (zoo.beta_tc_vae, {"beta": 6.0, "alpha": 1.0, "gamma": 1.0}, "Chen et al., https://arxiv.org/abs/1802.04942"),
    (zoo.factor_vae, {"gamma": 6.4}, "Kim & Mnih, 2018, https://arxiv.org/abs/1802.05983, on faces"),
    (zoo.annealed_vae, {"capacity": 25.0}, "Burgess et al., 2018, https://arxiv.org/abs/1804.03599"),
    (zoo.dip_vae_i, {"diagonal": 10.0, "off_diagonal": 1.0}, "Kumar et al., 2018, https://arxiv.org/abs/1711.00848"),
    (zoo.dip_vae_ii, {"diagonal": 1.0, "off_diagonal": 1.0}, "Kumar et al., 2018, https://arxiv.org/abs/1711.00848"),
    (zoo.iwae, {"samples": 5}, "Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519"),
    (zoo.miwae, {"samples": 8, "bounds": 8}, RAINFORTH),
    (zoo.piwae, {"samples": 8, "bounds": 8}, RAINFORTH),
    (zoo.ciwae, {"beta": 0.5}, RAINFORTH),
    (zoo.wae_mmd, {"kernel": "imq", "penalty": 100.0}, WAE),
    (zoo.wae_gan, {"penalty": 10.0}, WAE),
    (zoo.vq_vae, {"commitment": 0.25}, VQ),
    (zoo.discretized_logistic_vae, {"components": 5}, "Salimans et al., 2017, https://arxiv.org/abs/1701.05517"),
]


def name_of(value):
    return getattr(value, "__name__", "") or (value[:30] if isinstance(value, str) else "")


@pytest.mark.parametrize(("function", "published", "source"), ARGUMENTS, ids=name_of)
def test_an_argument_has_the_published_value_by_default(function, published, source):
    arguments = inspect.signature(function).parameters
    assert {name: arguments[name].default for name in published} == published, source


CONSTANTS = [
    (ACTIVE, 0.01, "active units: Burda, Grosse & Salakhutdinov, 2016, https://arxiv.org/abs/1509.00519"),
    (ACCEPTANCE, 0.65, "Wu et al., 2017, https://arxiv.org/abs/1611.04273"),
    (C, 0.01, LOCATELLO),
    ((TRAIN, TEST), (10_000, 5_000), LOCATELLO),
    (INFORMATIVE, 0.01, "Duan et al., 2020, https://arxiv.org/abs/1905.12614"),
    (ALPHA, 0.1, "lasso of the UDR: Duan et al., 2020, and disentanglement_lib"),
    (POWERS, (0.0448, 0.2856, 0.3001, 0.2363, 0.1333), "Wang, Simoncelli & Bovik, 2003"),
]


@pytest.mark.parametrize(("own", "published", "source"), CONSTANTS, ids=name_of)
def test_a_constant_has_the_published_value(own, published, source):
    assert own == published, source
