"""Numbers as people say them."""

from __future__ import annotations

import numpy as np
import pytest

from evaluation import words
from evaluation.similarity import explanation_change
from tests.evaluation.results import attribution


@pytest.mark.parametrize(
    ("probability", "said"),
    [(0.0, "under 1 %"), (0.004, "under 1 %"), (0.006, "1 %"), (0.934, "93 %"), (0.994, "99 %"), (1.0, "over 99 %")],
)
def test_percent_is_never_certain(probability: float, said: str) -> None:
    assert words.percent(probability) == said


@pytest.mark.parametrize(
    ("difference", "said"), [(0.0, "under 0.1 points"), (-0.003, "0.3 points"), (0.81, "81 points")]
)
def test_points(difference: float, said: str) -> None:
    assert words.points(difference) == said


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0.0, "nothing"),
        (0.01, "almost nothing"),
        (0.08, "about a tenth"),
        (0.34, "about a third"),
        (0.97, "nearly all"),
        (1.0, "all"),
    ],
)
def test_fraction(share: float, said: str) -> None:
    assert words.fraction(share) == said


@pytest.mark.parametrize(
    ("linf_255", "said"),
    [
        (0.5, "under one gray level in 256"),
        (1.0, "one gray level in 256"),
        (2.55, "at most 2.55 gray levels in 256"),
        (4.0, "at most 4 gray levels in 256"),
    ],
)
def test_gray_levels(linf_255: float, said: str) -> None:
    assert words.gray_levels(linf_255) == said


@pytest.mark.parametrize(
    ("linf_255", "said"), [(1.0, "1.0"), (2.55, "2.55"), (0.0, "0.0"), (31.87, "32"), (9.999, "10.0")]
)
def test_level(linf_255: float, said: str) -> None:
    assert words.level(linf_255) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [("Motion blur", "motion blur"), *((name, name) for name in ("JPEG compression", "Gaussian noise"))],
)
def test_name_in_a_sentence(name: str, said: str) -> None:
    assert words.in_sentence(name) == said


def test_finding_reads_like_words() -> None:
    assert words.finding("referable_dr") == "referable DR"


def test_every_measure_of_a_moved_map_has_its_names() -> None:
    made = attribution(np.eye(16, dtype=np.float32))
    assert set(words.MEASURES) == set(explanation_change(made, made, (1.0, 1.0)))
