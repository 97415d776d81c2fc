"""robustness() on a linear model, whose answers under attack are known."""

from __future__ import annotations

import numpy as np
import pytest

from core.values import Score
from evaluation.benchmark import ROWS, robustness
from perturbations.fgsm import FgsmParams
from tests.toys import linear_classifier


def examples(margin: float, count: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Images whose logit is far above 0 (even ones) or below, by gray levels along the weights."""
    model = linear_classifier()
    direction = np.sign(model.network.weight[0].numpy())
    truth = np.arange(count) % 2 == 0
    images = np.stack([128 + margin * (direction if present else -direction) for present in truth])
    return images.astype(np.uint8), truth


def test_an_attack_larger_than_the_margin_takes_all_and_noise_takes_nothing() -> None:
    images, truth = examples(margin=4)
    groups = [str(i) for i in range(len(truth))]
    shares: list[float] = []
    rows = robustness(
        linear_classifier(), images, truth, groups, "fgsm", FgsmParams(8.0), batch=4, report=shares.append
    )
    assert tuple(rows) == ROWS
    accuracy = {name: rows[name].accuracy.value for name in ("clean", "perturbed", "perturbed_8bit", "control")}
    assert accuracy == {"clean": 1, "perturbed": 0, "perturbed_8bit": 0, "control": 1}
    assert (rows["clean"].auroc.value, rows["perturbed"].auroc.value) == (1, 0)
    assert rows["perturbed"].accuracy.n == 12
    assert rows["perturbed"].accuracy.interval == pytest.approx((0, 0.2425), abs=1e-4)
    assert rows["clean"].accuracy.interval == pytest.approx((0.7575, 1), abs=1e-4)
    assert 0.5 < rows["perturbed"].confidence.value < 1
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_an_attack_smaller_than_the_margin_takes_nothing() -> None:
    images, truth = examples(margin=4)
    rows = robustness(linear_classifier(), images, truth, ["one"] * 6 + ["two"] * 6, "fgsm", FgsmParams(2.0))
    assert rows["perturbed"].accuracy.value == 1


def test_intervals_know_that_pictures_of_one_patient_agree() -> None:
    images, truth = examples(margin=4, count=24)
    truth[:4] = ~truth[:4]  # answered wrongly
    alone, together = (
        robustness(linear_classifier(), images, truth, groups, "motion_blur")["clean"]
        for groups in ([str(i) for i in range(24)], [str(i // 4) for i in range(24)])
    )
    for name in ("accuracy", "auroc", "confidence"):
        score: Score = getattr(alone, name)
        assert score.interval is not None
        assert score.interval[0] <= score.value <= score.interval[1]
    assert width(together.accuracy) > 1.5 * width(alone.accuracy)
    assert width(together.auroc) > 1.2 * width(alone.auroc)


def width(score: Score) -> float:
    assert score.interval is not None
    return score.interval[1] - score.interval[0]


def test_one_class_has_no_auroc() -> None:
    images, truth = examples(margin=4)
    images, truth = images[truth], truth[truth]
    rows = robustness(linear_classifier(), images, truth, ["one"] * 6, "motion_blur")
    assert np.isnan(rows["clean"].auroc.value)
    assert rows["clean"].auroc.interval is None
