"""What a certificate is said to prove is never more than it proves."""

from __future__ import annotations

import dataclasses

import pytest

from defenses import Certificate
from evaluation.certified import certified, rounded_down

FOUND = Certificate(flagged=True, radius=0.0779, level=0.08869, agreeing=1000, votes=1000, share=0.9931)


def test_a_radius_below_one_gray_level_says_nothing_of_attacks_of_one() -> None:
    assert certified(FOUND, 0.001) == (
        "By vote flagged, and proven (chance of error 0.1 %) to stay so under any change within a radius (L2) of "
        "0.077: 1,000 of 1,000 votes under noise agree. Spread evenly over all pixels, that is 0.088/255, under one "
        "gray level: nothing is proven of an attack that may change every pixel by 1/255."
    )


def test_a_radius_of_a_gray_level_and_more_does() -> None:
    said = certified(dataclasses.replace(FOUND, flagged=False, radius=1.2, level=1.3663), 0.001)
    assert said.startswith("By vote not flagged, and proven (chance of error 0.1 %) to stay so under any change within")
    assert "a radius (L2) of 1.200" in said
    assert said.endswith("that is 1.366/255: so the answer stands against every attack that changes no pixel by more.")


def test_to_abstain_proves_nothing() -> None:
    said = certified(dataclasses.replace(FOUND, flagged=None, radius=0.0, level=0.0, agreeing=512), 0.001)
    assert said == "It abstains: 512 of 1,000 votes under noise agree, which proves nothing."


@pytest.mark.parametrize(("value", "said"), [(0.0779, "0.077"), (0.00099, "0.000"), (1.5, "1.500")])
def test_what_was_proven_is_rounded_down(value: float, said: str) -> None:
    assert rounded_down(value) == said
    assert float(said) <= value
