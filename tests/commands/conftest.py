"""Tests of commands, each of which is a whole program."""

import pytest


@pytest.fixture(autouse=True)
def whole_programs(unchecked_shapes):
    """Methods have their shapes checked by tests of their own."""
