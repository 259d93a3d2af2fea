"""Serves a built site on this machine only: GET and HEAD, nothing outside the folder."""

from __future__ import annotations

import gzip
import mimetypes
import posixpath
import sys
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

from atlas.errors import BadInput

HOST = "127.0.0.1"  # never another: the site is for the person at this machine
LONGEST_ADDRESS = 2048  # characters
SMALLEST_COMPRESSED = 1024  # bytes; below this compression gains nothing
COMPRESSED_TYPES = ("text/", "application/json", "application/javascript", "image/svg+xml")
TYPES = {
    ".js": "text/javascript",
    ".json": "application/json",
    ".ipynb": "application/json",
    ".wasm": "application/wasm",
    ".svg": "image/svg+xml",
    ".css": "text/css",
    ".html": "text/html",
}


def find_file(site: Path, address: str) -> Path | None:
    """The file that an address names; None for whatever is not a plain file of the site."""
    if len(address) > LONGEST_ADDRESS:
        return None
    path = unquote(urlsplit(address).path, errors="replace")
    if "\x00" in path or "\\" in path:
        return None
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if any(part == ".." or part.startswith(".") for part in parts):
        return None
    root = site.resolve()
    found = root.joinpath(*parts)
    try:
        found = found.resolve()
        if found.is_dir():
            found = found / "index.html"
        inside = found.is_relative_to(root) and found.is_file()
    except OSError:
        return None
    return found if inside else None


class SiteRequest(BaseHTTPRequestHandler):
    """Answers one request with a file of the site."""

    server_version = "atlas"
    sys_version = ""
    protocol_version = "HTTP/1.1"
    timeout = 30  # seconds of silence before a connection is closed
    site: Path

    def do_GET(self) -> None:
        """A file with its content."""
        self.answer(with_body=True)

    def do_HEAD(self) -> None:
        """A file's headers."""
        self.answer(with_body=False)

    def answer(self, with_body: bool) -> None:
        """Send the file, the page for addresses that do not exist, or the way to a folder."""
        if not self.for_this_machine():
            self.send_error(HTTPStatus.FORBIDDEN)
            return
        path = urlsplit(self.path).path
        found = find_file(self.site, self.path)
        if (
            found is not None
            and found.name == "index.html"
            and not path.endswith(("/", "/index.html"))
        ):
            self.redirect(posixpath.basename(path.rstrip("/")) + "/")
            return
        status = HTTPStatus.OK
        if found is None:
            status, found = HTTPStatus.NOT_FOUND, self.site / "404.html"
            if not found.is_file():
                self.send_error(HTTPStatus.NOT_FOUND)
                return
        self.send_file(found, status, with_body)

    def for_this_machine(self) -> bool:
        """Whether the request names this machine: a page elsewhere may point its own name here."""
        host = self.headers.get("Host", "").rsplit(":", 1)[0].strip("[]")
        return host in ("127.0.0.1", "localhost", "::1")

    def redirect(self, target: str) -> None:
        """Send the browser from `name` to `name/`, so that relative links hold."""
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def send_file(self, path: Path, status: HTTPStatus, with_body: bool) -> None:
        """Send a file, compressed where the browser takes it and it is text."""
        content = path.read_bytes()
        kind = (
            TYPES.get(path.suffix)
            or mimetypes.guess_type(path.name)[0]
            or "application/octet-stream"
        )
        self.send_response(status)
        text = kind.startswith(COMPRESSED_TYPES)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if text else kind)
        accepted = "gzip" in self.headers.get("Accept-Encoding", "")
        if text and accepted and len(content) >= SMALLEST_COMPRESSED:
            content = gzip.compress(content, 6, mtime=0)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")
        self.end_headers()
        if with_body:
            self.wfile.write(content)

    def log_message(self, format: str, *arguments: object) -> None:
        """Say nothing: the terminal belongs to the person who serves."""


class SiteServer(ThreadingHTTPServer):
    """Answers each request in a thread of its own."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of a browser that went away in the middle; all else is told."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def make_server(site: Path, port: int) -> SiteServer:
    """A server of the site on this machine; port 0 takes a free one. Raises BadInput.

    The caller runs `serve_forever` and closes it.
    """
    if not (site / "index.html").is_file():
        raise BadInput(str(site), "a built site", "no index.html", "run `atlas site build`")
    handler = type("Request", (SiteRequest,), {"site": site.resolve()})
    try:
        return SiteServer((HOST, port), handler)
    except (OSError, OverflowError) as error:
        raise BadInput(
            f"port {port}", "a free port", str(error), "choose another with --port"
        ) from error
