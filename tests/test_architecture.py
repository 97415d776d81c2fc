"""The way data flows is visible from the folders, and these tests keep it so."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("core", "imaging", "model_zoo", "explainers", "perturbations", "defenses", "evaluation", "dashboard")
METHODS = {"imaging", "model_zoo", "explainers", "perturbations", "defenses"}
MAY_IMPORT = {
    "core": set(),
    "imaging": {"core"},
    "model_zoo": {"core", "imaging"},
    "explainers": {"core"},
    "perturbations": {"core"},
    "defenses": {"core"},
    "evaluation": {"core", *METHODS},
    "dashboard": {"core", *METHODS, "evaluation"},
}
LAYERS = ("state", "services", "components", "views")
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path: Path) -> Iterator[str]:
    """Dotted names imported anywhere in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the direction"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def layer(dotted: str) -> int | None:
    """Height of a dashboard module, e.g. dashboard.components.words -> 2."""
    parts = dotted.split(".")
    return LAYERS.index(parts[1]) if parts[0] == "dashboard" and len(parts) > 1 and parts[1] in LAYERS else None


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    allowed = MAY_IMPORT[package] | {package}
    own = layer(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for name in imports(path):
        top = name.partition(".")[0]
        trains = path.name == "train.py" and top == "perturbations"
        assert top not in PACKAGES or top in allowed or trains, f"{package} must not import {name}"
        assert top != "streamlit" or package == "dashboard", f"only dashboard imports streamlit, not {path.name}"
        assert top != "torch" or package != "imaging", f"imaging works without torch, not so {path.name}"
        if own is not None and (other := layer(name)) is not None:
            assert other <= own, f"{LAYERS[own]} must not import {name}"


def test_evaluation_is_handed_its_classifier() -> None:
    loaders = [
        path.name
        for path in (ROOT / "evaluation").rglob("*.py")
        if any(name.startswith("model_zoo.loading") for name in imports(path))
    ]
    assert set(loaders) <= {"__main__.py", "cli.py", "stress.py"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_documented_and_never_unpickle(path: Path) -> None:
    tree = ast.parse(path.read_text())
    assert ast.get_docstring(tree), "each file says in its first line what it is for"
    assert not {"pickle", "joblib", "dill", "cloudpickle"} & {name.partition(".")[0] for name in imports(path)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "torch.load":
            given = {keyword.arg: ast.unparse(keyword.value) for keyword in node.keywords}
            assert given.get("weights_only") == "True"
