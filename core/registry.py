"""One file per method: a decorator beside the function registers it, and importing the package finds it."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import sys
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from core.errors import ParameterError, UnknownName, Unsupported
from core.params import Params

NEEDS = {
    "denoiser": "a denoiser",
    "feature distance": "a distance from the training data",
    "feature map": "a feature map",
    "gradient": "gradients",
    "module tree": "layers that can be looked into",
    "random labels": "a network that learned random labels",
    "surrogate": "a surrogate",
    "universal change": "a universal change",
}
"""What a model may offer, as people say it."""


@dataclass(frozen=True)
class Method:
    """A registered method. key = function name = file name; text = the docstring of its module.

    passes(params, shape) is the number of images the method sends through the model for one input of
    shape (C, H, W); it drives the progress bar. needs: what the model must offer, see Classifier.offers.
    """

    key: str
    name: str
    function: Callable[..., Any]
    params: type[Params]
    text: str
    reference: str
    passes: Callable[[Any, tuple[int, int, int]], int]
    needs: frozenset[str]

    def unmet(self, offers: frozenset[str]) -> str | None:
        """Why this method can't serve a model that offers these; None if it can."""
        missing = sorted(self.needs - offers)
        named = " and ".join(NEEDS.get(need, need) for need in missing)
        return f"needs {named}, which this model does not offer" if missing else None

    def require(self, offers: frozenset[str]) -> None:
        """Raise Unsupported unless a model that offers these can be served."""
        why = self.unmet(offers)
        if why is not None:
            raise Unsupported(self.name, why, "Choose a method without them, or another model.")

    def checked(self, params: Params | None) -> Params:
        """params, by default the method's own; raises ParameterError for those of another method."""
        if params is None:
            return self.params()
        if not isinstance(params, self.params):
            given, wanted = type(params).__name__, self.params.__name__
            raise ParameterError(f"Parameters of {self.name}", f"must be {wanted}, not {given}", "Leave them out.")
        return params


M = TypeVar("M", bound=Method)
F = TypeVar("F", bound=Callable[..., Any])


class Registry(Generic[M]):
    """The methods of one package, found by importing its modules on first use."""

    def __init__(self, kind: str, package: str) -> None:
        self.kind, self.package = kind, package
        self._methods: dict[str, M] = {}
        self._discovered = False

    def add(self, method: M) -> None:
        """Register; the key must be the file name and must be new."""
        if method.key != method.function.__module__.rpartition(".")[2]:
            raise ValueError(f"{method.key} must live in a file of its own name, not {method.function.__module__}")
        if method.key in self._methods:
            raise ValueError(f"{method.key} is registered twice")
        self._methods[method.key] = method

    def registered(self, make: Callable[..., M], **declared: Any) -> Callable[[F], F]:
        """A decorator that adds make(**declared) with what the function itself says: key, params class and text."""

        def register(function: F) -> F:
            method = make(
                key=function.__name__,
                function=function,
                params=typing.get_type_hints(function)["params"],
                text=inspect.cleandoc(sys.modules[function.__module__].__doc__ or ""),
                **declared,
            )
            self.add(method)
            return function

        return register

    def __getitem__(self, key: str) -> M:
        """The method called key; raises UnknownName listing what there is."""
        methods = self._discover()
        if key not in methods:
            raise UnknownName(f"{self.kind} {key!r}", "is not known", f"Choose one of: {', '.join(methods)}.")
        return methods[key]

    def __iter__(self) -> Iterator[M]:
        return iter(self._discover().values())

    def __len__(self) -> int:
        return len(self._discover())

    def _discover(self) -> dict[str, M]:
        if not self._discovered:
            for module in pkgutil.iter_modules(importlib.import_module(self.package).__path__):
                if not module.name.startswith("_"):
                    importlib.import_module(f"{self.package}.{module.name}")
            self._methods = dict(sorted(self._methods.items(), key=lambda item: item[1].name))
            self._discovered = True
        return self._methods
