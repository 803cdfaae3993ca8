"""The command that opens the latent explorer."""

import pytest

from tests.cli.refusals import assert_refused


def test_a_file_that_cannot_be_written_is_refused_before_the_work(cli, tmp_path):
    assert_refused(cli("explore", "run", "--static", "page.txt"), "--static: expected a name that ends in .html")
    (tmp_path / "page.html").write_text("mine")
    assert_refused(cli("explore", "run", "--static", "page.html"), "it exists; use --overwrite or another --static")
    assert (tmp_path / "page.html").read_text() == "mine"
    assert_refused(cli("explore", "run", "--live"), "--live, --onnxruntime: expected --static")
    assert_refused(
        cli("explore", "run", "--static", "new.html", "--onnxruntime", "page.html"), "npm pack onnxruntime-web"
    )


@pytest.mark.slow
def test_the_page_of_a_run_becomes_one_file(cli, finished_run, tmp_path):
    assert_refused(cli("explore", finished_run, "--map", "mds"), "mds")
    code, out, _ = cli("explore", finished_run, "--static", "page.html", "--no-live", "--points", 40, "--no-anomaly")
    assert (code, out) == (0, "Written: page.html\n")
    assert '"title": "tiny"' in (tmp_path / "page.html").read_text()
    assert_refused(cli("explore", finished_run, "--server", "grpc://127.0.0.1:1"), "server: expected http")
    assert_refused(cli("explore", finished_run, "--server", "http://127.0.0.1:1", "--points", 40), "127.0.0.1:1")
