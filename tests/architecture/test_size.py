"""Files stay short enough to read in one sitting, functions short enough to see at once."""

import ast

LONGEST_FILE = 300
LONGEST_FUNCTION = 40


def test_no_file_is_longer_than_a_sitting(repository):
    too_long = []
    for root in ("atlas", "site_builder", "microworld", "benchmarks"):
        for path in (repository / root).rglob("*.py"):
            lines = len(path.read_text("utf-8").splitlines())
            if lines > LONGEST_FILE:
                too_long.append(f"{path.relative_to(repository)}: {lines}")
    assert too_long == []


def body_length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of code from the first statement after the docstring to the last."""
    body = function.body
    if ast.get_docstring(function) is not None:
        body = body[1:]
    return (function.end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_no_function_is_longer_than_a_screen(repository):
    too_long = []
    for root in ("atlas", "site_builder", "microworld", "benchmarks"):
        for path in (repository / root).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    length = body_length(node)
                    if length > LONGEST_FUNCTION:
                        place = f"{path.relative_to(repository)}:{node.lineno}"
                        too_long.append(f"{place} {node.name}: {length}")
    assert too_long == []
