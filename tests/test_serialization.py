"""Configurations: of every registered class, and of a user's own."""

import inspect
import json
from functools import partial

import keras
import numpy as np
import pytest

import keras_vae as kv
from keras_vae import distributions, layers, networks, objectives, optimizers, priors
from keras_vae.layers.conditioner import Conditioner
from keras_vae.layers.gated_dense import GatedDense
from keras_vae.layers.made import MADE
from keras_vae.layers.residual_block import ResidualBlock
from keras_vae.layers.spectral_normalization import SpectralNormalization
from keras_vae.layers.subpixel_upsampling import BilinearSubkernels
from keras_vae.serialization import register

FLOW = {"flows": 1, "units": (4,), "activation": "tanh"}
BIJECTION = {"activation": "tanh", "context_dim": 2, "seed": 1, "name": "own"}
TWO_SIDES = {"loc": "real", "scale": "positive"}

EXAMPLES = [
    partial(networks.MLPEncoder, (4, 3), (5, 6), activation="tanh", name="own"),
    partial(networks.MLPDecoder, (4,), (5,), l2=0.1, trainable=False),
    partial(networks.ConvEncoder, (9, 12, 2), (3, 4), units=5, kernel_size=5, spectral_normalization=True),
    partial(networks.ConvDecoder, (2,), (9, 12, 2), (4, 3), units=5, features=6, dtype="mixed_bfloat16"),
    partial(networks.GatedMLPEncoder, (4, 3), (5, 6), activation="tanh"),
    partial(networks.GatedMLPDecoder, (4,), (5,)),
    partial(networks.ResNetEncoder, (9, 12, 2), (4,), blocks=2, units=5),
    partial(networks.ResNetEncoder, (9, 12, 2), (4,), patch_size=2, attention=True, spatial=True),
    partial(networks.ResNetDecoder, (5, 6, 3), (9, 12, 2), (4,), spatial=True, groups=2),
    partial(networks.ResNetDecoder, (3,), (9, 12, 2), (4,), patch_size=2, upsampling="subpixel", attention=True),
    partial(networks.LinearSkipEncoder, networks.MLPEncoder((4, 3), (5,)), 2),
    partial(networks.PCADecoder, (2,), (9, 12, 2), condition_dim=1, filters=4, blocks=1),
    partial(networks.LinearSkipDecoder, networks.ConvDecoder((2,), (9, 12, 2), (4, 3), units=5), (9, 12, 2)),
    partial(networks.PatchSkipEncoder, networks.ResNetEncoder((8, 12, 2), (4,), spatial=True, groups=2), 2),
    partial(
        networks.PatchSkipDecoder,
        networks.ResNetDecoder((4, 6, 3), (8, 12, 2), (4,), spatial=True, groups=2),
        (8, 12, 2),
    ),
    partial(networks.SequenceEncoder, (13, 2), units=9, filters=(3, 4), dilations=(1, 3)),
    partial(networks.SequenceDecoder, (2,), (7, 2), "gru", units=5, unroll=True, features=3),
    partial(networks.Critic, (4,), (5, 6), spectral_normalization=True),
    partial(networks.ConvCritic, (9, 12, 2), (4,), patch=True),
    partial(networks.BackboneEncoder, (32, 32, 1), pooling="max", trainable=False),
    partial(Conditioner, 3, 2, (4,), **BIJECTION),
    partial(Conditioner, 2, 1, (), masks=[np.ones((2, 1))]),
    partial(GatedDense, 3, activation=keras.activations.tanh, dtype="mixed_bfloat16"),
    partial(MADE, 4, (5,), reverse=True, **BIJECTION),
    partial(layers.Bottleneck, 4, width=2, gain=0.5, activation="relu", dtype="mixed_bfloat16"),
    partial(layers.ImageRefinement, 2, filters=4, blocks=1, dtype="mixed_bfloat16"),
    partial(ResidualBlock, 4, kernel_size=5, activation="relu", groups=2, dtype="mixed_bfloat16"),
    partial(BilinearSubkernels, 4, seed=1),
    partial(SpectralNormalization, keras.layers.Dense(3, dtype="mixed_bfloat16"), power_iterations=2),
    partial(layers.AutoregressiveFlow, 4, (3,), gated=True, reverse=True, **BIJECTION),
    partial(layers.Coupling, 4, (3,), reverse=True, **BIJECTION),
    partial(layers.Flow, [layers.Coupling(4, (3,)), layers.Coupling(4, (3,), reverse=True)]),
    partial(layers.GaussianCorruption, 0.3),
    partial(layers.GroupNormalization, 4, activation="swish", dtype="mixed_bfloat16"),
    partial(layers.LabelCondition, 3),
    partial(layers.MaskingCorruption, 0.3),
    partial(layers.PixelCNN, (4, 5, 2), 3, filters=4, layers=1, kernel_size=3, context_dim=2, seed=1),
    partial(layers.SaltAndPepperCorruption, 0.3),
    partial(layers.Sampling, 3),
    partial(layers.SpatialAttention, groups=2, dtype="mixed_bfloat16"),
    partial(layers.SubpixelUpsampling, 3, factor=4, kernel_size=5, dtype="mixed_bfloat16"),
    partial(layers.UpsampledConv2D, 4, 5, dtype="mixed_bfloat16"),
    partial(layers.VectorCondition, 2),
    partial(distributions.Bernoulli, (3,)),
    partial(distributions.Categorical, (3,), levels=4),
    partial(distributions.ContinuousBernoulli, (3,)),
    partial(distributions.Deterministic, (3,)),
    partial(distributions.Dirichlet, (3,), min_concentration=0.1),
    partial(distributions.DiscretizedLogistic, (3,), levels=16, components=2),
    partial(distributions.FiniteScalarQuantizer, (3, 2), sizes=(4, 3), flatten=True),
    partial(distributions.FullCovarianceNormal, (3,), min_scale=0.1),
    partial(distributions.InverseAutoregressive, (3,), **FLOW, context_dim=3, min_scale=0.1),
    partial(distributions.SpatialLadder, (14,), grid=(3, 2), blocks=(1, 2), channels=1, filters=4),
    partial(distributions.Ladder, (5,), levels=(2, 3), merge="residual", units=4, decode="all"),
    partial(distributions.Laplace, (3,), scale=0.3),
    partial(distributions.Logistic, (3,), scale="shared"),
    partial(distributions.LookupFreeQuantizer, (3, 2), temperature=0.5, flatten=True),
    partial(distributions.Masked, (3,), distributions.NegativeBinomial((3,), dispersion="shared", project=False)),
    partial(distributions.NegativeBinomial, (3,), dispersion="shared", min_total_count=0.1),
    partial(distributions.Normal, (3,), scale="shared", min_scale=0.1, project=False, name="own"),
    partial(distributions.OptimalSigmaNormal, (3,), momentum=0.5, min_scale=0.1),
    partial(
        distributions.PixelCNNLikelihood,
        (4, 5, 1),
        base={"name": "categorical", "levels": 4},
        features=3,
        filters=4,
        layers=1,
        kernel_size=3,
    ),
    partial(distributions.Planar, (3,), flows=1, min_scale=0.1),
    partial(distributions.Poisson, (3,)),
    partial(distributions.PowerSpherical, (3,), min_concentration=0.1),
    partial(distributions.RealNVPPosterior, (3,), **FLOW, context_dim=3, min_scale=0.1),
    partial(
        distributions.RelaxedCategorical, (3, 2), temperature=keras.optimizers.schedules.ExponentialDecay(0.5, 10, 0.9)
    ),
    partial(distributions.Reparameterized, (3,), "TruncatedNormal", TWO_SIDES, fixed={"low": 0.0, "high": 1.0}),
    partial(distributions.StudentT, (3,), df=7.0, scale=0.1),
    partial(distributions.Table, (4,), ["real", "binary", ("categorical", 3), "count"]),
    partial(
        distributions.VectorQuantizer,
        (3, 2),
        codebook_size=5,
        levels=2,
        flatten=True,
        codebook_update="gradient",
        decay=0.5,
        revive_below=0.1,
    ),
    partial(priors.AutoregressivePrior, (2, 2), categories=3, layers=1, filters=4, kernel_size=3, seed=1),
    partial(priors.CategoricalPrior, (3,), categories=4, learned=False),
    partial(priors.DirichletPrior, (3,), concentration=2.0),
    partial(priors.GaussianMixturePrior, (3,), components=2),
    partial(priors.MAFPrior, (3,), **FLOW, seed=1),
    partial(priors.MixturePrior, (3,), components=2, min_scale=0.1, seed=1),
    partial(priors.RealNVPPrior, (3,), **FLOW, seed=1),
    partial(priors.RelaxedCategoricalPrior, (3, 2), temperature=0.7),
    partial(priors.SecondStagePrior, (3,), latent_dim=2, units=(4,), samples=2, seed=1),
    partial(priors.StandardNormalPrior, (3,)),
    partial(priors.UniformSpherePrior, (3,)),
    partial(priors.VampPrior, (3,), (4,), components=2, bounds=(-1, 1), learned_weights=True, seed=1),
    partial(objectives.Capacity, kv.LinearWarmup(10, 3.0), estimator="monte_carlo", name="own"),
    partial(objectives.LagrangeMultiplier, 0.01, of="squared_error", rate=0.1),
    partial(objectives.SquaredError, name="own"),
    partial(objectives.CodeAdversarial, name="own"),
    partial(objectives.CodeCritic),
    partial(objectives.CodeNorm),
    partial(objectives.CodeEntropy, diversity=0.5),
    partial(objectives.CodebookLoss),
    partial(objectives.Commitment),
    partial(objectives.Contractive, probes=2),
    partial(objectives.CyclicalWarmup, 10, 3.0, rise=0.3),
    partial(objectives.DIP, "ii", diagonal=3.0, off_diagonal=2.0),
    partial(objectives.DReG, 3),
    partial(objectives.DataAdversarial, loss="hinge", from_prior=False),
    partial(objectives.DataCritic, loss="hinge"),
    partial(objectives.DecoderGradient, probes=2),
    partial(objectives.DensityRatio),
    partial(objectives.DimensionwiseKL),
    partial(objectives.FeatureSimilarity, 2.0),
    partial(objectives.IWAE, 3, m=2),
    partial(objectives.KL, 0.5, name="own"),
    partial(objectives.L1Activity),
    partial(objectives.LinearWarmup, 10, 3.0),
    partial(optimizers.Warmup, keras.optimizers.schedules.CosineDecay(0.1, 10), 3),
    partial(optimizers.Adam, optimizers.Warmup(0.1, 3), beta_2=0.9),
    partial(optimizers.ScheduleFreeAdamW, optimizers.Warmup(0.1, 3), weight_decay=0.1),
    partial(objectives.MMD, "rbf", bandwidths=(0.5, 2.0), scale=2.0, unbiased=False),
    partial(objectives.MSSSIM, 2, filter_size=7),
    partial(objectives.MutualInformation, 100, estimator="stratified"),
    partial(objectives.NLL),
    partial(objectives.Objective, [(kv.LinearWarmup(10), kv.KL(0.5)), (3.0, kv.CodeNorm().only("encoder"))]),
    partial(objectives.Perceptual, (32, 32, 3), "MobileNetV2", layers=("block_1_expand",), weights=None),
    partial(objectives.PermutationCritic),
    partial(objectives.PriorNLL),
    partial(objectives.Renyi, 0.3, k=4),
    partial(objectives.STL, 3),
    partial(objectives.SemiSupervisedELBO, 2.0, name="own"),
    partial(objectives.Sinkhorn, 0.3, iterations=20, debiased=False),
    partial(objectives.SlicedWasserstein, 20, p=1.5),
    partial(objectives.SparsityKL, 0.1),
    partial(objectives.StandardNormalKL),
    partial(objectives.TotalCorrelation, 100),
]
"""One or more of every registered class but the models, which the tests of recipes save; few have their defaults."""

SLOW = (networks.BackboneEncoder, objectives.Perceptual)


def as_json(one):
    return json.loads(json.dumps(keras.saving.serialize_keras_object(one)))


def test_every_registered_class_has_an_example():
    registered = {one for name, one in keras.saving.get_custom_objects().items() if name.startswith("keras_vae>")}
    own = {one for one in registered if one.__module__.startswith("keras_vae.")}
    assert {one for one in own if not issubclass(one, kv.Autoencoder)} == {example.func for example in EXAMPLES}


@pytest.mark.parametrize(
    "make",
    [pytest.param(one, marks=[pytest.mark.slow] if one.func in SLOW else [], id=one.func.__name__) for one in EXAMPLES],
)
def test_a_configuration_has_every_argument_and_makes_an_equal_object(make):
    one = make()
    config = one.get_config()
    arguments = inspect.signature(make.func.__init__).parameters  # Python 3.11.2 gives that of __new__ for a class
    assert set(arguments) - {"self"} <= {*config, "kwargs", "sublayers"}
    assert type(one).from_config(dict(config)).get_config() == config  # Keras changes the one it is given
    assert as_json(keras.saving.deserialize_keras_object(as_json(one))) == as_json(one)


@register
class Own(kv.Prior):
    """Arguments of its own, one of them a Keras object, and no `get_config`."""

    def __init__(self, event_shape, start, *, widths=(1, 2), **kwargs):
        super().__init__(event_shape, **kwargs)
        self.start, self.widths = start, tuple(widths)


@register
class Narrow(Own):
    """It decides an argument of its parent."""

    def __init__(self, event_shape, **kwargs):
        super().__init__(event_shape, **{**kwargs, "start": None, "widths": (1,)})


@register
class Written(Own):
    """It writes its configuration itself, since its argument is no attribute."""

    def __init__(self, event_shape, *, scale, **kwargs):
        super().__init__(event_shape, **kwargs)
        self._scale = scale

    def get_config(self):
        return {**super().get_config(), "scale": self._scale}


@register
class Below(Written):
    """It derives its own part of the configuration of a class that writes it."""

    def __init__(self, event_shape, *, shift=0.0, **kwargs):
        super().__init__(event_shape, **kwargs)
        self.shift = shift


@register
class Listed(kv.Renyi):
    """Each argument of its parent by name, as without `**kwargs`, and its own configuration."""

    def __init__(self, alpha=0.5, k=5, *, scale=1.0, name=None):
        super().__init__(alpha, k=k, name=name)
        self.rescale = scale

    def get_config(self):
        return {**super().get_config(), "scale": self.rescale}


@register
class Scaled(kv.Term):
    """A term with an argument, which unlike a layer tracks no attribute."""

    def __init__(self, start, *, name=None):
        super().__init__(name)
        self.start = start


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (Own((2,), keras.initializers.Constant(3.0), widths=[4]), {"widths": (4,)}),
        (Own((2,), None, trainable=False), {"start": None, "trainable": False}),
        (Narrow((2,)), {"widths": (1,)}),
        (Written((2,), start=None, scale=2.0), {"scale": 2.0, "widths": (1, 2)}),
        (Below((2,), start=None, scale=2.0, shift=1.0), {"shift": 1.0, "scale": 2.0, "start": None}),
        (Listed(0.3, 4, scale=2.0), {"alpha": 0.3, "k": 4, "scale": 2.0, "name": "listed"}),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_class_of_a_user_keeps_its_arguments(one, expected):
    assert expected.items() <= one.get_config().items()
    copy = keras.saving.deserialize_keras_object(as_json(one))
    assert type(copy) is type(one) and copy.get_config() == one.get_config()
    if isinstance(one, Own) and one.start is not None:
        assert copy.start.value == 3.0


OBJECT = {"class_name": "Adam", "config": {"learning_rate": 0.1}}
PLAIN = [
    OBJECT,
    [OBJECT, {"class_name": "Adam"}],
    {"of a part": OBJECT},
    {"class_name": "__items__", "config": []},
    {0: 1.0, 2: OBJECT},
    {(0, 1): "a", None: "b"},
    {},
]


@pytest.mark.parametrize("value", PLAIN, ids=str)
def test_a_mapping_that_looks_like_an_object_or_has_other_keys_than_texts_stays_what_it_is(value):
    for one in (Own((2,), value), Scaled(value)):
        copy = keras.saving.deserialize_keras_object(as_json(one))
        assert copy.start == value


def test_the_whole_configuration_of_a_keras_object_becomes_the_object():
    value = {**OBJECT, "module": "keras.optimizers", "registered_name": None}
    copy = keras.saving.deserialize_keras_object(as_json(Own((2,), value)))
    assert isinstance(copy.start, keras.optimizers.Adam)


def test_an_argument_that_is_no_attribute_or_cannot_be_serialized_is_named(refused):
    class Forgetful(kv.Term):
        """It forgets its argument."""

        def __init__(self, scale, *, name=None):
            super().__init__(name)

    with refused("Forgetful: expected its argument 'scale' as an attribute .*set self.scale in __init__"):
        Forgetful(2.0).get_config()
    for start in (object(), np.array(["a"])):
        with refused("Own: expected its argument 'start' as an attribute that Keras can serialize"):
            Own((2,), start).get_config()


def test_arguments_without_names_are_refused(refused):
    class Weights(kv.Term):
        """Any number of arguments."""

        def __init__(self, *weights, **kwargs):
            super().__init__(**kwargs)
            self.weights = weights

    class Power(kv.Term):
        """An argument by its place alone."""

        def __init__(self, power, /):
            super().__init__()
            self.power = power

    for one, argument in ((Weights(1.0), r"\*weights"), (Power(2.0), "power")):
        with refused(f"{type(one).__name__}: expected a constructor whose arguments have names, .*, got {argument}; "):
            one.get_config()


def test_objects_that_are_made_already_stay_as_they_are():
    start = keras.initializers.Constant(3.0)
    copy = Own.from_config({**Own((2,), None).get_config(), "start": start})
    assert copy.start is start


def test_classes_may_be_given_for_names():
    class Unregistered(keras.initializers.Constant):
        """An object that a file needs and that is not registered."""

    config = Own((2,), Unregistered(3.0)).get_config()
    with pytest.raises(TypeError, match="Unregistered"):
        Own.from_config(config)
    copy = Own.from_config(config, custom_objects={"Unregistered": Unregistered})
    assert type(copy.start) is Unregistered
