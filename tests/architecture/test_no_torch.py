"""Curators and the site build need no torch, and start quickly."""

import subprocess
import sys

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


def loads_torch(*modules: str) -> bool:
    """Whether a fresh interpreter has torch loaded after importing the modules."""
    code = f"import sys, {', '.join(modules)}; sys.exit(3 if 'torch' in sys.modules else 0)"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode in (0, 3), finished.stderr
    return finished.returncode == 3


def test_no_module_loads_torch():
    if loads_torch(*TORCH_FREE):
        assert [module for module in TORCH_FREE if loads_torch(module)] == []


def test_the_probe_notices_torch():
    assert loads_torch("torch")
