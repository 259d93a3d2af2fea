"""The guide lists every code that a check can print, each where a link finds it."""

from html import escape

from atlas.entries.rules.table import all_codes
from site_builder.pages.problem_codes import problem_codes


def test_every_code_stands_once_with_what_it_asks():
    page = problem_codes()
    text = "".join(section.body for section in page.sections)
    for code, demand in all_codes().items():
        assert text.count(f'<tr id="{code}">') == 1
        assert escape(demand) in text
