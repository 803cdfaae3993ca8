"""The routes of the explorer, on a server that runs."""

import asyncio
import io
import json
import socket

import numpy as np
import pytest
import requests
import tensorflow as tf
from PIL import Image
from starlette.requests import Request

from keras_vae import explore, zoo
from keras_vae.explorer.remote import Remote
from keras_vae.explorer.routes import POLICY, Pages
from keras_vae.serving.client import Client
from keras_vae.serving.image_bytes import decode_images
from keras_vae.serving.png import png
from keras_vae.serving.server.lifecycle import bind

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(explorer):
    return requests.get(f"{explorer.url}data.json").json()


def predict(explorer, data, signature, **inputs):
    answer = requests.post(
        requests.compat.urljoin(explorer.url, data["predict"]), json={"signature_name": signature, "inputs": inputs}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"]


def test_the_page_and_its_files_are_there_and_load_nothing_else(explorer):
    page = requests.get(explorer.url.removesuffix("/explorer/"))
    assert page.url == explorer.url and "main.js" in page.text
    for name, kind in (("", "text/html"), ("main.js", "text/javascript"), ("explorer.css", "text/css")):
        answer = requests.get(explorer.url + name)
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-security-policy"] == POLICY
    assert requests.get(f"{explorer.url}../../setup.cfg").status_code == 404
    assert requests.get(f"{explorer.url}%2e%2e%2fexplore.py").status_code == 404


def test_a_notebook_shows_the_page(explorer):
    assert f'<iframe src="{explorer.url}"' in explorer._repr_html_()


def test_points_are_decoded_by_the_api_of_tensorflow_serving(explorer, data, model, array_of):
    z = array_of(data["points"]["codes"])[:3]
    decoded = predict(explorer, data, "decode", z=z.tolist())
    np.testing.assert_allclose(decoded, model.decode(z).mean(), atol=1e-5)


def test_the_colour_elbo_is_the_score_of_the_server(data, model, array_of):
    (elbo,) = (each for each in data["colourings"] if each["name"].startswith("ELBO"))
    x = model.prepare(choose(model, data, array_of)[:200])
    assert abs(array_of(elbo["values"])[:200].mean() - model.elbo(x, samples=8).mean()) < 1


def choose(model, data, array_of):
    from keras_vae.data import load

    return load("digits").test.x[array_of(data["points"]["row"])[array_of(data["points"]["part"]) == 0]]


def test_draws_are_those_of_generate(explorer, data, array_of):
    found = requests.get(f"{explorer.url}draws?seed=5&count=3").json()
    decoded = predict(explorer, data, "decode", z=array_of(found["z"]).tolist())
    with Client(explorer.url.removesuffix("/explorer/"), "model") as client:
        np.testing.assert_allclose(decoded, client.generate(3, seed=5), atol=1e-5)


def test_an_image_file_is_read_as_by_the_export(explorer, array_of):
    content = png(np.random.default_rng(0).random((20, 30, 3)))
    x = array_of(requests.post(f"{explorer.url}read", data=content).json())
    np.testing.assert_allclose(x, decode_images(tf.constant([content]), (8, 8, 1))[0], atol=1.5 / 255)
    webp = io.BytesIO()
    Image.open(io.BytesIO(content)).save(webp, "WEBP")
    assert array_of(requests.post(f"{explorer.url}read", data=webp.getvalue()).json()).shape == (8, 8, 1)


def test_a_map_is_made_on_request(explorer, data, array_of):
    found = requests.get(f"{explorer.url}maps/pca").json()
    np.testing.assert_array_equal(array_of(found["places"]), array_of(data["maps"]["pca"]["places"]))


@pytest.mark.parametrize(
    ("method", "path", "content", "reason"),
    [
        ("GET", "maps/mds", None, "map"),
        ("GET", "draws?seed=-1&count=3", None, "seed"),
        ("GET", "draws?seed=1&count=99999", None, "count"),
        ("GET", "draws?seed=a", None, "expected whole numbers"),
        ("POST", "read", b"no image", "expected a readable image"),
        ("POST", "predict", b"{}", "/v1/models"),
    ],
)
def test_invalid_requests_are_answered_with_the_reason(explorer, method, path, content, reason):
    answer = requests.request(method, explorer.url + path, data=content)
    assert answer.status_code == 400 and reason in answer.json()["error"]
    assert len(answer.json()["error"].splitlines()) == 1


def test_another_server_decodes(explorer, model, digits, array_of):
    server = explorer.url.removesuffix("/explorer/")
    with explore(model, digits, points=20, server=server) as other:
        data = requests.get(f"{other.url}data.json").json()
        assert data["predict"] == "predict"
        z = array_of(data["points"]["codes"])[:2]
        np.testing.assert_allclose(predict(other, data, "decode", z=z.tolist()), model.decode(z).mean(), atol=1e-5)
        answer = requests.post(f"{other.url}predict", data=b"{}")
        assert answer.status_code == 400 and "error" in answer.json()


def test_a_page_that_is_closed_during_an_upload_is_no_error():
    (route,) = (route for route in Pages(zoo.ae((8, 8, 1), 2, units=(4,))).routes() if route.path.endswith("read"))

    async def receive():
        return {"type": "http.disconnect"}

    request = Request({"type": "http", "method": "POST", "headers": []}, receive)
    assert asyncio.run(route.endpoint(request)).status_code == 499


def test_a_server_that_does_not_answer_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    status, body = Remote(url, "model").predict(b"{}")
    assert status == 502 and url in json.loads(body)["error"]


def test_options_are_checked_before_the_work(refused):
    model, digits = zoo.vae((8, 8, 1), 2, units=(4,)), None  # which would be refused next
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with refused(f"cannot listen on 127.0.0.1:{port}: the port is in use; use another --port"):
            explore(model, digits, port=port)
    with refused("^port must be an integer from 0 to 65535"):
        explore(model, digits, port=-1)
    with refused("^seed must be an integer from 0"):
        explore(model, digits, seed=-1)
    with refused("^model: expected an Autoencoder, got str; see load_model"):
        explore("runs/digits", digits)


def test_a_server_of_another_model_is_refused(explorer, refused):
    with refused(r"with latents of shape \(2,\), got one of another model, with \(4,\)"):
        explore(
            zoo.vae((8, 8, 1), 2, units=(4,)), np.zeros((5, 8, 8, 1)), server=explorer.url.removesuffix("/explorer/")
        )


def test_a_url_of_grpc_is_refused(refused):
    with refused("server: expected http"):
        Remote("grpc://127.0.0.1:8500", "model")


@pytest.mark.parametrize("path", ["/", "/explorer/", "/explorer/data.json", "/v1/models/model", "/metrics"])
def test_only_requests_to_this_machine_are_answered(explorer, path):
    server = explorer.url.removesuffix("/explorer/")
    for host, status in (("evil.example", 421), ("evil.example:80", 421), ("localhost.evil.example", 421), ("", 421),
                         ("localhost:9000", 200), ("[::1]:80", 200)):  # fmt: skip
        answer = requests.get(server + path, headers={"Host": host})
        assert answer.status_code == status, host
        assert status == 200 or "allow this name (hosts)" in answer.json()["error"]


def test_names_of_a_proxy_are_allowed_on_request(model, refused):
    x = np.zeros((5, 8, 8, 1))
    with explore(model, x, hosts=["Hub.example.org"], anomaly=False) as explorer:
        assert requests.get(explorer.url, headers={"Host": "hub.example.org"}).status_code == 200
    for hosts in ("hub.example.org", ["http://hub.example.org"], ["hub.example.org:80"]):
        with refused("hosts: expected"):
            explore(model, x, hosts=hosts)


def test_the_page_becomes_one_file(explorer, tmp_path, array_of):
    explorer.save(tmp_path / "new" / "page.html", live=False)
    page = (tmp_path / "new" / "page.html").read_text()
    data = json.loads(page.partition('id="data">')[2].partition("</script>")[0])
    library = data["library"]
    assert array_of(library["z"]).shape[0] >= 600 + 400 + 16 * 16 and library["sheet"]["uri"].startswith("data:image/")
    assert "script-src 'sha256-" in page and 'src="' not in page and "wasm" not in page.partition("<body>")[0]
