"""A part of one's own that is defined wrongly is refused in one line when a model is made of it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

import keras_vae as kv

tfd = tfp.distributions
DIM, EVENT = 2, (3,)


def make(latent_dim=DIM, **parts):
    encoder, decoder = kv.make_networks("mlp", EVENT, latent_dim, units=(4,))
    return kv.Autoencoder(encoder, decoder, **{"likelihood": "normal", "objective": kv.NLL() + kv.KL(), **parts})


def a(base, **members):
    """A class of one's own with these members."""
    return type("Own", (base,), members)


def elementwise(self, parameters):
    return tfd.Normal(parameters["loc"], 1.0)


def diagonal(self, parameters):
    return tfd.Independent(tfd.Normal(parameters["loc"], 1.0), 1)


GOOD = {"parameters": ("loc",), "distribution": diagonal}
CODES = {
    "quantize_vectors": lambda self, v: (tf.zeros((*v.shape[:-1], 1), tf.int32), [tf.zeros_like(v)]),
    "embed": lambda self, indices: tf.zeros((*indices.shape[:-1], 3)),
}


def posterior(**members):
    return lambda: make(posterior=a(kv.Posterior, **{**GOOD, **members})((DIM,)))


def likelihood(**members):
    return lambda: make(likelihood=a(kv.Likelihood, **{**GOOD, **members})(EVENT))


def codes(**members):
    quantizer = a(kv.DiscretePosterior, **{**CODES, **members})
    return lambda: make(6, posterior=quantizer((2, 3), codebook_size=4, flatten=True), prior=None, objective=kv.NLL())


def prior(**members):
    return lambda: make(prior=a(kv.Prior, **members)((DIM,)), objective=kv.NLL() + kv.KL(estimator="monte_carlo"))


def without_constructor(base):
    return a(base, **GOOD, __init__=lambda self: keras.layers.Layer.__init__(self))()


WRONG = {
    "one name": (
        posterior(parameters=("loc")),
        r"posterior: Own.parameters: .* got 'loc'; write \('loc',\) with a comma",
    ),
    "no names": (posterior(parameters=()), r"posterior: Own.parameters: expected a tuple of names.* got \(\)"),
    "names of numbers": (likelihood(parameters=(1,)), r"likelihood: Own.parameters: .* got \(1,\)"),
    "shapes": (
        posterior(parameter_shapes={"loc": (2.5,)}),
        r"posterior: Own.parameter_shapes: expected a shape for each",
    ),
    "other shapes": (posterior(parameter_shapes={"scale": (2,)}), r"each of loc, which begins with \(\); got {'scale'"),
    "no distribution": (
        lambda: make(posterior=a(kv.Posterior, parameters=("loc",))((DIM,))),
        "posterior: Own.distribution: expected a method, see DistributionLayer.distribution; got none; define it",
    ),
    "a distribution that is no method": (likelihood(distribution=3), "likelihood: Own.distribution: .* got 3"),
    "an unknown parameter": (
        posterior(distribution=lambda self, p: tfd.Normal(p["mean"], 1.0)),
        "posterior: Own.distribution fails .KeyError: 'mean'.",
    ),
    "a method without arguments": (posterior(distribution=lambda self: None), "Own.distribution fails .TypeError"),
    "a tensor": (posterior(distribution=lambda self, p: p["loc"]), "expected a tfd.Distribution; got EagerTensor"),
    "elements": (
        posterior(distribution=elementwise),
        r"batch shape \(2,\) and event shape \(2,\); got \(2, 2\) and \(\)",
    ),
    "pixels": (
        likelihood(distribution=elementwise),
        r"got \(1, 2, 3\) and \(\); take .* as self.independent\(...\) does",
    ),
    "no noise": (posterior(distribution=lambda self, p: tfd.MultivariateNormalDiag(p["loc"], [1.0] * 3)), "Own"),
    "double": (
        posterior(distribution=lambda self, p: tfd.Independent(tfd.Normal(tf.cast(p["loc"], "float64"), 1.0), 1)),
        r"sample: expected a tensor, float32 of shape \(1, 2, 2\); got float64 of shape",
    ),
    "decoder input": (
        posterior(decoder_input=lambda self, z: z[:, :1]),
        "decoder_input: .*\\(2, 2\\); got .*\\(2, 1\\)",
    ),
    "latents": (posterior(latents=lambda self, q, p, z: z), "Own.latents: expected a tuple of Latent"),
    "codes of one": (
        codes(quantize_vectors=lambda self, v: tf.reduce_sum(v)),
        "quantize_vectors: .*got float32 of shape",
    ),
    "codes without levels": (
        codes(quantize_vectors=lambda self, v: (tf.zeros(v.shape[:-1], tf.int32), [v])),
        r"quantize_vectors: expected indices, int32 of shape \(2, 2, 1\), .* got a tuple of int32 of shape \(2, 2\),",
    ),
    "codes of another type": (
        codes(quantize_vectors=lambda self, v: (tf.zeros((*v.shape[:-1], 1)), [v])),
        "got a tuple of float32 of shape",
    ),
    "no entries": (codes(quantize_vectors=lambda self, v: (tf.zeros((2, 2, 1), tf.int32), [])), "a list of nothing"),
    "no codes": (
        codes(quantize_vectors=kv.DiscretePosterior.quantize_vectors),
        "Own.quantize_vectors: expected a method",
    ),
    "no vectors": (codes(embed=kv.DiscretePosterior.embed), "Own.embed: expected a method"),
    "other vectors": (
        codes(embed=lambda self, i: tf.zeros(3)),
        r"Own.embed: .*\(2, 2, 3\); got float32 of shape \(3,\)",
    ),
    "support": (likelihood(in_support=lambda self, x: x), "Own.in_support: expected a tensor, bool .*; got float32"),
    "a density of none": (
        likelihood(fill_value=-1.0, distribution=lambda self, p: tfd.Independent(tfd.LogNormal(p["loc"], 1.0), 1)),
        "Own.fill_value: expected finite density; got -1.0",
    ),
    "twice": (likelihood(parameters=("loc", "loc")), "Own.parameters: expected .* name each tensor once"),
    "names that fail": (
        likelihood(parameters=property(lambda self: self.lost)),
        "Own: parameters fails .AttributeError",
    ),
    "nothing built": (likelihood(build=lambda self, shape: None), "likelihood: Own.call fails .AttributeError"),
    "call": (
        posterior(call=lambda self, features: features),
        r"Own.call, for 'loc': expected .* \(2, 2\); got .* \(2, 4",
    ),
    "encoder input": (likelihood(encoder_input=lambda self, x: x[:, :2]), r"encoder_input: .*\(2, 3\); got .*\(2, 2\)"),
    "draw": (likelihood(default_draw="mode"), "Own.default_draw: expected 'mean' or 'sample'; got 'mode'"),
    "no density": (
        likelihood(distribution=lambda self, p: tfd.Independent(tfd.Sample(p["loc"]), 1)),
        "distribution fails",
    ),
    "no prior": (prior(), "prior: Own.distribution: expected a method, see Prior.distribution; got none"),
    "prior of nothing": (prior(distribution=lambda self, encode=None: None), "a tfd.Distribution; got NoneType"),
    "prior without argument": (prior(distribution=lambda self: None), "prior: Own.distribution fails .TypeError"),
    "prior of elements": (
        prior(distribution=lambda self, encode=None: tfd.Normal(tf.zeros(2), 1.0)),
        r"prior: Own.distribution: .*batch shape \(\) and event shape \(2,\); got \(2,\) and \(\)",
    ),
    "posterior without event": (
        lambda: make(posterior=without_constructor(kv.Posterior)),
        "posterior: Own: expected an ev",
    ),
    "likelihood without event": (
        lambda: make(likelihood=without_constructor(kv.Likelihood)),
        "likelihood: Own: expected",
    ),
    "prior without event": (
        lambda: make(prior=without_constructor(kv.Prior)),
        r"prior: Own: expected an event_shape, .* super\(\).__init__\(event_shape",
    ),
    "of a recipe": (
        lambda: kv.zoo.vae(EVENT, posterior=without_constructor(kv.Posterior)),
        "posterior: Own: expected an",
    ),
    "a term without a value": (lambda: make(objective=a(kv.Term)()), "Objective: Own: expected a method __call__"),
    "a term of a number": (lambda: 2.0 * a(kv.Term, __call__=lambda self, trace: 0)(3), "Own: name must be a text"),
    "corruption": (
        lambda: make(corruption=a(kv.layers.Corruption, call=lambda self, x, seed: x[0])(0.5)),
        r"corruption: Own.call: expected a tensor, float32 of shape \(2, 3\); got float32 of shape \(3,\)",
    ),
}


@pytest.mark.parametrize(("make_it", "message"), WRONG.values(), ids=WRONG)
def test_a_part_that_is_defined_wrongly_is_refused(make_it, message, refused):
    with refused(message):
        make_it()


def test_a_part_that_is_defined_well_is_taken():
    for make_it in (posterior(), likelihood(), codes(), likelihood(in_support=lambda self, x: x[:, :1] > 0)):
        assert np.isfinite(make_it()(np.full((2, 3), 0.5, "float32"))).all()


def test_a_term_needs_no_constructor_of_its_parent():
    class Own(kv.Term):
        """It forgets its parent."""

        def __init__(self, power=2.0):
            self.power = power

        def __call__(self, trace):
            return trace.x[:, 0] ** self.power

    term = Own.from_config(Own(3.0).get_config())
    assert (term.name, term.power, str(kv.NLL() + 2.0 * term)) == ("own", 3.0, "nll + 2 own")
