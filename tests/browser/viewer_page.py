"""A page for test_viewer.py: the viewer with a radiograph of 12 bits, attacked, with made-up maps; and the player."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import streamlit as st

import dashboard.components.player
from core.values import Case, Grays
from dashboard.components.comparison_panes import frame_of, picture_of
from dashboard.components.inline import inline_component
from dashboard.components.viewer import Box, Heat, Pane, Picture, Scale, viewer
from dashboard.services import pictures
from imaging.phantoms import phantom

SIZE = 256
LARGER = 8
LARGE = "Large and colored"
GRID = "Grid"
MM = 0.5
CELLS = 4
WINDOW = (1500.0, 2000.0)
MAP: Box = (0.0, 0.0, 1.0, 1.0)
STYLE = Path(__file__).resolve().parent.parent.parent / "dashboard" / "style.css"
PLAYER = Path(dashboard.components.player.__file__).parent
CURVE = {
    "asked": True,
    "curve": [0.9, 0.1],
    "threshold": 0.5,
    "title": "",
    "flaggedFrom": "",
    "caption": "",
    "played": None,
}


def radiograph() -> Case:
    """128 mm of chest whose values reach beyond its window at both ends; rows run to the patient's left."""
    values = np.rint(phantom("cxr", True, 21, SIZE).pixels[..., 0] * 4095).astype(np.float32)
    center, width = WINDOW
    display = ((values - center) / width + 0.5).clip(0, 1)[..., None]
    grays = Grays(values, WINDOW, False, "HU")
    return Case("chest", "chest", "cxr", display, (MM, MM), grays=grays, orientation=("L", "F"))


def enlarged(case: Case) -> Case:
    """Each pixel LARGER times as wide and high."""
    assert case.grays
    grays = replace(case.grays, values=case.grays.values.repeat(LARGER, 0).repeat(LARGER, 1))
    return replace(case, id="large", pixels=case.pixels.repeat(LARGER, 0).repeat(LARGER, 1), grays=grays)


def reddened(case: Case) -> pictures.Floats:
    """(H, W, 3) the pixels of a case, more red in the upper half."""
    colored = case.pixels.repeat(3, axis=2)
    colored[: len(colored) // 2, :, 0] = (colored[: len(colored) // 2, :, 0] + 0.2).clip(0, 1)
    return colored


def attacked(case: Case) -> pictures.Floats:
    """(H, W, 1) the pixels of a case, each about one gray level off."""
    noise = np.random.default_rng(0).uniform(-1 / 255, 1 / 255, case.pixels.shape).astype(np.float32)
    return (case.pixels + noise).clip(0, 1)


def ramp() -> pictures.Floats:
    """(64, 64) that rises from 0 at the left to 1 at the right."""
    return np.tile(np.linspace(0, 1, 64, dtype=np.float32), (64, 1))


def panes(case: Case, perturbed: pictures.Floats) -> list[Pane]:
    """Clean, perturbed, and their maps, which rise to the right and to the left."""
    frame = frame_of(case)
    before = Heat(pictures.heat_levels(ramp(), 0, 1), MAP, "sequential", False, 0, 1, "logits")
    cells = pictures.heat_levels(ramp()[:: 64 // CELLS, :: 64 // CELLS] - 0.5, -1, 1)
    between = Heat(pictures.heat_levels(ramp() - 0.5, -1, 1), MAP, "diverging", True, -1, 1, "logits", cells)
    after = replace(before, source=pictures.heat_levels(1 - ramp(), 0, 1))
    clean = picture_of(case, pictures.picture(case, pictures.shown(case)))
    changed = picture_of(case, pictures.picture(case, perturbed), perturbed.shape[2])
    return [
        Pane("clean", "Clean", "93 %", frame, clean, before, summary="The clean picture."),
        Pane("perturbed", "Perturbed", "12 %", frame, changed, after, summary="The perturbed picture."),
        Pane("difference", "Difference", "", frame, None, between, summary="The difference."),
    ]


def grid(case: Case) -> list[Pane]:
    """Two cases of different sizes side by side, the second marked."""
    photo = phantom("fundus", False, 3, 128).pixels
    other = Case("eye", "eye", "fundus", photo)
    color = Pane("eye", "Eye", "", frame_of(other), Picture(pictures.picture(other, photo)), differs=True)
    return [replace(panes(case, attacked(case))[0], name="chest", title="Chest"), color]


def page() -> None:
    """What the tests drive."""
    st.html(STYLE)
    case = radiograph()
    perturbed = attacked(case)
    if large := st.checkbox(LARGE):
        case = enlarged(case)
        perturbed = reddened(replace(case, pixels=pictures.shown(case)))
    if st.checkbox("Other case"):
        case = replace(case, id="other")
    chosen = (0.25, 0.25, 0.5, 0.5) if st.checkbox("Region given") else None
    if st.checkbox(GRID):
        viewer(grid(case), columns=2, key="grid")
        return
    bars = [Scale("Maps", "sequential", "0", "1", "logits")]
    steps: list[int] = st.session_state.setdefault("steps", [])
    area = viewer(
        panes(case, perturbed),
        scales=bars,
        recipe="made up",
        region=chosen,
        can_select=not large,
        on_step=steps.append,
    )
    st.text(f"region {area} steps {steps}")
    st.html('<div style="height: 900px">below</div>')
    inline_component(PLAYER)(data=CURVE, key="player")


if __name__ == "__main__":
    page()
