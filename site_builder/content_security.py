"""A last pass over the built pages: without the theme's leftovers, with a content security policy.

Nothing may come from elsewhere. Scripts are files of this site, or inline ones whose hash the
page names; styles are files only. `wasm-unsafe-eval` lets the search library compile its own
WebAssembly; it allows no eval of text.
"""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

INLINE_SCRIPT = re.compile(
    r"<script(?P<attributes>[^>]*)>(?P<code>.*?)</script>", re.DOTALL | re.IGNORECASE
)
DATA_TYPE = re.compile(r"""type=["']?application/(ld\+)?json""", re.IGNORECASE)
HEAD = re.compile(r"<head[^>]*>", re.IGNORECASE)
GENERATOR = re.compile(r'\s*<meta name="generator"[^>]*>')
# What the theme's own scripts need, which the site does not load: two scripts, the switches of its
# drawer and search, its announcement and its dialog.
LEFTOVERS = re.compile(
    r"""<script>(?:__md_scope=|var\ target=document\.getElementById\(location\.hash).*?</script>
    |<input\ class="md-toggle"[^>]*>
    |<label\ class="md-overlay"[^>]*></label>
    |<div\ data-md-component="announce">\s*</div>
    |<div\ class="md-dialog"[^>]*>\s*<div\ class="md-dialog__inner\ md-typeset"></div>\s*</div>""",
    re.VERBOSE | re.DOTALL,
)
PREFORMATTED = re.compile(r"(<pre.*?</pre>)", re.DOTALL)
# Switches of the theme's own drawer, search and messages: the atlas has none of them.
UNUSED = re.compile(
    r'<input class="md-toggle"[^>]*>|<label class="md-overlay"[^>]*></label>'
    r'|<div data-md-component="announce">\s*</div>'
    r'|<div class="md-dialog"[^>]*>\s*<div class="md-dialog__inner[^>]*></div>\s*</div>'
)
BLANK_LINES = re.compile(r">\s*\n\s*<")
FIXED = (
    "default-src 'self'",
    "img-src 'self' data:",
    "style-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
)


def inline_hashes(page: str) -> list[str]:
    """The sources for `script-src` that allow exactly the page's inline scripts."""
    hashes = []
    for found in INLINE_SCRIPT.finditer(page):
        attributes = found["attributes"]
        if "src=" in attributes or DATA_TYPE.search(attributes) or not found["code"]:
            continue
        digest = hashlib.sha256(found["code"].encode("utf-8")).digest()
        hashes.append(f"'sha256-{base64.b64encode(digest).decode('ascii')}'")
    return sorted(set(hashes))


def policy(page: str) -> str:
    """The policy of one page."""
    scripts = " ".join(["script-src 'self' 'wasm-unsafe-eval'", *inline_hashes(page)])
    return "; ".join([*FIXED, scripts])


def with_policy(page: str) -> str:
    """The page with its policy as the first element of its head."""
    head = HEAD.search(page)
    if head is None:
        return page
    element = f'<meta http-equiv="Content-Security-Policy" content="{policy(page)}">'
    return GENERATOR.sub("", f"{page[: head.end()]}{element}{page[head.end() :]}")


def compact(page: str) -> str:
    """The page without the theme's unused switches and the blank lines between elements."""
    parts = PREFORMATTED.split(UNUSED.sub("", page))
    return "".join(
        part if part.startswith("<pre") else BLANK_LINES.sub(">\n<", part) for part in parts
    )


def finished(page: str) -> str:
    """A rendered page as it is published: without leftovers, compact, with its policy."""
    return with_policy(compact(LEFTOVERS.sub("", page)))


def secure_site(site: Path) -> int:
    """Write the policy into every page of the site, compact them, and give their number."""
    pages = sorted(site.rglob("*.html"))
    for path in pages:
        page = path.read_text(encoding="utf-8")
        path.write_text(finished(page), encoding="utf-8", newline="\n")
    return len(pages)
