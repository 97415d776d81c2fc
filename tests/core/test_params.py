"""Parameters are declared once; whatever is typed is checked against that."""

from __future__ import annotations

import math
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ParameterError
from core.params import Params, param


@dataclass(frozen=True)
class Sample(Params):
    epsilon: float = param(2.0, "Largest change of any pixel.", low=0, high=16, step=0.05, unit="/255")
    steps: int = param(20, "Gradient steps.", low=1, high=200)
    start: bool = param(False, "Random start.")
    norm: str = param("linf", "Norm.", choices=("linf", "l2"))


def test_specs_are_in_order_and_named() -> None:
    assert [spec.name for spec in Sample.specs()] == ["epsilon", "steps", "start", "norm"]
    assert Sample().as_dict() == {"epsilon": 2.0, "steps": 20, "start": False, "norm": "linf"}


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ({"epsilon": 16.1}, ["epsilon", "between 0 and 16/255", "16.1", "default is 2.0"]),
        ({"epsilon": math.nan}, ["finite"]),
        ({"steps": 2.5}, ["steps", "int", "2.5"]),
        ({"steps": True}, ["int", "True"]),
        ({"start": 1}, ["bool"]),
        ({"norm": "l1"}, ["linf, l2", "'l1'"]),
    ],
)
def test_a_refusal_names_thing_rule_value_and_way_out(bad: dict[str, object], words: list[str]) -> None:
    with pytest.raises(ParameterError) as refused:
        Sample(**bad)  # type: ignore[arg-type]
    for word in words:
        assert word in str(refused.value)


def test_an_integer_serves_as_a_float() -> None:
    value = Sample(epsilon=1).epsilon
    assert value == 1.0
    assert isinstance(value, float)


def test_parse_reads_typed_text() -> None:
    typed = Sample.parse({"epsilon": "0.5", "steps": "7", "start": "yes", "norm": "l2"})
    assert typed == Sample(0.5, 7, True, "l2")
    with pytest.raises(ParameterError, match=r"speed.*known are: epsilon, steps, start, norm"):
        Sample.parse({"speed": "1"})
    with pytest.raises(ParameterError, match="type bool, not 'perhaps'"):
        Sample.parse({"start": "perhaps"})


@given(st.text(max_size=8))
def test_whatever_is_typed_is_a_legal_value_or_a_refusal(text: str) -> None:
    try:
        steps = Sample.parse({"steps": text}).steps
    except ParameterError as refused:
        steps = 1 if "steps" in str(refused) else 0
    assert 1 <= steps <= 200
