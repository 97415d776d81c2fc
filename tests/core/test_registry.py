"""A method is found by its file; a wrong name is answered with the right ones."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import UnknownName, Unsupported
from core.registry import Method, Registry

METHOD = '''
"""What it is."""
from core.params import Params
from core.registry import Method
from {package} import REGISTRY

NEEDS = frozenset({{"gradient"}})

@REGISTRY.registered(Method, name="{name}", reference="", passes=lambda p, shape: 1, needs=NEEDS)
def {function}(params: Params) -> None: ...
'''


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Registry[Method]]:
    def build(**files: tuple[str, str]) -> Registry[Method]:
        name = f"methods_{tmp_path.name.replace('-', '_')}"
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text(
            f"from core.registry import Registry\nREGISTRY = Registry('method', {name!r})\n"
        )
        for file, (function, title) in files.items():
            (folder / f"{file}.py").write_text(
                textwrap.dedent(METHOD).format(package=name, function=function, name=title)
            )
        monkeypatch.syspath_prepend(str(tmp_path))
        __import__(name)
        registry: Registry[Method] = sys.modules[name].REGISTRY  # type: ignore[attr-defined]
        return registry

    return build


def test_methods_are_discovered_sorted_and_described(package: Callable[..., Registry[Method]]) -> None:
    registry = package(one=("one", "Zeta"), two=("two", "Alpha"))
    assert [method.key for method in registry] == ["two", "one"]
    assert len(registry) == 2
    assert registry["one"].text == "What it is."


def test_unknown_names_list_the_known(package: Callable[..., Registry[Method]]) -> None:
    registry = package(one=("one", "One"))
    with pytest.raises(UnknownName, match=r"method 'three'.*Choose one of: one"):
        registry["three"]


def test_the_function_bears_the_name_of_its_file(package: Callable[..., Registry[Method]]) -> None:
    registry = package(one=("other", "One"))
    with pytest.raises(ValueError, match="a file of its own name"):
        len(registry)


def test_a_method_says_what_it_misses(package: Callable[..., Registry[Method]]) -> None:
    method = package(one=("one", "One"))["one"]
    method.require(frozenset({"gradient", "feature map"}))
    with pytest.raises(Unsupported, match="One: needs gradients, which this model does not offer"):
        method.require(frozenset({"feature map"}))
