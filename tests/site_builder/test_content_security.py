import base64
import hashlib
import re

from site_builder.content_security import compact, inline_hashes, policy, with_policy
from tests.site_builder.built_site import PageReader, built_site


def digest(code: str) -> str:
    return "'sha256-" + base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() + "'"


def test_only_inline_code_is_hashed():
    page = (
        '<script src="a.js"></script><script type="application/json">{}</script>'
        '<script type="application/ld+json">{"@type":"Dataset"}</script>'
        "<script>run()</script><SCRIPT async>more()</SCRIPT>"
    )
    assert inline_hashes(page) == sorted([digest("run()"), digest("more()")])


def test_the_policy_stands_first_in_the_head():
    page = with_policy("<html><head><script>run()</script></head></html>")
    assert page.startswith('<html><head><meta http-equiv="Content-Security-Policy"')
    assert digest("run()") in page


def test_every_page_has_a_policy_that_fits_its_scripts():
    for path in built_site().folder.rglob("*.html"):
        page = path.read_text("utf-8")
        policies = [
            values["content"]
            for name, values in PageReader(page).elements
            if name == "meta" and values.get("http-equiv") == "Content-Security-Policy"
        ]
        without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page)
        assert policies == [policy(without)], path
        assert "unsafe-inline" not in policies[0]
        assert "http" not in policies[0]


def test_compacting_leaves_preformatted_text_alone():
    page = "<p>a</p>\n\n  <pre><b>x</b>\n\n  <b>y</b></pre>\n\n<p>b</p>"
    assert compact(page) == page
    assert compact("<i>\n\n  <b>") == "<i>\n<b>"
