"""What is served is the model, for any batch, in any process."""

from dataclasses import replace

import numpy as np
import pytest
import recipes
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow.python.client import pywrap_tf_session

import keras_vae as kv
from keras_vae.data import Split
from keras_vae.evaluation import ANOMALY_SCORES, AnomalyScorer
from keras_vae.evaluation.anomalies import p_value_of
from keras_vae.serving import ExportOptions, export, export_signatures
from keras_vae.serving.checks.graph_rules import graph_problems, shape_problems
from keras_vae.serving.png import png
from keras_vae.serving.served_model import ServedModel
from keras_vae.serving.signatures import log_density
from tests.serving.servables import FEW_SIZES, build

CORE_OPS = pywrap_tf_session.TF_GetBuffer(pywrap_tf_session.TF_GetAllOpList())
LATENT = 3
QUICK = ("conditional_vae", "vae", "vq_vae")
SERVED = (
    *(*QUICK, "ae", "concrete_vae", "dirichlet_vae", "hyperspherical_vae", "iaf_vae", "laplace_vae", "ladder_vae"),
    *(
        "fsq_vae",
        "lfq_vae",
        "pixel_vae",
        "planar_flow_vae",
        "real_nvp_vae",
        "residual_vq_vae",
        "semi_supervised_vae",
        "sequence_vae",
    ),
    *("tabular_vae", "two_stage_vae", "wae_mmd"),
)
"""Recipes that together have every signature, and every prior and likelihood that a row's own seed draws from."""
WITHOUT_PRIOR = {"ae", "rae_l2", "rae_sn"}
WITHOUT_DENSITY = WITHOUT_PRIOR | {"wae_mmd"}
DISCRETE = {"fsq_vae", "lfq_vae", "residual_vq_vae", "vq_vae"}
NO_IMAGES = {"sequence_vae", "tabular_vae"}
SCORED_AS = {
    **dict.fromkeys(("fsq_vae", "lfq_vae", "residual_vq_vae"), "vq_vae"),
    **dict.fromkeys(("planar_flow_vae", "real_nvp_vae"), "iaf_vae"),
}
"""Recipe -> the one whose kind of posterior it has, so that `anomaly` is the same graph; it is exported once."""
FILES_TRIED = {"conditional_vae", "vae"}  # files become arrays in one way for all
INTEGERS = {"seed", "condition", "indices"}


def expected_signatures(recipe, model):
    """Name -> inputs and outputs, each name -> shape; a relaxed categorical has no variance."""
    image, code = (None, *model.event_shape), (None, *model.latent_shape)
    given = {"condition": (None,)} if recipe in ("conditional_vae", "semi_supervised_vae") else {}
    of_x = {} if recipe == "semi_supervised_vae" else given
    codes = {"indices": (None, LATENT, 2 if recipe == "residual_vq_vae" else 1)} if recipe in DISCRETE else {}
    answers = {
        "reconstruct": {"reconstruction": image},
        "encode": {"mean": code, **(codes or ({} if recipe == "concrete_vae" else {"variance": code}))},
        "anomaly": {name: (None,) for name in (*ANOMALY_SCORES, "is_anomaly")},
    }
    for name, without in (("kl", WITHOUT_DENSITY), ("complexity", NO_IMAGES)):
        if recipe in without:
            del answers["anomaly"][name]
    answers["anomaly"] |= {p_value_of(name): (None,) for name in answers["anomaly"] if name != "is_anomaly"}
    if recipe in SCORED_AS:
        del answers["anomaly"]
    if recipe not in WITHOUT_DENSITY:
        answers["score"] = {"elbo": (None,)}
    if recipe == "semi_supervised_vae":
        answers["classify"] = {"probabilities": (None, 10)}
    signatures = {name: ({"x": image, **of_x}, outputs) for name, outputs in answers.items()}
    signatures["serving_default"] = signatures.pop("reconstruct")
    signatures["decode"] = ({"z": code, **given}, {"reconstruction": image})
    if codes:
        signatures["decode_indices"] = ({**codes, **given}, {"reconstruction": image})
    if recipe not in WITHOUT_PRIOR:
        signatures["generate"] = ({"seed": (None, 2), **given}, {"sample": image})
    if recipe in FILES_TRIED:
        signatures |= {f"{name}_bytes": ({"image_bytes": (None,), **of_x}, out) for name, out in answers.items()}
    return signatures


def dtype_of(name):
    if name in INTEGERS:
        return tf.int32
    return {"image_bytes": tf.string, "is_anomaly": tf.bool}.get(name, tf.float32)


def training_of(recipe):
    return Split(recipes.examples(recipe, 20), recipes.conditions(recipe, 20))


@pytest.fixture(scope="module", params=recipes.every(slow_beyond=QUICK, among=SERVED))
def served(request, tmp_path_factory):
    """A recipe's name, its model after two steps, and its export; those of the quick tests have passed the check."""
    model = build(request.param)
    training = None if request.param in SCORED_AS else training_of(request.param)
    options = FEW_SIZES if request.param in {*FILES_TRIED, *NO_IMAGES} else replace(FEW_SIZES, images=False)
    folder = tmp_path_factory.mktemp("served") / "model"
    version = export(model, folder, options=options, training=training, check=request.param in QUICK)
    return request.param, version, model, tf.saved_model.load(str(version)).signatures


@pytest.mark.slow
def test_every_kind_of_recipe_has_its_signatures_with_the_documented_names_types_and_shapes(served):
    recipe, version, model, signatures = served
    (graph,) = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs
    assert graph_problems(graph, CORE_OPS) + shape_problems(graph) == []
    expected = expected_signatures(recipe, model)
    assert set(signatures) == set(expected)
    for name, signature in signatures.items():
        positional, inputs = signature.structured_input_signature
        assert positional == ()
        found = [{key: tuple(spec.shape) for key, spec in s.items()} for s in (inputs, signature.structured_outputs)]
        assert found == list(expected[name]), name
        for key, spec in {**inputs, **signature.structured_outputs}.items():
            assert spec.dtype == dtype_of(key), (name, key)


@pytest.mark.slow
def test_no_rows_have_an_answer_of_no_rows(served):
    *_, signatures = served
    for name, signature in signatures.items():
        inputs = {
            key: tf.zeros((0, *spec.shape[1:]), spec.dtype)
            for key, spec in signature.structured_input_signature[1].items()
        }
        for key, value in signature(**inputs).items():
            assert value.shape == (0, *signature.structured_outputs[key].shape[1:]), (name, key)


def test_the_signatures_say_what_the_methods_of_the_model_say(served):
    recipe, _, model, signatures = served
    x = np.nan_to_num(model.prepare(recipes.examples(recipe, 6)).numpy())
    condition = None if recipe == "semi_supervised_vae" else recipes.conditions(recipe, 6)
    given = {} if condition is None else {"condition": tf.constant(condition, tf.int32)}
    posterior = model.encode(x, condition=condition)
    encoded = signatures["encode"](x=tf.constant(x), **given)
    np.testing.assert_allclose(encoded["mean"], posterior.mean(), atol=1e-5)
    if "variance" in encoded:
        np.testing.assert_allclose(encoded["variance"], posterior.variance(), rtol=1e-4, atol=1e-5)
    reconstructed = signatures["serving_default"](x=tf.constant(x), **given)["reconstruction"]
    expected = model.reconstruct(x, condition=condition)
    np.testing.assert_allclose(reconstructed, expected, rtol=1e-4, atol=1e-4)
    if recipe in DISCRETE:
        decoded = signatures["decode_indices"](indices=encoded["indices"])["reconstruction"]
        np.testing.assert_allclose(decoded, expected, rtol=1e-4, atol=1e-4)
    label = recipes.conditions(recipe, 6)
    named = {} if label is None else {"condition": tf.constant(label, tf.int32)}
    decoded = signatures["decode"](z=encoded["mean"], **named)["reconstruction"]
    expected = model.decode(encoded["mean"], condition=label).mean()
    np.testing.assert_allclose(decoded, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_row_that_is_not_finite_is_answered_with_nan_and_flagged(exported, images, bad):
    signatures = tf.saved_model.load(str(exported)).signatures
    x, z = images(3), np.zeros((3, LATENT), "float32")
    x[1, 2, 3, 0] = z[1, 0] = bad
    for name in ("serving_default", "encode", "decode", "score", "anomaly"):
        given = {"z": tf.constant(z)} if name == "decode" else {"x": tf.constant(x)}
        for output, value in signatures[name](**given).items():
            rows = value.numpy().reshape(3, -1)
            if output == "is_anomaly":
                assert rows[1].all()
            else:
                assert np.isnan(rows).all(axis=1).tolist() == [False, True, False], (name, output)
                assert np.isfinite(rows[[0, 2]]).all()


@pytest.mark.slow
def test_models_of_missing_values_take_nan(images):
    model, x = build("masked_vae"), images(3)
    x[0, 0], x[1, 0] = np.nan, np.inf
    encoded = export_signatures(model)["encode"].function(tf.constant(x))["mean"].numpy()
    assert np.isfinite(encoded).all(axis=1).tolist() == [True, False, True]
    np.testing.assert_allclose(encoded[[0, 2]], model.encode(x[[0, 2]]).mean(), atol=1e-5)


@pytest.mark.slow
def test_scores_are_the_elbo(vae, exported, images):
    x = images(6)
    elbo = tf.saved_model.load(str(exported)).signatures["score"](x=tf.constant(x))["elbo"]
    draws = np.stack([vae.elbo(x, samples=8, seed=seed) for seed in range(50)])
    assert (np.abs(elbo - draws.mean(axis=0)) <= 5 * draws.std(axis=0)).all()


def test_without_a_density_the_score_is_the_log_likelihood_of_the_reconstruction(images):
    model, x = recipes.create("ae"), images(5)
    x = x.round()
    signatures = export_signatures(model)
    assert "score" not in signatures and "anomaly" not in signatures
    scores = log_density(model, ExportOptions())(tf.constant(x))
    p = np.clip(model.reconstruct(x), 1e-7, 1 - 1e-7)
    expected = (x * np.log(p) + (1 - x) * np.log(1 - p)).sum(axis=(1, 2, 3))
    np.testing.assert_allclose(scores, expected, rtol=1e-3)


def test_samples_depend_on_their_own_seed_alone(exported):
    generate = tf.saved_model.load(str(exported)).signatures["generate"]
    seeds = np.random.default_rng(0).integers(-(2**31), 2**31, (8, 2)).astype("int32")
    together = generate(seed=tf.constant(seeds))["sample"].numpy()
    alone = np.concatenate([generate(seed=tf.constant(seeds[i : i + 1]))["sample"] for i in range(8)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    order = [5, 5, 0, 7]
    np.testing.assert_allclose(generate(seed=tf.constant(seeds[order]))["sample"], together[order], atol=1e-6)
    assert len(np.unique(together.round(5), axis=0)) == 8


def test_samples_come_from_the_prior(vae, exported):
    seeds = tf.stack([tf.range(2000), tf.zeros(2000, tf.int32)], axis=1)
    served = tf.saved_model.load(str(exported)).signatures["generate"](seed=seeds)["sample"].numpy()
    drawn = vae.sample(2000, seed=0)
    error = 5 * np.sqrt((served.var(axis=0) + drawn.var(axis=0)) / 2000)
    assert (np.abs(served.mean(axis=0) - drawn.mean(axis=0)) <= error).all()
    np.testing.assert_allclose(served.std(), drawn.std(), rtol=0.05)


@pytest.mark.slow
def test_files_are_answered_as_the_arrays_in_them(exported, images):
    signatures = tf.saved_model.load(str(exported)).signatures
    x = images(4)
    pixels = np.rint(255 * x).astype("float32") / 255
    files = tf.constant([png(image) for image in x])
    for name in ("encode", "score", "anomaly"):
        of_files = signatures[f"{name}_bytes"](image_bytes=files)
        for key, value in signatures[name](x=tf.constant(pixels)).items():
            np.testing.assert_allclose(of_files[key], value, rtol=1e-5, atol=1e-5)
    reconstruction = signatures["reconstruct_bytes"](image_bytes=files)["reconstruction"]
    np.testing.assert_allclose(
        reconstruction, signatures["serving_default"](x=tf.constant(pixels))["reconstruction"], atol=1e-5
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "served", ["vae", "conditional_vae", "ae", "semi_supervised_vae", "tabular_vae", "vq_vae"], indirect=True
)
def test_anomalies_are_those_of_the_scorer(served):
    recipe, _, model, signatures = served
    scorer = AnomalyScorer(model, training_of(recipe))
    x = model.prepare(recipes.examples(recipe, 30)[20:]).numpy()
    condition = None if recipe == "semi_supervised_vae" else recipes.conditions(recipe, 10)
    given = {} if condition is None else {"condition": tf.constant(condition, tf.int32)}
    found = signatures["anomaly"](x=tf.constant(x), **given)
    scores = scorer(x, condition)
    assert {*found} == {*scores, *map(p_value_of, scores), "is_anomaly"}
    for name, values in scores.items():
        np.testing.assert_allclose(found[name], values, rtol=1e-3, atol=1e-3, err_msg=name)
        shares = scorer.shares(name, found[name])
        np.testing.assert_allclose(found[p_value_of(name)], shares, atol=1e-6, err_msg=name)
    assert "p_value" in found
    assert np.array_equal(found["is_anomaly"], scores["combined"] > scorer.threshold("combined"))


@pytest.mark.slow
def test_a_share_of_usual_examples_is_flagged(vae, digits):
    training, calibration = Split(digits[:100]), Split(digits[100:])
    served = ServedModel(vae, ExportOptions(flagged=0.1), training, calibration)
    anomaly = served.signatures["anomaly"].function(tf.constant(digits[100:] / np.float32(255)))
    assert np.mean(anomaly["is_anomaly"]) == pytest.approx(0.1, abs=0.011)
    order = np.argsort(np.argsort(-anomaly["combined"].numpy()))
    np.testing.assert_allclose(anomaly["p_value"], (order + 2) / 101, atol=1e-6)


@pytest.mark.parametrize("mode", ["dynamic", "static", "threshold"])
def test_grey_is_made_black_and_white_as_in_training(vae, images, mode):
    x = images(400)
    plain = export_signatures(vae)["encode"].function
    within = export_signatures(vae, ExportOptions(binarize=mode))["encode"].function
    binary = x.round()
    np.testing.assert_allclose(within(tf.constant(binary))["mean"], plain(tf.constant(binary))["mean"], atol=1e-5)
    seen = tf.constant((x >= 0.5).astype("float32"))
    if mode == "threshold":
        np.testing.assert_allclose(within(tf.constant(x))["mean"], plain(seen)["mean"], atol=1e-5)
    else:
        grey = np.full((1, 8, 8, 1), 0.3, "float32")
        one, other = (within(tf.constant(np.repeat(grey, n, axis=0)))["mean"][0] for n in (1, 3))
        np.testing.assert_allclose(one, other, atol=1e-6)
        assert np.abs(one - plain(tf.constant(grey))["mean"][0]).max() > 1e-3


def test_one_signature_alone(vae, refused):
    assert list(export_signatures(vae, ExportOptions(signature="encode"))) == ["serving_default"]
    with refused("Unknown signature 'encod': did you mean 'encode'"):
        export_signatures(vae, ExportOptions(signature="encod"))


def test_images_are_asked_of_models_of_images_alone(small, vae, refused):
    assert not [name for name in export_signatures(vae, ExportOptions(images=False)) if name.endswith("_bytes")]
    with refused("expected a model of images"):
        export_signatures(small, ExportOptions(images=True))


@pytest.mark.slow
def test_rows_that_the_model_cannot_use_are_nan_and_leave_the_others_alone():
    conditional = kv.zoo.conditional_vae((8, 8, 1), 4, units=(8,), seed=0)
    asked = export_signatures(conditional)
    x = np.random.default_rng(0).random((4, 8, 8, 1), "float32")
    labels = np.array([3, 33, 9, -1], "int32")
    bad = labels != np.clip(labels, 0, 9)
    found = asked["serving_default"].function(tf.constant(x), tf.constant(labels))["reconstruction"].numpy()
    assert np.array_equal(np.isnan(found).all(axis=(1, 2, 3)), bad)
    assert np.allclose(found[~bad], conditional.reconstruct(x[~bad], condition=labels[~bad]), atol=1e-5)
    seeds = tf.constant([[0, 1], [0, 2], [0, 3], [0, 4]])
    assert np.array_equal(np.isnan(asked["generate"].function(seeds, tf.constant(labels))["sample"])[:, 0, 0, 0], bad)
    x[2] = 7
    of_x = export_signatures(kv.zoo.vae((8, 8, 1), 4, units=(8,), seed=0))["score"]
    assert np.array_equal(np.isnan(of_x.function(tf.constant(x))["elbo"]), [False, False, True, False])


def test_codes_that_are_none_are_nan():
    model = kv.zoo.vq_vae((8, 8, 1), 4, units=(8,), seed=0)
    codes = model.encode(np.zeros((3, 8, 8, 1))).indices.numpy()
    codes[1] = 10**6
    found = export_signatures(model)["decode_indices"].function(tf.constant(codes))["reconstruction"].numpy()
    assert np.array_equal(np.isnan(found).all(axis=(1, 2, 3)), [False, True, False])


@pytest.mark.slow
def test_tables_are_drawn_alike_in_any_batch():
    model = kv.zoo.tabular_vae((2,), 2, units=(8,), columns=["count", "real"], seed=0)
    generate = tf.function(export_signatures(model)["generate"].function)
    seeds = tf.stack([tf.range(50), tf.zeros(50, tf.int32)], axis=1)
    drawn = generate(seeds)["sample"].numpy()
    assert np.array_equal(drawn[:, 0] % 1, np.zeros(50))
    assert np.allclose(generate(seeds[7:9])["sample"], drawn[7:9], atol=1e-5)
    assert len(np.unique(drawn[:, 1])) == 50
