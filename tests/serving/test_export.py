"""What is served is the model, for any batch, in any process."""

import shutil
import subprocess
import sys

import numpy as np
import pytest
import recipes
import tensorflow as tf
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from keras_vae import zoo
from keras_vae.serving import check_export, endpoints, export

LATENT = 3
WITHOUT_PRIOR = {"ae", "contractive_ae", "denoising_ae", "rae_gp", "rae_l2", "rae_sn", "sparse_ae"}
WITHOUT_DENSITY = WITHOUT_PRIOR | {"sinkhorn_ae", "swae", "wae_gan", "wae_mmd"}
DISCRETE = {"residual_vq_vae", "vq_vae"}


def signatures_of(recipe, model):
    """Name -> inputs and outputs, each name -> shape; a relaxed categorical has no variance."""
    x, z = {"x": (None, *model.event_shape)}, {"z": (None, *model.latent_shape)}
    image, code = (None, *model.event_shape), (None, *model.latent_shape)
    given = {"condition": (None,)} if recipe in ("conditional_vae", "semi_supervised_vae") else {}
    of_x = x if recipe == "semi_supervised_vae" else {**x, **given}
    codes = {"codes": (None, LATENT, 2 if recipe == "residual_vq_vae" else 1)} if recipe in DISCRETE else {}
    signatures = {
        "serving_default": (of_x, {"reconstruction": image}),
        "encode": (of_x, {"mean": code, **(codes or ({} if recipe == "concrete_vae" else {"variance": code}))}),
        "decode": ({**z, **given}, {"reconstruction": image}),
    }
    if recipe not in WITHOUT_PRIOR:
        signatures["generate"] = ({"seed": (None, 2), **given}, {"sample": image})
    if recipe not in WITHOUT_DENSITY:
        signatures["score"] = (of_x, {"elbo": (None,)})
    if recipe == "semi_supervised_vae":
        signatures["classify"] = (x, {"probabilities": (None, 10)})
    return signatures


INTEGERS = {"seed", "condition", "codes"}
RANDOM_OR_PYTHON = (
    "PyFunc", "EagerPyFunc", "PyFuncStateless", "RandomStandardNormal", "RandomUniform", "RandomUniformInt",
    "TruncatedNormal", "RandomShuffle", "Multinomial", "RandomGamma", "RandomPoissonV2", "ParameterizedTruncatedNormal",
    "StatefulStandardNormal", "StatefulStandardNormalV2", "StatefulUniform", "StatefulUniformInt",
    "StatefulUniformFullInt", "StatefulTruncatedNormal", "StatefulRandomBinomial", "RngReadAndSkip", "RngSkip",
    "NonDeterministicInts",
)  # fmt: skip
WRITING = ("AssignVariableOp", "AssignAddVariableOp", "AssignSubVariableOp", "RngReadAndSkip")


def examples(n):
    return np.random.default_rng(n).random((n, 8, 8, 1), "float32")


def build(recipe):
    model = recipes.create(recipe, 5)
    model.compile("adam", jit_compile=recipe in recipes.CORE)
    model.fit(recipes.examples(recipe, 32), recipes.labels(recipe, 32), epochs=1, batch_size=16, verbose=0)
    return model


@pytest.fixture(scope="module", params=recipes.every(slow_beyond=recipes.CORE))
def served(request, tmp_path_factory):
    """A recipe's name, its model after two steps, the folder of its export, and the export loaded."""
    model = build(request.param)
    version = export(model, tmp_path_factory.mktemp("served") / "model")
    return request.param, model, version, tf.saved_model.load(str(version))


@pytest.fixture(scope="module")
def vae(tmp_path_factory):
    model = build("vae")
    version = export(model, tmp_path_factory.mktemp("served") / "model")
    return model, version, tf.saved_model.load(str(version)).signatures


@pytest.fixture(scope="module")
def small():
    return zoo.vae((2,), 1, units=(2,), seed=0)


def graphs(version):
    graph = SavedModel.FromString((version / "saved_model.pb").read_bytes()).meta_graphs[0].graph_def
    return [graph.node, *(function.node_def for function in graph.library.function)], graph.library.function


def test_every_recipe_has_its_signatures(served):
    recipe, model, _, loaded = served
    assert set(loaded.signatures) == set(signatures_of(recipe, model))


def test_names_types_and_shapes_are_those_documented_with_a_free_batch_axis(served):
    recipe, model, _, loaded = served
    expected = signatures_of(recipe, model)
    for name, signature in loaded.signatures.items():
        positional, inputs = signature.structured_input_signature
        assert positional == ()
        assert {key: tuple(spec.shape) for key, spec in inputs.items()} == expected[name][0]
        outputs = signature.structured_outputs
        assert {key: tuple(spec.shape) for key, spec in outputs.items()} == expected[name][1]
        for key, spec in {**inputs, **outputs}.items():
            assert spec.dtype == (tf.int32 if key in INTEGERS else tf.float32)


def test_the_export_answers_as_the_model_does(served):
    recipe, model, version, _ = served
    differences = check_export(model, version, np.nan_to_num(recipes.examples(recipe, 5)))
    assert set(differences) == set(endpoints(model))
    assert max(differences.values()) <= 1e-5


def test_a_difference_is_seen(tmp_path):
    model = build("vae")
    version = export(model, tmp_path / "model")
    model.decoder.trainable_variables[0].assign_add(tf.ones_like(model.decoder.trainable_variables[0]))
    differences = check_export(model, version, examples(5))
    assert differences["encode"] <= 1e-5
    assert min(differences[name] for name in ("serving_default", "decode", "generate", "score")) > 1e-2


def test_the_signatures_mean_what_the_methods_of_the_model_mean(vae):
    model, _, signatures = vae
    x, z = examples(6), np.random.default_rng(0).normal(size=(6, LATENT)).astype("float32")
    posterior = model.encode(x)
    encoded = signatures["encode"](x=tf.constant(x))
    np.testing.assert_allclose(encoded["mean"], posterior.mean(), atol=1e-5)
    np.testing.assert_allclose(encoded["variance"], posterior.variance(), atol=1e-5)
    reconstructed = signatures["serving_default"](x=tf.constant(x))["reconstruction"]
    np.testing.assert_allclose(reconstructed, model.reconstruct(x), atol=1e-5)
    decoded = signatures["decode"](z=tf.constant(z))["reconstruction"]
    np.testing.assert_allclose(decoded, model.decode(z).mean(), atol=1e-5)
    scores = signatures["score"](x=tf.constant(x))["elbo"].numpy()
    np.testing.assert_allclose(scores, model.elbo(x, samples=500), atol=3.0)


def test_samples_depend_on_their_own_seed_alone(vae):
    generate = vae[2]["generate"]
    seeds = np.random.default_rng(0).integers(-(2**31), 2**31, (8, 2)).astype("int32")
    together = generate(seed=tf.constant(seeds))["sample"].numpy()
    alone = np.concatenate([generate(seed=tf.constant(seeds[i : i + 1]))["sample"] for i in range(8)])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    order = [5, 5, 0, 7]
    np.testing.assert_allclose(generate(seed=tf.constant(seeds[order]))["sample"], together[order], atol=1e-6)
    assert len(np.unique(together.round(5), axis=0)) == 8


def test_samples_come_from_the_prior(vae):
    model, _, signatures = vae
    seeds = tf.stack([tf.range(2000), tf.zeros(2000, tf.int32)], axis=1)
    served = signatures["generate"](seed=seeds)["sample"].numpy()
    drawn = model.sample(2000, seed=0)
    error = 5 * np.sqrt((served.var(axis=0) + drawn.var(axis=0)) / 2000)
    assert (np.abs(served.mean(axis=0) - drawn.mean(axis=0)) <= error).all()
    np.testing.assert_allclose(served.std(), drawn.std(), rtol=0.05)


def test_a_score_is_the_same_alone_and_in_company(vae):
    score = vae[2]["score"]
    x = examples(8)
    together = score(x=tf.constant(x))["elbo"].numpy()
    alone = np.concatenate([score(x=tf.constant(x[i : i + 1]))["elbo"] for i in range(8)])
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    np.testing.assert_allclose(score(x=tf.constant(x[::-1]))["elbo"], together[::-1], rtol=1e-5)
    np.testing.assert_array_equal(score(x=tf.constant(x))["elbo"], together)


@pytest.mark.parametrize("n", [1, 3, 64])
def test_any_batch_is_answered(served, n):
    recipe, model, _, loaded = served
    arguments = {
        "x": model.prepare(recipes.examples(recipe, n)),
        "z": tf.ones((n, *model.latent_shape)) / np.sqrt(LATENT),
        "seed": tf.ones((n, 2), tf.int32),
        "condition": tf.zeros(n, tf.int32),
    }
    for name, signature in loaded.signatures.items():
        inputs, _ = signatures_of(recipe, model)[name]
        for output in signature(**{key: arguments[key] for key in inputs}).values():
            assert len(output) == n
            assert np.isfinite(output).all()


def test_no_python_no_generator_and_no_compulsory_xla_is_in_the_graph(served):
    *_, version, loaded = served
    nodes, functions = graphs(version)
    ops = {node.op for part in nodes for node in part}
    assert not ops & set(RANDOM_OR_PYTHON)
    assert not [function.signature.name for function in functions if "_XlaMustCompile" in function.attr]
    assert not [node.name for part in nodes for node in part if node.attr["_XlaMustCompile"].b]
    for signature in loaded.signatures.values():
        graph = signature.graph.as_graph_def()
        own = [graph.node, *(function.node_def for function in graph.library.function)]
        assert not {node.op for part in own for node in part} & set(WRITING)


def test_the_optimizer_is_not_served(vae):
    _, version, _ = vae
    stored = {name for name, _ in tf.train.list_variables(str(version / "variables" / "variables"))}
    assert not [name for name in stored if "momentum" in name or "optimizer" in name.lower()]


def test_versions_count_up(tmp_path, small):
    folder = tmp_path / "deeper" / "model"
    assert [export(small, folder) for _ in range(2)] == [folder / "1", folder / "2"]
    shutil.rmtree(folder / "1")
    assert export(small, folder) == folder / "3"
    assert {path.name for path in folder.iterdir()} == {"2", "3"}
    assert {path.name for path in folder.parent.iterdir()} == {"model"}


def test_versions_are_ordered_as_numbers(tmp_path, small):
    for name in ("9", "10"):
        (tmp_path / "model" / name).mkdir(parents=True)
    assert export(small, tmp_path / "model").name == "11"


def test_the_folder_may_be_the_current_one(tmp_path, monkeypatch, small):
    folder = tmp_path / "model"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert [export(small, ".").name for _ in range(2)] == ["1", "2"]
    assert {path.name for path in folder.iterdir()} == {"1", "2"}


@pytest.mark.parametrize("foreign", ["notes.txt", "config.json", "7"])
def test_a_folder_of_other_things_is_left_alone(tmp_path, small, refused, foreign):
    (tmp_path / "model" / "1").mkdir(parents=True)
    (tmp_path / "model" / foreign).write_text("mine")
    with refused(f"expected an empty folder or one of numbered versions, found '{foreign}'"):
        export(small, tmp_path / "model")
    assert {path.name for path in (tmp_path / "model").iterdir()} == {"1", foreign}
    assert (tmp_path / "model" / foreign).read_text() == "mine"


def test_a_file_is_left_alone(tmp_path, small, refused):
    (tmp_path / "model").write_text("mine")
    with refused("model: it is a file"):
        export(small, tmp_path / "model")
    assert (tmp_path / "model").read_text() == "mine"


@pytest.fixture
def after_writing(monkeypatch):
    """Has something done when TensorFlow has written the model, before the export goes on."""

    def after_writing(act):
        save = tf.saved_model.save

        def save_and_act(*arguments, **options):
            save(*arguments, **options)
            act()

        monkeypatch.setattr(tf.saved_model, "save", save_and_act)

    return after_writing


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, OSError])
def test_an_interrupted_export_leaves_no_version(tmp_path, monkeypatch, after_writing, small, interruption):
    def interrupt():
        raise interruption

    after_writing(interrupt)
    with pytest.raises(interruption):
        export(small, tmp_path / "model")
    assert [path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*")] == ["model"]
    monkeypatch.undo()
    assert export(small, tmp_path / "model").name == "1"


def test_a_watcher_sees_a_version_only_when_it_is_whole(tmp_path, after_writing, small):
    seen = []
    after_writing(lambda: seen.append(sorted(entry.name for entry in (tmp_path / "model").iterdir())))
    version = export(small, tmp_path / "model")
    assert seen == [[]]
    assert {path.name for path in version.iterdir()} >= {"saved_model.pb", "variables"}


def test_exporting_says_nothing_and_leaves_the_model_as_it_was(tmp_path, capfd, small):
    before = small.get_weights()
    export(small, tmp_path / "model")
    assert capfd.readouterr().out == ""
    for own, kept in zip(small.get_weights(), before, strict=True):
        np.testing.assert_array_equal(own, kept)


LOADER = """
import sys
import numpy as np
import tensorflow as tf
version, arrays = sys.argv[1:]
signatures = tf.saved_model.load(version).signatures
given = np.load(arrays)
for name, key, output in (("serving_default", "x", "reconstruction"), ("generate", "seed", "sample"),
                          ("score", "x", "elbo")):
    answer = signatures[name](**{key: tf.constant(given[key])})[output]
    np.testing.assert_allclose(answer, given[name], rtol=1e-5, atol=1e-5)
assert not {"keras_vae", "tensorflow_probability"} & set(sys.modules)
print("loaded")
"""


def test_a_process_with_nothing_but_tensorflow_can_serve_it(tmp_path, vae):
    _, version, signatures = vae
    given = {"x": examples(3), "seed": np.arange(6, dtype="int32").reshape(3, 2)}
    answers = {
        "serving_default": signatures["serving_default"](x=tf.constant(given["x"]))["reconstruction"],
        "generate": signatures["generate"](seed=tf.constant(given["seed"]))["sample"],
        "score": signatures["score"](x=tf.constant(given["x"]))["elbo"],
    }
    np.savez(tmp_path / "arrays.npz", **given, **answers)
    done = subprocess.run(
        [sys.executable, "-c", LOADER, str(version), str(tmp_path / "arrays.npz")],
        capture_output=True, text=True, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "loaded"
