"""Locks, constraints and what the project asks for say the same, and each file is known by hash."""

import re
import tomllib
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from supply.locks import LOCKS, NAMES, BrokenLock, read_constraints, read_lock

OWN = "llm-circuits-atlas"
CUDA = re.compile(r"(nvidia|cuda)-|triton$")  # what PyPI's torch brings on Linux
INSTALLED = {canonicalize_name(each.name): each.version for each in metadata.distributions()}


@pytest.fixture(scope="module")
def locks():
    return {name: read_lock(LOCKS / f"{name}.txt") for name in NAMES}


@pytest.fixture(scope="module")
def constraints(repository):
    return read_constraints(repository / "constraints.txt")


@pytest.fixture(scope="module")
def project(repository):
    return tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))


def versions(pins):
    return {name: pin.version for name, pin in pins.items()}


def asked(project, *groups: str) -> list[Requirement]:
    """What the project asks for: itself, all its extras, and these groups."""
    extras = project["project"]["optional-dependencies"].values()
    lines = [*project["project"]["dependencies"], *(line for each in extras for line in each)]
    lines += [line for group in groups for line in project["dependency-groups"][group]
              if isinstance(line, str)]  # fmt: skip
    return [found for found in map(Requirement, lines) if found.name != OWN]


def unmet(requirements, pins) -> list[str]:
    """What these ask for that no pin gives here."""
    found = []
    for each in requirements:
        pin = pins.get(canonicalize_name(each.name))
        if pin is None or not each.specifier.contains(pin.version, prereleases=True):
            found.append(str(each))
    return found


def asked_by(pins) -> list[Requirement]:
    """What the installed packages among the pins ask for here, with no extra of theirs."""
    found = []
    for name in pins:
        if name in INSTALLED:
            lines = metadata.requires(name) or []
            found += [each for each in map(Requirement, lines)
                      if each.marker is None or each.marker.evaluate({"extra": ""})]  # fmt: skip
    return found


def test_every_pin_is_the_one_of_the_constraints(locks, constraints):
    pinned = versions(locks["base"]) | versions(locks["everything"])
    pinned["torch"] = locks["torch"]["torch"].version
    assert pinned == versions(constraints)
    assert versions(locks["everything"]) | versions(locks["base"]) == versions(locks["everything"])
    shared = set(locks["torch"]) & set(constraints)
    assert {name: locks["torch"][name].version for name in shared} == {
        name: constraints[name].version for name in shared
    }


def test_torch_is_locked_by_itself(locks):
    assert "torch" in locks["torch"]
    for name in ("base", "everything", "tools"):
        assert [each for each in locks[name] if CUDA.match(each) or each == "torch"] == []


def test_all_that_the_project_asks_for_is_locked(locks, project):
    pins = locks["everything"] | {"torch": locks["torch"]["torch"]}
    assert unmet(asked(project, "build", "dev"), pins) == []
    assert unmet(map(Requirement, project["dependency-groups"]["supply"]), locks["tools"]) == []
    assert unmet(map(Requirement, project["dependency-groups"]["fuzz"]), locks["fuzz"]) == []
    base = [Requirement(each) for each in project["project"]["dependencies"]]
    built_lines = project["build-system"]["requires"]
    assert unmet([*base, *map(Requirement, built_lines)], locks["base"]) == []
    assert set(project["dependency-groups"]["build"]) > set(built_lines)
    assert unmet([Requirement("numpy>=99"), Requirement("no-such-package")], pins) == [
        "numpy>=99", "no-such-package",
    ]  # fmt: skip


def test_all_that_locked_packages_ask_for_is_locked(locks):
    pins = locks["everything"] | {"torch": locks["torch"]["torch"]}
    assert unmet(asked_by(locks["everything"]), pins) == []
    assert unmet(asked_by(locks["base"]), locks["base"]) == []
    less = {name: pin for name, pin in pins.items() if name != "tokenizers"}
    assert unmet(asked_by(locks["everything"]), less) != []


def test_these_tests_run_with_what_is_locked(locks):
    wanted = {name: pin.version for name, pin in locks["everything"].items() if name in INSTALLED}
    assert len(wanted) > 100
    assert {name: INSTALLED[name] for name in wanted} == wanted
    assert metadata.version("torch").partition("+")[0] == locks["torch"]["torch"].version


def test_a_lock_names_no_place_to_get_packages_from(repository):
    for path in (*LOCKS.glob("*.txt"), repository / "constraints.txt"):
        assert not re.search(r"://|^-|@", path.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize(
    "line",
    [
        "numpy==2.4.6",
        "numpy>=2 \\\n    --hash=sha256:" + 64 * "0",
        "numpy==2.* \\\n    --hash=sha256:" + 64 * "0",
        "numpy \\\n    --hash=sha256:" + 64 * "0",
        "numpy==2.4.6 \\\n    --hash=md5:" + 32 * "0",
        "numpy==2.4.6 \\\n    --hash=sha256:" + 63 * "0",
        "numpy @ https://example.org/numpy.whl \\\n    --hash=sha256:" + 64 * "0",
        "--index-url https://example.org/simple",
        "-r other.txt",
    ],
)
def test_what_is_no_pin_with_hashes_is_refused(tmp_path, line):
    (tmp_path / "lock.txt").write_text(f"# a lock\n{line}\n")
    with pytest.raises(BrokenLock):
        read_lock(tmp_path / "lock.txt")


def test_environments_are_made_from_locks_alone(repository):
    """In what makes the two environments, pip gets what is locked, some torch, and the checkout."""
    text = (repository / "Makefile").read_text("utf-8")
    rules = re.findall(r"^\$\((?:INSTALLED|BASE|TOOLS)\S*:.*\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert len(rules) == 3
    lines = [line for rule in rules for line in re.findall(r"pip (.*)", rule)]
    assert set(lines) == {
        "$(LOCKED) locks/everything.txt", "$(LOCKED) locks/base.txt", "$(LOCKED) locks/tools.txt",
        "install --quiet $(TORCH)", "$(OWN)", "check",
    }  # fmt: skip
    (locked,) = re.findall(r"^LOCKED := (.*)$", text, re.MULTILINE)
    assert {"--require-hashes", "--no-deps", "--only-binary"} < set(locked.split())
    (own,) = re.findall(r"^OWN := (.*)$", text, re.MULTILINE)
    assert {"--no-deps", "--no-build-isolation"} < set(own.split())
