import gzip
import http.client

import pytest

from atlas.errors import BadInput
from site_builder.serve import find_file, make_server
from tests.browser.serving import serving


@pytest.fixture
def site(tmp_path):
    folder = tmp_path / "site"
    (folder / "circuits").mkdir(parents=True)
    (folder / "index.html").write_text("<p>home</p>" + "x" * 3000)
    (folder / "404.html").write_text("<p>nothing here</p>")
    (folder / "circuits" / "index.html").write_text("<p>list</p>")
    (folder / "a b.json").write_text("{}")
    (folder / ".hidden").write_text("secret")
    (tmp_path / "secret.txt").write_text("secret")
    (folder / "way-out").symlink_to(tmp_path / "secret.txt")
    return folder


@pytest.fixture
def connection(site):
    server = make_server(site, 0)
    with serving(server):
        client = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        yield client
        client.close()


def ask(connection, method, path, **headers):
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    return answer, answer.read()


def test_it_serves_pages_folders_and_encoded_names(connection):
    assert ask(connection, "GET", "/circuits/")[1] == b"<p>list</p>"
    assert ask(connection, "GET", "/a%20b.json?x=1")[1] == b"{}"
    answer, body = ask(connection, "HEAD", "/")
    assert (answer.status, body) == (200, b"")


def test_text_is_compressed_for_browsers_that_take_it(connection):
    answer, body = ask(connection, "GET", "/", **{"Accept-Encoding": "gzip"})
    assert answer.getheader("Content-Encoding") == "gzip"
    assert gzip.decompress(body).startswith(b"<p>home")


def test_a_folder_without_slash_leads_to_the_folder(connection):
    answer, _ = ask(connection, "GET", "/circuits")
    assert (answer.status, answer.getheader("Location")) == (301, "circuits/")


def test_missing_pages_get_the_sites_own_answer(connection):
    answer, body = ask(connection, "GET", "/no/such/page")
    assert (answer.status, body) == (404, b"<p>nothing here</p>")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(connection, method):
    assert ask(connection, method, "/")[0].status == 501


def test_a_request_under_another_name_is_refused(connection):
    assert ask(connection, "GET", "/", Host="evil.example")[0].status == 403


@pytest.mark.parametrize(
    "address",
    [
        "/../secret.txt", "/%2e%2e/secret.txt", "/circuits/../../secret.txt", "/..%2fsecret.txt",
        "//../secret.txt", "/.hidden", "/way-out", "/..\\secret.txt", "/%00", "/" + "a" * 5000,
        "/a%ff", "/index.html/x", "http://x/../secret.txt",
    ],
)  # fmt: skip
def test_nothing_outside_the_site_is_found(site, address):
    assert find_file(site, address) is None


def test_a_folder_that_is_no_site_is_refused(tmp_path):
    with pytest.raises(BadInput, match="atlas site build"):
        make_server(tmp_path, 0)


@pytest.mark.parametrize(("error", "told"), [(ConnectionResetError, False), (ValueError, True)])
def test_a_browser_that_goes_away_leaves_no_traceback(site, capfd, error, told):
    with make_server(site, 0) as server:
        try:
            raise error
        except error:
            server.handle_error(None, ("127.0.0.1", 1))
    assert ("Traceback" in capfd.readouterr().err) is told


def test_a_port_in_use_is_one_clear_line(site):
    server = make_server(site, 0)
    try:
        with pytest.raises(BadInput, match="--port"):
            make_server(site, server.server_port)
    finally:
        server.server_close()
