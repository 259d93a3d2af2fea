"""Texts that attack: what a stranger may write into an entry, for the checks and for the site.

`VISIBLE` are ordinary characters, which must stay the text that they are; `HIDDEN` have characters
that read otherwise than they are stored; `PATHS` want to leave their folder; `FILES` are whole
files that want to crash, fill or fool the reader.
"""

# What the made-up library of the site has in every field.
HOSTILE = (
    '</script><img src=x onerror="window.hacked=1"><b>bold</b> [x](javascript:alert(1)) `c` **s** '
    "{{ 7*7 }} <!-- &amp; \x02wzxhzdk:0\x03"
)
MARKDOWN = (
    "\n\n```\n<script>window.hacked=2</script>\n```\n\n# heading\n\n| a | b |\n|---|---|\n| 1 | 2 |"
    "\n\n![i](https://evil.example/i.png)\n<https://evil.example>"
)
ARABIC = "من مدينة إلى ولايتها إلى عاصمتها \u202e"

_RTL, _PDI, _ZERO = "\u202e", "\u2069", "\u200b"

SCRIPTS = (
    "<script>window.hacked=1</script>", "</script><script>window.hacked=1</script>",
    "<ScRiPt src=//evil.example/x.js></sCrIpT>", "<script\n>window.hacked=1</script\n>",
    "<!--<script>--><img src=x onerror=window.hacked=1>", "<svg/onload=window.hacked=1>",
    "<svg><script>window.hacked=1</script></svg>", "<img src=x onerror=window.hacked=1>",
    '<img src="x" onerror="window.hacked=1">', "<img/src=`x`onerror=window.hacked=1>",
    "<body onload=window.hacked=1>", "<iframe src=javascript:window.hacked=1></iframe>",
    "<iframe srcdoc='<script>window.hacked=1</script>'></iframe>",
    "<details open ontoggle=window.hacked=1>", "<video><source onerror=window.hacked=1></video>",
    "<input autofocus onfocus=window.hacked=1>", "<math><mtext></mtext><script>1</script></math>",
    "<a href=javascript:window.hacked=1>x</a>", "<a href=' javascript:window.hacked=1'>x</a>",
    "<form action=javascript:window.hacked=1><button>x</button></form>",
    "<object data=javascript:window.hacked=1></object>", "<embed src=javascript:window.hacked=1>",
    "<link rel=stylesheet href=//evil.example/x.css>", "<style>*{display:none}</style>",
    "<meta http-equiv=refresh content='0;url=//evil.example'>", "<base href=//evil.example/>",
    "<template><script>window.hacked=1</script></template>", "<noscript><p title='</noscript>'>",
    "<p style='position:fixed;inset:0'>", "</p></div></main></body></html>", "<plaintext>",
    "<textarea>", "<title>", "<xmp>", "<![CDATA[<script>window.hacked=1</script>]]>", "<?php 1 ?>",
    "<!DOCTYPE x [<!ENTITY y SYSTEM 'file:///etc/passwd'>]>", "&lt;script&gt;", "&#60;script&#62;",
    "&amp;lt;script&amp;gt;", "\\u003cscript\\u003e", "%3Cscript%3E", "＜script＞",
)  # fmt: skip
QUOTES = (
    '" onmouseover="window.hacked=1', "' onmouseover='window.hacked=1", '"><b>bold</b>',
    "'><b>bold</b>", '"/><script>window.hacked=1</script>', "`onerror=window.hacked=1",
    "';window.hacked=1;//", '";window.hacked=1;//', "\\';window.hacked=1;//", "*/window.hacked=1/*",
    "-->", "]]>", "}}", "\\", "\\\\", "\\n", "\\u0000", "'", '"', "''", '""', "`", "``` x", "$",
)  # fmt: skip
MARKUP = (
    "[x](javascript:window.hacked=1)", "[x](JaVaScRiPt:window.hacked=1)",
    "[x](data:text/html,<script>window.hacked=1</script>)", "[x](vbscript:window.hacked=1)",
    "![x](https://evil.example/i.png)", "![x](javascript:window.hacked=1)",
    "<javascript:window.hacked=1>", "<https://evil.example>", "https://evil.example/x",
    "[x]: javascript:window.hacked=1", "[[x]]", "[x][y]", "![x][y]", "# heading", "=====", "---",
    "- [x] done", "1. one", "> quote", "| a | b |", "**bold** *it* __b__ ~~s~~", "`code`",
    ":::danger", "!!! danger", "??? note", "=== tab", "[^1]", "*[HTML]: x", "{: onclick=1 }",
    "{ #x .y onclick=window.hacked=1 }", "$$x$$", "\\(x\\)", "[TOC]", "<!-- more -->",
    "@everyone", "#1", "GH-1", "wzxhzdk:0",
)  # fmt: skip
TEMPLATES = (
    "{{ 7*7 }}", "{{ config }}", "{{ ''.__class__.__mro__ }}", "{% include '/etc/passwd' %}",
    "{% raw %}", "{% endblock %}", "{# x #}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{0}", "{id}",
    "%s%s%n", "%(x)s", "$(touch hacked)", "`touch hacked`", "${{ github.token }}",
    "::set-output name=x::y", "::error file=x::y", "; touch hacked", "| touch hacked", "&& ls",
    "=cmd|' /C calc'!A0", "+1+1", "@SUM(1)", "' OR 1=1 --", "__proto__", "constructor", "toString",
)  # fmt: skip
YAML_WORDS = (
    "no", "null", "~", "true", "1e3", "0x10", "0o7", "2026-11-21", "12:30:45", "1_000", ".5",
    "- item", "key: value", "# no comment", "*alias", "&anchor", "!!python/name:os.system", "%YAML",
    "@at", "|", ">", "? key", "[", "{", "<<", "...", "--- x", "a: b: c", "TRUE # x", "=",
)  # fmt: skip
WORDS = (
    "من مدينة إلى ولايتها", "עברית", "می\u200cخواهم", "👩\u200d💻", "Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢", "ﷺ",
    "𝕳𝖊𝖑𝖑𝖔", "ⅷ", "İıſK", "e\u0301",
    "x" * 10_000, "x " * 4_000 + "x", "<" * 5_000, "[" * 5_000, "*" * 3_000, "((((" * 1_000,
    "🔥" * 2_000,
)  # fmt: skip
VISIBLE = SCRIPTS + QUOTES + MARKUP + TEMPLATES + YAML_WORDS + WORDS
"""Every one is text, and must be kept and shown as that text."""

HIDDEN = (
    *(f"a{chr(code)}b" for code in (0, 1, 2, 3, 7, 8, 11, 12, 13, 27, 31, 127, 128, 133, 155, 159)),
    "a\x1b[31mb", "a\x1b]8;;https://evil.example\x07b", f"a{_RTL}b", f"{_RTL}gpj.exe", f"a{_PDI}b",
    f"a{_ZERO}b", "a\u200eb", "a\u200fb", "a\u202ab", "a\u2066b", "a\u2028b", "a\u2029b",
    "a\u2060b", "a\ufeffb", "a\ufff9b", "a\ufffeb", "a\uffffb", "a\u061cb", "a\U000e0041b",
)  # fmt: skip
"""Every one has a character that nobody sees, and is refused wherever it stands."""

PATHS = (
    "../../etc/passwd", "..", "../x", "a/../../b", "/etc/passwd", "//evil.example/x", "C:\\windows",
    "\\\\server\\share", "..\\..\\x", "~/.ssh/id_rsa", "./x", ".", ".git/config", "a//b", "a/./b",
    "%2e%2e%2fetc", "..%2f", "....//x", "file:///etc/passwd", "x\x00.npz", "x\n/y", "nul:",
    "a" * 300, "javascript:alert(1)", "http://x@evil.example/", "－/x", "．．/x", "$HOME", "*",
    " x",
)  # fmt: skip
"""Every one is refused where a path, a name or an id is wanted."""

LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{chr(98 + at)}: &{chr(98 + at)} [{', '.join(['*' + chr(97 + at)] * 9)}]\n" for at in range(12)
)
FILES = {
    "billion laughs": LAUGHS.encode(),
    "an alias of itself": b"a: &a [*a]\n",
    "a merge key": b"a: &a {x: 1}\nb:\n  <<: *a\n",
    "an anchor without an alias that is used twice": b"a: &a x\nb: &a y\nc: [*a]\n",
    "nesting in brackets": b"parts: " + b"[" * 100_000,
    "nesting in braces": b"parts: " + b"{a: " * 100_000,
    "nesting in lines": b"".join(b" " * at + b"a:\n" for at in range(1_000)),
    "nesting in dashes": b"parts:\n" + b"- " * 100_000 + b"x\n",
    "an infinite number": b"layers: .inf\n",
    "not a number": b"layers: .nan\n",
    "a number too large for a double": b"layers: 1e999\n",
    "a number of a million digits": b"layers: " + b"9" * 900_000 + b"\n",
    "a hexadecimal number of many digits": b"layers: 0x" + b"f" * 100_000 + b"\n",
    "a duplicate key": b"id: a\nid: b\n",
    "a duplicate key in other quotes": b"id: a\n'id': b\n",
    "a tag that calls": b"id: !!python/object/apply:os.system ['touch hacked']\n",
    "a tag of its own": b"id: !evil x\n",
    "a tag on everything": b"!!map {id: x}\n",
    "a set": b"parts: !!set {a, b}\n",
    "binary": b"id: !!binary aGFja2Vk\n",
    "two documents": b"id: a\n---\nid: b\n",
    "a directive": b"%YAML 9.9\n---\nid: a\n",
    "a byte order mark": b"\xef\xbb\xbfid: a\n",
    "UTF-16": "id: a\n".encode("utf-16"),
    "bytes that are no text": b"id: \xff\xfe\xfd\n",
    "overlong UTF-8": b"id: \xc0\xaf\n",
    "surrogates": b"id: \xed\xa0\x80\n",
    "an escaped surrogate": b'id: "\\ud800"\n',
    "NUL": b"id: a\x00b\n",
    "an escape sequence": b"id: \x1b[2J\n",
    "a list as a key": b"? [a]\n: b\n",
    "a mapping as a key": b"{a: b}: c\n",
    "tabs": b"\tid: a\n",
    "an open quote": b'id: "' + b"a" * 500_000,
    "an open block": b"id: |\n" + b" x\n" * 200_000,
    "a key of many characters": b"k" * 200_000 + b": x\n",
    "many keys": b"".join(b"k%d: x\n" % at for at in range(50_000)),
    "many items": b"parts: [" + b"x, " * 200_000 + b"x]\n",
    "many comments": b"# x\n" * 200_000,
    "nothing": b"",
    "a list": b"- a\n",
    "a word": b"word\n",
    "only too much": b"x" * 1_000_001,
}
"""Every one is refused with one line, soon."""
