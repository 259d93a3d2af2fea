"""A made-up executed notebook with everything that must not reach a page."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from pathlib import Path

ENTRY = "microworld-states-and-capitals"


def png(width: int = 2, height: int = 2) -> bytes:
    """A small grey picture."""

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = b"".join(b"\x00" + b"\x80" * width for _ in range(height))
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def output(**data) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": data}


def notebook() -> dict:
    """Cells of every kind."""
    dirty_svg = (
        '<svg viewBox="0 0 10 10" onload="window.hacked=3"><script>window.hacked=4</script>'
        '<circle cx="5" cy="5" r="4" fill="url(https://evil.example/x)"/><foreignObject>'
        "<body>inside</body></foreignObject></svg>"
    )
    dirty_table = (
        '<style>td{color:red}</style><table border="1" onclick="hack()"><tr><th>layer</th></tr>'
        '<tr><td style="color:red">5 &lt; 6</td></tr></table><iframe src="https://evil.example">'
        "</iframe><img src=x onerror=hack()>"
    )
    code = [
        output(**{"image/png": base64.b64encode(png()).decode(), "text/plain": "<Figure>"}),
        output(**{"image/svg+xml": dirty_svg}),
        output(**{"text/html": dirty_table, "text/plain": "a table"}),
        output(**{"text/html": "<div><script>draw()</script></div>", "text/plain": "a widget"}),
        output(**{"image/png": "bm8gcGljdHVyZQ=="}),
        {
            "output_type": "stream",
            "name": "stdout",
            "text": ["\x1b[31m</samp><b>said</b>\x1b[0m\n"],
        },
        {"output_type": "stream", "name": "stderr", "text": "a warning"},
        {
            "output_type": "error",
            "ename": "E",
            "evalue": "",
            "traceback": ["\x1b[1mTraceback\x1b[0m"],
        },
    ]
    return {
        "nbformat": 4,
        "nbformat_minor": 5,
        "metadata": {},
        "cells": [
            {
                "cell_type": "markdown",
                "metadata": {},
                "source": "# Title\n\n<script>x</script> *told*",
            },
            {"cell_type": "code", "metadata": {}, "source": ["print('<b>')\n"], "outputs": code},
            {
                "cell_type": "code",
                "metadata": {"tags": ["remove-cell"]},
                "source": "hidden()",
                "outputs": [],
            },
        ],
    }


def write_results(folder: Path) -> Path:
    """A cache of runs with one executed notebook."""
    for name in (ENTRY, "microworld--transcoders--2-117"):
        (folder / name).mkdir(parents=True)
        written = json.dumps(notebook())
        (folder / name / "notebook.ipynb").write_text(written, encoding="utf-8")
    return folder
