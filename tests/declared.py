"""What a method of any registry must say of itself."""

from __future__ import annotations

from core.registry import Method


def explains_itself(method: Method) -> None:
    """The text has its four parts and names the reference, and each parameter has a help and a range, if it is a
    number."""
    assert method.key == method.function.__module__.rpartition(".")[2]
    for heading in ("What it is", "What it guarantees", "When to distrust it", "Reference"):
        assert f"**{heading}.**" in method.text
    assert method.reference in method.text
    for spec in method.params.specs():
        assert spec.help.endswith(".")
        if not spec.choices and not isinstance(spec.default, bool):
            assert spec.low is not None
            assert spec.high is not None
            assert spec.step is not None
            assert spec.low <= float(spec.default) <= spec.high
