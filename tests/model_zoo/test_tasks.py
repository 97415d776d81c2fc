"""Tasks and their variants."""

from __future__ import annotations

import pytest

from core.errors import UnknownName
from core.values import ROLES
from model_zoo.cards import cards
from model_zoo.tasks import load_task, task_keys
from perturbations import PERTURBATIONS


@pytest.mark.parametrize("key", task_keys())
def test_every_task_can_be_read(key: str) -> None:
    task = load_task(key)
    assert task.role in ROLES
    assert task.key == key
    assert set(task.external.values()) <= {*task.positive, *task.negative, "skip"}
    for changing in (task.adversary, task.poison):
        if changing is not None:
            PERTURBATIONS[changing.method].params(**changing.params)


def test_a_variant_says_only_what_is_different() -> None:
    standard, robust = load_task("cxr_pneumonia"), load_task("cxr_pneumonia_robust")
    assert (robust.finding, robust.input, robust.augment) == (standard.finding, standard.input, standard.augment)
    assert robust.start == robust.twin == "cxr_pneumonia"
    assert robust.adversary is not None
    assert robust.adversary.method == "pgd"
    assert robust.recipe.frozen == 0
    assert robust.limits[1:] == standard.limits


def test_the_surrogate_is_trained_independently() -> None:
    standard, surrogate = load_task("fundus_referable_dr"), load_task("fundus_referable_dr_surrogate")
    assert surrogate.start is None
    assert surrogate.recipe.seed != standard.recipe.seed


def test_unknown_variant() -> None:
    with pytest.raises(UnknownName, match="cxr_pneumonia_robust"):
        load_task("cxr_pneumonia_invincible")


def test_every_bundled_card_has_its_task() -> None:
    bundled = [card for card in cards() if card.role != "foreign"]
    assert {card.key for card in bundled} <= set(task_keys())
    assert all(load_task(card.key).role == card.role for card in bundled)
