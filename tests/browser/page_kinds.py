"""Pages of the example site: one of each kind, and those whose entries nobody would write."""

from __future__ import annotations

ENTRY = "circuits/microworld-states-and-capitals"
CIRCUIT = f"{ENTRY}/index.html"
FEATURE = "features/microworld/transcoders/2-117/index.html"
KINDS_OF_PAGE = (
    "index.html", CIRCUIT, FEATURE, "features/index.html?id=microworld/transcoders/2-5",
    "models/microworld/index.html", "circuits/index.html", "features/index.html",
    "models/index.html", "resources/index.html", "circuits/by-domain/reasoning/index.html",
    "search.html", "status/index.html", "graph/index.html",
    "graph/index.html?entry=microworld-states-and-capitals", f"{ENTRY}/notebook.html",
    "guide/reproducing.html", "guide/how-to-read-a-graph.html", "guide/for-other-programs.html",
    "lists/index.html", "404.html", "map/index.html",
    "compare/index.html?left=microworld/transcoders/2-5&right=microworld/transcoders/2-6",
    "compare/index.html?left=microworld-states-and-capitals&right=microworld-changing-languages",
)  # fmt: skip
STRANGE_PAGES = (
    "circuits/hostile/index.html", "circuits/long/index.html", "circuits/right-to-left/index.html",
    "circuits/empty/index.html", "graph/index.html?entry=hostile",
    "graph/index.html?entry=right-to-left", "graph/index.html?entry=long",
)  # fmt: skip
