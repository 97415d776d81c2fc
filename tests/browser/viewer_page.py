"""A page with nothing but the viewer, for test_viewer.py: a radiograph of 12 bits, attacked, with made-up maps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

from core.values import Case, Grays
from dashboard.components.comparison_panes import frame_of
from dashboard.components.viewer import Box, Heat, Pane, Picture, Scale, viewer
from dashboard.services import pictures
from imaging.phantoms import phantom

SIZE = 256
MM = 0.5
WINDOW = (1500.0, 2000.0)
MAP: Box = (0.0, 0.0, 1.0, 1.0)
STYLE = Path(__file__).resolve().parent.parent.parent / "dashboard" / "style.css"


def radiograph() -> Case:
    """128 mm of chest whose values reach beyond its window at both ends; rows run to the patient's left."""
    values = np.rint(phantom("cxr", True, 21, SIZE).pixels[..., 0] * 4095).astype(np.float32)
    center, width = WINDOW
    display = ((values - center) / width + 0.5).clip(0, 1)[..., None]
    grays = Grays(values, WINDOW, False, "HU")
    return Case("chest", "chest", "cxr", display, (MM, MM), grays=grays, orientation=("L", "F"))


def attacked(case: Case) -> pictures.Floats:
    """(H, W, 1) the pixels of a case, each about one gray level off."""
    noise = np.random.default_rng(0).uniform(-1 / 255, 1 / 255, case.pixels.shape).astype(np.float32)
    return (case.pixels + noise).clip(0, 1)


def ramp() -> pictures.Floats:
    """(64, 64) that rises from 0 at the left to 1 at the right."""
    return np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))


def panes(case: Case) -> list[Pane]:
    """Clean, perturbed, and their maps."""
    frame = frame_of(case)
    before = Heat(pictures.heat_levels(ramp(), 0, 1), MAP, "sequential", False, 0, 1, "logits")
    between = Heat(pictures.heat_levels(ramp() - 0.5, -1, 1), MAP, "diverging", True, -1, 1, "logits")
    clean = Picture(pictures.picture(case, case.pixels), packed=True)
    perturbed = Picture(pictures.picture(case, attacked(case)), packed=True)
    return [
        Pane("clean", "Clean", "93 %", frame, clean, before, summary="The clean picture."),
        Pane("perturbed", "Perturbed", "12 %", frame, perturbed, before, summary="The perturbed picture."),
        Pane("difference", "Difference", "", frame, None, between, summary="The difference."),
    ]


def grid(case: Case) -> list[Pane]:
    """Two cases of different sizes side by side, the second marked."""
    photo = phantom("fundus", False, 3, 128).pixels
    other = Case("eye", "eye", "fundus", photo)
    color = Pane("eye", "Eye", "", frame_of(other), Picture(pictures.picture(other, photo)), differs=True)
    return [replace(panes(case)[0], name="chest", title="Chest"), color]


def page() -> None:
    """What the tests drive."""
    st.html(STYLE)
    case = radiograph()
    if st.checkbox("Other case"):
        case = replace(case, id="other")
    chosen = (0.25, 0.25, 0.5, 0.5) if st.checkbox("Region given") else None
    if st.checkbox("Grid"):
        viewer(grid(case), columns=2, key="grid")
        return
    bars = [Scale("Maps", "sequential", "0", "1", "logits")]
    seen = viewer(panes(case), scales=bars, recipe="made up", region=chosen, can_select=True)
    st.text(f"region {seen.region} step {seen.step}")
    st.html('<div style="height: 900px">below</div>')


if __name__ == "__main__":
    page()
