"""Curators and the site build need no torch, and start quickly."""

import subprocess
import sys

import pytest

TORCH_FREE = [
    "atlas.cli",
    "atlas.entries.library",
    "atlas.entries.evidence",
    "atlas.graphs.graph",
    "atlas.graphs.neuronpedia_json",
    "atlas.commands.check",
    "atlas.commands.doctor",
    "atlas.commands.graph",
    "atlas.commands.list",
    "atlas.commands.new",
    "atlas.commands.show",
    "atlas.commands.site",
    "atlas.dashboards.labelled_tokens",
    "site_builder.build",
]


def loads_torch(module: str) -> bool:
    """Whether a fresh interpreter has torch loaded after importing the module."""
    code = f"import sys, {module}; sys.exit(3 if 'torch' in sys.modules else 0)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode in (0, 3), finished.stderr
    return finished.returncode == 3


@pytest.mark.parametrize("module", TORCH_FREE)
def test_module_does_not_load_torch(module):
    assert not loads_torch(module)


def test_the_probe_notices_torch():
    assert loads_torch("torch")
