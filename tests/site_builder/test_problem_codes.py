"""The guide lists every code that a check can print, each where a link finds it."""

from html import escape

from atlas.commands.check_formats import explained_at
from atlas.entries.rules.table import all_codes, severity_of
from site_builder.pages.problem_codes import problem_codes


def test_every_code_stands_once_with_what_it_asks():
    page = problem_codes()
    text = "".join(section.body for section in page.sections)
    for code, demand in all_codes().items():
        assert text.count(f'<tr id="{code}">') == 1
        assert escape(demand) in text
        row = text.split(f'<tr id="{code}">')[1].split("</tr>")[0]
        assert f"<td>{severity_of(code)}</td>" in row


def test_a_message_leads_to_the_row_of_its_code():
    page = problem_codes()
    assert explained_at("E101") == f"{page.path}#E101"
    assert explained_at("E101", "https://atlas.example/x/") == (
        f"https://atlas.example/x/{page.path}#E101"
    )
