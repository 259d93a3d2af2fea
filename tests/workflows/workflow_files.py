"""The workflows as data: their jobs, commands and what these wait for."""

import re
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / ".github" / "workflows"
PATHS = sorted(FOLDER.glob("*.yml"))


def read(path: Path) -> dict:
    value = yaml.safe_load(path.read_text(encoding="utf-8"))
    value["on"] = value.pop(True, value.get("on"))  # YAML 1.1 reads the key as a truth value
    return value


def jobs(path: Path):
    return read(path)["jobs"].items()


def commands(path: Path) -> list[str]:
    return [step["run"] for _, job in jobs(path) for step in job["steps"] if "run" in step]


def recipe(target: str) -> tuple[str, str]:
    """What a target of the Makefile waits for, and what it does."""
    text = (REPOSITORY / "Makefile").read_text("utf-8")
    found = re.search(rf"^{target}:([^#\n]*).*\n((?:\t.*\n)+)", text, re.MULTILINE)
    return found[1].strip(), found[2]


def environment_of(name: str) -> dict[str, str]:
    """What a workflow's jobs set, without what only the host knows."""
    told = [job.get("env", {}) for _, job in jobs(FOLDER / name)]
    return {key: value for each in told for key, value in each.items() if "${{" not in value}
