"""Which models are offered, in which order, and with which one a reader begins."""

from __future__ import annotations

import dataclasses

import pytest

from core.values import ModelCard, Role
from dashboard.services import models
from tests.toys import small_cnn_classifier

LEAST_TRUSTED_FIRST: tuple[Role, ...] = ("backdoored", "surrogate", "foreign", "robust", "standard")


def install(monkeypatch: pytest.MonkeyPatch, *roles: Role) -> list[ModelCard]:
    """One chest model of each role, named after it."""
    toy = small_cnn_classifier().card
    listed = [dataclasses.replace(toy, key=role, name=f"A {role} model", role=role) for role in roles]
    monkeypatch.setattr(models, "cards", lambda: tuple(listed))
    return listed


def test_offered_by_role_and_never_a_surrogate(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, *LEAST_TRUSTED_FIRST)
    assert list(models.offered()) == ["standard", "robust", "foreign", "backdoored"]
    assert models.models_for("cxr") == ["standard", "robust", "foreign", "backdoored"]
    assert models.models_for("fundus") == []
    assert set(models.models()) == set(LEAST_TRUSTED_FIRST)


def test_the_default_is_of_the_kind_of_the_case_and_has_no_planted_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    install(monkeypatch, *LEAST_TRUSTED_FIRST)
    assert models.default_for("cxr") == models.default_for("fundus") == "standard"
    install(monkeypatch, "backdoored", "robust")
    assert models.default_for("cxr") == "robust"
    install(monkeypatch, "backdoored", "surrogate")
    assert models.default_for("cxr") is None


def test_a_planted_fault_stands_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names = {card.role: models.title(card) for card in install(monkeypatch, *LEAST_TRUSTED_FIRST)}
    assert names["backdoored"] == "Planted fault: A backdoored model"
    assert names["robust"] == "A robust model"
