"""Command-line flags drawn from the declared parameters of methods.

A parameter is written --METHOD.NAME, or just --NAME where only one of the chosen methods has a parameter of that name.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence

from core.params import Params, ParamSpec
from core.registry import Method


def add_flags(parser: argparse.ArgumentParser, chosen: Sequence[Method]) -> None:
    """Add the flags of the chosen methods, a group for each."""
    names = [spec.name for method in chosen for spec in method.params.specs()]
    for method in chosen:
        group = parser.add_argument_group(f"parameters of {method.name}")
        for spec in method.params.specs():
            flags = [f"--{method.key}.{spec.name}"]
            if names.count(spec.name) == 1:
                flags.append(f"--{spec.name}")
            group.add_argument(*flags, dest=flags[0], metavar="VALUE", help=_help(spec), default=argparse.SUPPRESS)


def params_of(method: Method, options: argparse.Namespace) -> Params:
    """The parameters of a method from its parsed flags; raises ParameterError."""
    given = {spec.name: f"--{method.key}.{spec.name}" for spec in method.params.specs()}
    return method.params.parse({name: getattr(options, flag) for name, flag in given.items() if hasattr(options, flag)})


def listing(methods: Iterable[Method]) -> str:
    """One line for each method: its key, its name, and the names of its parameters."""
    return "\n".join(
        f"  {method.key:<22}{method.name} ({', '.join(spec.name for spec in method.params.specs()) or 'no parameters'})"
        for method in methods
    )


def _help(spec: ParamSpec) -> str:
    if spec.choices:
        legal = ", ".join(spec.choices)
    elif isinstance(spec.default, bool):
        legal = "true or false"
    else:
        legal = f"{spec.low:g} to {spec.high:g}{spec.unit}"
    return f"{spec.help} {legal}; default {spec.default}".replace("%", "%%")
