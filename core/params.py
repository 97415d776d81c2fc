"""Parameters declared once: the fields draw widgets and flags, validate input, fill reports and cache keys."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeAlias

from core.errors import ParameterError

Value: TypeAlias = bool | int | float | str


@dataclass(frozen=True)
class ParamSpec:
    """One declared parameter: name, default, help, and the range or choices that are legal."""

    name: str
    default: Value
    help: str
    low: float | None = None
    high: float | None = None
    step: float | None = None
    unit: str = ""
    choices: tuple[str, ...] = ()

    def check(self, value: Value) -> Value:
        """Return value in the type of the default, or raise ParameterError naming rule and value."""
        kind = type(self.default)
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind:
            raise self._refusal(f"must be of type {kind.__name__}, not {value!r}")
        if self.choices and value not in self.choices:
            raise self._refusal(f"must be one of {', '.join(self.choices)}, not {value!r}")
        if isinstance(value, int | float) and kind is not bool:
            if isinstance(value, float) and not math.isfinite(value):
                raise self._refusal(f"must be finite, not {value}")
            if (self.low is not None and value < self.low) or (self.high is not None and value > self.high):
                raise self._refusal(f"must be between {self.low:g} and {self.high:g}{self.unit}, not {str(value)[:40]}")
        return value

    def parse(self, text: str) -> Value:
        """Read a value typed by a user, e.g. on the command line."""
        kind = type(self.default)
        try:
            if kind is bool:
                return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}[text.lower()]
            return self.check(kind(text))
        except (ValueError, KeyError):
            raise self._refusal(f"must be of type {kind.__name__}, not {text[:40]!r}") from None

    def _refusal(self, why: str) -> ParameterError:
        return ParameterError(f"Parameter {self.name}", why, f"The default is {self.default}{self.unit}.")


def param(
    default: Value,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float | None = None,
    unit: str = "",
    choices: tuple[str, ...] = (),
) -> Any:
    """Declare one field of a Params class; numbers need low and high."""
    spec = ParamSpec("", default, help, low, high, step, unit, choices)
    return dataclasses.field(default=default, metadata={"spec": spec})


@dataclass(frozen=True)
class Params:
    """Base of every method's parameters; construction validates (ParameterError)."""

    def __post_init__(self) -> None:
        for spec in self.specs():
            object.__setattr__(self, spec.name, spec.check(getattr(self, spec.name)))

    @classmethod
    def specs(cls) -> tuple[ParamSpec, ...]:
        """The declared parameters, in order."""
        return tuple(dataclasses.replace(f.metadata["spec"], name=f.name) for f in dataclasses.fields(cls))

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Self:
        """Build from {name: text}; raises ParameterError for an unknown name or a bad value."""
        specs = {spec.name: spec for spec in cls.specs()}
        for name in texts:
            if name not in specs:
                known = ", ".join(specs) or "none"
                raise ParameterError(f"Parameter {name}", f"is not declared; known are: {known}", "Leave it out.")
        return cls(**{name: specs[name].parse(text) for name, text in texts.items()})

    def as_dict(self) -> dict[str, Value]:
        """{name: value}, for reports and keys."""
        return dataclasses.asdict(self)
