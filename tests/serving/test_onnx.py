"""ONNX says what the model says, by names."""

import numpy as np
import onnxruntime
import pytest
import recipes

from keras_vae.serving import ExportOptions, export, export_onnx


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["vae", "conditional_vae"])
def test_an_encoder_answers_as_the_model(tmp_path, recipe, images):
    model = recipes.create(recipe)
    path = export_onnx(model, tmp_path / "encode.onnx", options=ExportOptions(signature="encode"))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    condition = recipes.conditions(recipe, 5)
    inputs = {"x": images(5)} | ({} if condition is None else {"condition": condition.astype("int32")})
    assert {tensor.name for tensor in session.get_inputs()} == set(inputs)
    mean, variance = session.run(["mean", "variance"], inputs)
    posterior = model.encode(images(5), condition=condition)
    np.testing.assert_allclose(mean, posterior.mean(), atol=1e-5)
    np.testing.assert_allclose(variance, posterior.variance(), atol=1e-5)


@pytest.mark.slow
def test_reconstruction_is_the_default(tmp_path, vae, images):
    session = onnxruntime.InferenceSession(str(export_onnx(vae, tmp_path / "deeper" / "model.onnx")))
    (reconstruction,) = session.run(["reconstruction"], {"x": images(3)})
    np.testing.assert_allclose(reconstruction, vae.reconstruct(images(3)), atol=1e-5)


@pytest.mark.parametrize("options", [{"signature": "generate"}, {"signature": "encode", "precision": "int8"}])
def test_what_onnx_does_not_have_is_refused(tmp_path, vae, refused, options):
    with refused("expected, for ONNX, one of the signatures"):
        export_onnx(vae, tmp_path / "model.onnx", options=ExportOptions(**options))
    assert not (tmp_path / "model.onnx").exists()


def test_export_does_not_make_a_folder_of_this_name(tmp_path, vae, refused):
    with refused("use export_onnx"):
        export(vae, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
