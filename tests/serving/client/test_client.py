"""The client says what the model says, whatever the protocol."""

import struct
import subprocess
import sys

import numpy as np
import pytest
import requests
from PIL import Image

from keras_vae.serving.client import Client, ServingError
from keras_vae.serving.png import png

X = np.random.default_rng(0).random((70, 8, 8, 1), "float32")


@pytest.fixture(params=["rest", "grpc"])
def target(request, server):
    return server.url if request.param == "rest" else f"grpc://{server.grpc_target}"


@pytest.fixture
def client(target):
    with Client(target, "vae", batch_size=16) as client:
        yield client


@pytest.mark.slow
def test_its_methods_are_those_of_the_model(client, vae):
    posterior = vae.encode(X)
    encoded = client.encode(X)
    np.testing.assert_allclose(encoded.mean, posterior.mean(), atol=1e-4)
    np.testing.assert_allclose(encoded.variance, posterior.variance(), atol=1e-4)
    assert encoded.indices is None and encoded.mean.dtype == np.float32
    np.testing.assert_allclose(client.reconstruct(X), vae.reconstruct(X), atol=1e-4)
    np.testing.assert_allclose(client.decode(encoded.mean), vae.decode(encoded.mean).mean(), atol=1e-4)
    anomalies = client.anomaly(X)
    np.testing.assert_allclose(-anomalies.negative_elbo, client.score(X), rtol=0.1)
    assert anomalies.is_anomaly.dtype == bool and ((anomalies.p_value > 0) & (anomalies.p_value <= 1)).all()
    assert anomalies.p_values["combined"] is anomalies.p_value
    assert {"kl", "error", "code_distance"} < {*anomalies.p_values} < {*anomalies._fields}


def test_uint8_means_0_to_255_and_files_are_images(client, vae, tmp_path):
    pixels = np.rint(255 * X[:5]).astype("uint8")
    expected = vae.encode(pixels).mean()
    np.testing.assert_allclose(client.encode(pixels).mean, expected, atol=1e-4)
    files = [png(pixels[i] / 255) for i in range(5)]
    np.testing.assert_allclose(client.encode(files).mean, expected, atol=1e-4)
    paths = [tmp_path / f"{i}.png" for i in range(5)]
    for path, content in zip(paths, files, strict=True):
        path.write_bytes(content)
    np.testing.assert_allclose(client.encode(paths).mean, expected, atol=1e-4)


def test_files_of_every_format_that_training_reads_are_images(client, tmp_path):
    pixels = Image.fromarray(np.rint(255 * X[0, ..., 0]).astype("uint8"))
    expected = client.encode([png(np.asarray(pixels)[..., None] / 255)]).mean
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = pixels.transpose(Image.Transpose.ROTATE_90)
    for suffix, options in (("webp", {"lossless": True}), ("tif", {}), ("gif", {}), ("bmp", {})):
        pixels.save(tmp_path / f"a.{suffix}", **options)
    for suffix, options in (("webp", {"lossless": True}), ("tif", {}), ("png", {})):
        turned.save(tmp_path / f"turned.{suffix}", exif=exif, **options)
    for path in tmp_path.iterdir():
        for item in (path, path.read_bytes()):
            np.testing.assert_allclose(client.encode([item]).mean, expected, atol=1e-4, err_msg=path.name)


def test_a_file_that_claims_too_many_pixels_is_refused(client, tmp_path, refused):
    content = bytearray(png(X[0]))
    content[16:24] = struct.pack(">II", 20000, 30000)
    with pytest.raises(ServingError, match=r"image_bytes\[1\]: .* got a header with 20000 x 30000") as caught:
        client.encode([png(X[0]), bytes(content)])
    assert caught.value.code == "INVALID_ARGUMENT"
    (tmp_path / "a.tif").write_bytes(b"II*\0 no image")
    with refused("a.tif: expected a readable image, got: cannot identify image file"):
        client.encode([tmp_path / "a.tif"])


def test_nan_travels_both_ways(client):
    x = X[:2].copy()
    x[0, 0, 0, 0] = np.nan
    mean = client.encode(x).mean
    assert np.isnan(mean[0]).all() and np.isfinite(mean[1]).all()


def test_the_same_seed_gives_the_same_images_in_any_batch(client, target):
    images = client.generate(40, seed=7)
    assert len(np.unique(images.round(5), axis=0)) == 40
    with Client(target, "vae", batch_size=3) as other:
        np.testing.assert_allclose(other.generate(11, seed=7), images[:11], atol=1e-6)
    seeds = np.array([[7, 5], [7, 39]])
    np.testing.assert_allclose(client.generate(seeds=seeds), images[[5, 39]], atol=1e-6)
    assert np.abs(client.generate(5, seed=8) - images[:5]).max() > 1e-3


@pytest.mark.slow
def test_the_same_seed_gives_the_same_images_in_any_process_and_protocol(server, tmp_path):
    images = []
    for scheme, address in (("http", server.url.removeprefix("http://")), ("grpc", server.grpc_target)):
        code = (
            "import sys; import numpy as np; from keras_vae.serving.client import Client\n"
            "np.save(sys.argv[2], Client(sys.argv[1], 'vae').generate(9, seed=3))"
        )
        subprocess.run([sys.executable, "-c", code, f"{scheme}://{address}", tmp_path / f"{scheme}.npy"], check=True)
        images.append(np.load(tmp_path / f"{scheme}.npy"))
    np.testing.assert_allclose(*images, atol=1e-6)


def test_conditional_models_take_their_condition(target, refused):
    with Client(target, "conditional") as client:
        one, other = (client.encode(X[:2], condition=[label] * 2).mean for label in (1, 2))
        assert np.abs(one - other).max() > 1e-3
        assert client.generate(3, condition=[0, 1, 2]).shape == (3, 8, 8, 1)
        with refused("encode: expected the inputs condition, x; got x"):
            client.encode(X[:2])
        with refused("condition: expected int32; got float64"):
            client.encode(X[:2], condition=[0.5, 1])
        with refused("expected the same number of rows in each input"):
            client.encode(X[:2], condition=[1])


def test_what_there_is_can_be_asked(client, target):
    assert client.ready()
    assert [(version.version, version.state) for version in client.status()] == [(2, "AVAILABLE"), (1, "AVAILABLE")]
    spec = client.metadata()["encode"]
    assert spec.inputs["x"] == ("float32", (None, 8, 8, 1)) and set(spec.outputs) == {"mean", "variance"}
    for chosen in ({"version": 1}, {"label": "stable"}):
        with Client(target, "vae", **chosen) as other:
            assert [version.version for version in other.status()] == [1]
            np.testing.assert_allclose(other.decode(np.zeros((1, 3))), client.decode(np.zeros((1, 3))), atol=1e-6)


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda client: client.encode(X[:, :4]), r"x: expected shape \(N, 8, 8, 1\); got \(70, 4, 8, 1\)"),
        (lambda client: client.encode(X[0]), r"x: expected shape \(N, 8, 8, 1\); got \(8, 8, 1\)"),
        (lambda client: client.encode(X[:0]), "at least 1"),
        (lambda client: client.encode([]), "x: expected shape"),
        (lambda client: client.encode(["a"]), "x: expected numbers of dtype float32"),
        (lambda client: client.encode(b"file"), r"expected a list of image files, got a single file; use \[x\]"),
        (lambda client: client.classify(X), "Unknown signature 'classify'"),
        (lambda client: client.generate(), "expected either n or seeds"),
        (lambda client: client.generate(3, seed=-1), "seed must be an integer"),
        (lambda client: client.generate(0), "n must be an integer >= 1"),
        (lambda client: client.predict("encode", y=X), "expected the inputs x; got y"),
    ],
)
def test_wrong_inputs_are_refused_before_they_are_sent(client, server, refused, ask, message):
    client.metadata()
    before = requests_to(server)
    with refused(message):
        ask(client)
    assert requests_to(server) == before > 0


def requests_to(server):
    """How many requests the server has counted."""
    lines = requests.get(f"{server.url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("keras_vae_requests_total"))


def test_a_file_that_is_not_there_is_named(client, tmp_path, refused):
    with refused("nothing.png: cannot read the file: No such file"):
        client.encode([tmp_path / "nothing.png"])


def test_what_the_server_refuses_is_told_with_its_reason(client, target):
    with pytest.raises(ServingError, match="INVALID_ARGUMENT.*compare the request with") as refused:
        client.encode([b"no image"])
    assert refused.value.code == "INVALID_ARGUMENT" and not refused.value.retry
    for options in ({"version": 9}, {}):
        with (
            Client(target, "vae" if options else "nothing", **options) as other,
            pytest.raises(ServingError, match="NOT_FOUND") as refused,
        ):
            other.encode(X)
        assert refused.value.code == "NOT_FOUND"


@pytest.mark.parametrize("target", ["127.0.0.1:8501", "ftp://x", "http://", ""])
def test_another_target_is_refused(refused, target):
    with refused(r"target: expected http\(s\)://host:port or grpc\(s\)://host:port"):
        Client(target, "vae")


def test_version_and_label_are_one_choice(refused):
    with refused("version and label: expected at most one of them"):
        Client("http://127.0.0.1", "vae", version=1, label="stable")


def test_rest_does_without_tensorflow(server):
    code = (
        "import sys; from keras_vae.serving.client import Client; from keras_vae.serving.png import png\n"
        f"client = Client({server.url!r}, 'vae')\n"
        "images = client.generate(2)\n"
        "print(images.shape, len(client.encode([png(images[0])]).mean), 'tensorflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["(2,", "8,", "8,", "1)", "1", "False"]
