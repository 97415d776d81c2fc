"""The methods: what each does, what it guarantees and when to distrust it, in the words of its own file."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

import streamlit as st

from core.params import ParamSpec
from core.registry import Method
from core.values import MODALITIES
from dashboard.components.localization import localization
from dashboard.components.method_text import method_text
from dashboard.components.tables import table
from dashboard.components.words import THREATS
from dashboard.state import worded
from defenses import DEFENSES
from defenses.detectors import DETECTORS
from evaluation.words import in_sentence
from explainers import EXPLAINERS, Explainer
from explainers.metrics import MEASURES
from perturbations import PERTURBATIONS, PerturbationMethod


def methods() -> None:
    """The page."""
    with st.container(key="document", horizontal=True, gap="large"):
        contents = st.container(key="contents", width=220)
        texts = st.container(key="prose")
    with contents:
        _contents("Perturbations", _by_kind())
        _contents("Defenses", DEFENSES)
        _contents("Detectors", DETECTORS)
        _contents("Explainers", EXPLAINERS)
        _contents("Measures of maps", MEASURES)
        st.markdown("[Do maps point at the finding?](#localization)")
    with texts:
        st.title("Methods", anchor=False)
        st.header("Perturbations", anchor="perturbations")
        for perturbation in _by_kind():
            _method(
                perturbation, f"{THREATS[perturbation.threat]}. {perturbation.threat.value}{_only_on(perturbation)}"
            )
        st.header("Defenses", anchor="defenses")
        for defense in DEFENSES:
            chance = " It draws at random at each answer." if defense.random else ""
            _method(defense, f"{defense.family.value}{chance}")
        st.header("Detectors", anchor="detectors")
        for detector in DETECTORS:
            _method(detector, "Compares with clean pictures." if detector.fitted else "Looks at the one picture alone.")
        st.header("Explainers", anchor="explainers")
        for explainer in EXPLAINERS:
            _method(explainer, f"{_signs(explainer)}, in {worded(explainer.unit)}.")
        st.header("Measures of maps", anchor="measures-of-maps")
        for measure in MEASURES:
            unit = worded(measure.unit)
            share = f", as a share {unit}" if unit.startswith("of ") else f", in {unit}"
            _method(measure, f"{measure.better.capitalize()} is better{share}.")
        st.header("Do maps point at the finding?", anchor="localization")
        localization()


def _signs(explainer: Explainer) -> str:
    if explainer.signed and explainer.magnitude:
        return "The sign of its values tells darker from brighter"
    return "Its values are evidence for and against" if explainer.signed else "Its values have one sign"


def _by_kind() -> list[PerturbationMethod]:
    kinds = list(THREATS)
    return sorted(PERTURBATIONS, key=lambda method: kinds.index(method.threat))


def _only_on(method: PerturbationMethod) -> str:
    """For which kinds of picture it is, where not for all."""
    if len(method.modalities) == len(MODALITIES):
        return ""
    names = (in_sentence(name) for key, name in MODALITIES.items() if key in method.modalities)
    return f" For {' and '.join(names)} only."


def _contents(title: str, registry: Iterable[Method]) -> None:
    links = "\n".join(f"- [{method.name}](#{method.key})" for method in registry)
    st.markdown(f"[{title}](#{title.lower().replace(' ', '-')})\n{links}")


def _method(method: Method, summary: str) -> None:
    st.subheader(method.name, anchor=method.key)
    st.caption(summary)
    method_text(method)
    specs = method.params.specs()
    if specs:
        _parameters(specs)


def _parameters(specs: Iterable[ParamSpec]) -> None:
    rows = [
        [escape(cell) for cell in (spec.name.replace("_", " "), spec.help, _value(spec), _range(spec))]
        for spec in specs
    ]
    table(("Parameter", "Meaning", "Default", "Range"), rows, texts=[1])


def _value(spec: ParamSpec) -> str:
    if isinstance(spec.default, bool):
        return "yes" if spec.default else "no"
    return f"{spec.default}{spec.unit}"


def _range(spec: ParamSpec) -> str:
    if spec.choices:
        return ", ".join(spec.choices)
    return (
        f"{spec.low:g} to {spec.high:g}{spec.unit}" if spec.low is not None and spec.high is not None else "yes or no"
    )
