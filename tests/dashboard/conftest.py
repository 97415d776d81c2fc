"""Pages as the server draws them, and a small zoo with synthetic evidence, for tests of what is shown of models."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from functools import cache

import pytest
import streamlit as st
from streamlit.components.v2 import manifest_scanner

from core.values import ModelCard, Role, Score
from dashboard import session
from model_zoo import evidence
from tests.dashboard.synthetic import measured_card, publish, synthetic_evidence
from tests.toys import linear_classifier

NAMES: Mapping[Role, str] = {
    "standard": "Plain one",
    "robust": "Hardened one",
    "surrogate": "Stand-in",
    "backdoored": "Poisoned one",
    "foreign": "Guest *of* <b>someone</b>",
}


@pytest.fixture(scope="session", autouse=True)
def _session_as_in_the_server() -> None:
    session.install()


@pytest.fixture(scope="session", autouse=True)
def _packages_are_looked_through_once() -> Iterator[None]:
    """AppTest looks for components in all that is installed, at every run; that takes as long as most pages."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[Role, ModelCard]]:
    """The installed models: one of each role, keyed zoo_ROLE; the foreign one, of three labels, without evidence."""
    toy = dataclasses.replace(linear_classifier().card, limits=("Knows <nothing> of children.",))
    found = {
        "standard": synthetic_evidence(1, held=0.2),
        "robust": synthetic_evidence(2, held=0.8),
        "surrogate": synthetic_evidence(3),
        "backdoored": synthetic_evidence(4, trigger=True),
    }
    cards: dict[Role, ModelCard] = {}
    for role, name in NAMES.items():
        card = dataclasses.replace(
            toy, key=f"zoo_{role}", name=name, role=role, twin="" if role in {"standard", "foreign"} else "zoo_standard"
        )
        if role in found:
            card = measured_card(card, found[role])
        else:
            card = dataclasses.replace(
                card,
                labels=("a", "b", "c"),
                operating_points={"usual": (0.5, 0.4, 0.3)},
                results={"auroc": Score(0.9)},
                test_split="![theirs](https://example.org/seen.png)",
            )
        cards[role] = card
    folder = tmp_path_factory.mktemp("evidence")
    with pytest.MonkeyPatch.context() as patched:
        publish(patched, folder, tuple(cards.values()), {f"zoo_{role}": given for role, given in found.items()})
        yield cards
    evidence.evidence_of.cache_clear()
    st.cache_data.clear()
