"""The decoder of a page without a server answers as the model."""

import gzip
import io
import json
import socket
import tarfile
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from keras_vae import zoo
from keras_vae.digest import sha256_of
from keras_vae.explorer import onnx_decoder as onnx_decoder_file
from keras_vae.explorer import onnxruntime_web as package
from keras_vae.explorer.onnx_decoder import onnx_decoder


@pytest.fixture
def runtime(tmp_path, monkeypatch):
    """A package with the files of onnxruntime-web, without their content."""
    path = tmp_path / package.FILE
    with tarfile.open(path, "w:gz") as archive:
        for name, content in ((package.SCRIPT, b"let a = 1;export{a as env};\n"), (package.WASM, b"\0asm")):
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setattr(package, "SHA256", sha256_of(path))
    return path


@pytest.fixture
def no_connection(monkeypatch):
    monkeypatch.setattr(package, "FILE", "absent.tgz")
    monkeypatch.setattr(package, "URL", "http://127.0.0.1:1/absent.tgz")


def unpacked(array_of, array):
    return gzip.decompress(array_of(array).tobytes())


def session_of(array_of, found):
    return onnxruntime.InferenceSession(unpacked(array_of, found["onnx"]), providers=["CPUExecutionProvider"])


@pytest.mark.slow
def test_latents_are_decoded_as_by_the_model(model, runtime, array_of):
    found = onnx_decoder(model, onnxruntime=runtime)
    z = np.random.default_rng(0).normal(size=(5, 4)).astype("float32")
    (decoded,) = session_of(array_of, found).run(["reconstruction"], {"z": z})
    np.testing.assert_allclose(decoded, model.decode(z).mean(), atol=1e-5)
    assert found["script"] == "let a = 1;globalThis.ort={env:a};"
    assert unpacked(array_of, found["wasm"]) == b"\0asm"


@pytest.mark.slow
def test_codes_and_conditions_are_decoded_as_by_the_model(runtime, array_of):
    random = np.random.default_rng(0)
    model = zoo.conditional_vae((8, 8, 1), 2, classes=3, units=(4,), seed=0)
    given = {"z": random.normal(size=(3, 2)).astype("float32"), "condition": np.arange(3, dtype="int32")}
    (decoded,) = session_of(array_of, onnx_decoder(model, onnxruntime=runtime)).run(["reconstruction"], given)
    np.testing.assert_allclose(decoded, model.decode(given["z"], condition=given["condition"]).mean(), atol=1e-5)

    model = zoo.vq_vae((8, 8, 1), 4, codebook_size=8, seed=0)
    found = onnx_decoder(model, onnxruntime=runtime)
    indices = random.integers(8, size=(3, *model.latent_shape[:-1], 1), dtype="int32")
    (decoded,) = session_of(array_of, found).run(["reconstruction"], {"indices": indices})
    assert found["signature"] == "decode_indices"
    np.testing.assert_allclose(decoded, model.decode(model.posterior.embed(indices)).mean(), atol=1e-5)


@pytest.mark.slow
def test_a_page_without_its_decoder_says_why(explorer, tmp_path, no_connection, refused):
    path = tmp_path / "page.html"
    with refused("onnxruntime-web 1.30.0: it cannot be downloaded .*; check the connection, or give a local copy of"):
        explorer.save(path, live=True)
    assert not path.exists()
    with pytest.warns(UserWarning, match="decoded beforehand. onnxruntime-web 1.30.0: it cannot be downloaded"):
        explorer.save(path)
    data = json.loads(path.read_text().partition('id="data">')[2].partition("</script>")[0])
    assert data["draws"]["seeds"] == 16 and "library" in data and "decoder" not in data


@pytest.mark.parametrize(
    ("size", "reason"), [(20, "expected a decoder of at most 10 bytes as ONNX, got 20"), (0, "no operation")]
)
def test_what_cannot_be_in_a_page_is_refused(model, runtime, monkeypatch, refused, size, reason):
    def export(model, path, *, options):
        if not size:
            raise ValueError("no operation")
        path.write_bytes(bytes(size))
        return path

    monkeypatch.setattr(onnx_decoder_file, "export_onnx", export)
    monkeypatch.setattr(onnx_decoder_file, "MOST_BYTES", 10)
    with refused(reason):
        onnx_decoder(model, onnxruntime=runtime)


def test_another_package_is_refused(tmp_path, refused):
    with refused("no such file; expected onnxruntime-web-1.30.0.tgz"):
        package.onnxruntime_web(tmp_path / "none.tgz")
    (tmp_path / "other.tgz").write_bytes(b"other")
    with refused("expected onnxruntime-web-1.30.0.tgz with the SHA-256 d2228df7e461..., got .*npm pack"):
        package.onnxruntime_web(tmp_path / "other.tgz")


def test_the_package_is_downloaded_once_and_whole(runtime, tmp_path, monkeypatch, refused):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(package, "URL", runtime.as_uri())
    assert package.onnxruntime_web().wasm == b"\0asm"
    monkeypatch.setattr(package, "URL", (tmp_path / "none").as_uri())
    assert package.onnxruntime_web().wasm == b"\0asm"
    (tmp_path / "other").write_bytes(b"other")
    monkeypatch.setattr(package, "URL", (tmp_path / "other").as_uri())
    cached = tmp_path / "home" / package.FOLDER / package.FILE
    cached.write_bytes(b"damaged")
    with refused("it cannot be downloaded .expected another content.; check the connection, or give a local copy"):
        package.onnxruntime_web()
    assert cached.read_bytes() == b"damaged" and len(list(cached.parent.iterdir())) == 1


def test_a_host_that_does_not_answer_ends_the_download(monkeypatch, no_connection, refused):
    monkeypatch.setattr(package, "STALL", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setattr(package, "URL", f"http://127.0.0.1:{silent.getsockname()[1]}/absent.tgz")
        with refused("it cannot be downloaded .*(timed out|no answer within 0 seconds)"):
            package.onnxruntime_web()


def test_the_page_of_the_explorer_names_this_version():
    page = (Path(__file__).parents[2] / "docs" / "explorer.md").read_text()
    assert package.FILE in page and f"onnxruntime-web@{package.VERSION}" in page
