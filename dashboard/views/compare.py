"""Cases, models, explainers or perturbations against each other, in a grid of up to four by four comparisons.

The page takes its state from the session: ROWS and COLUMNS (keys of axes), on_axis(axis) (keys of what stands on it),
SHOWN ("Perturbed" or "Clean") and REFERENCE (the code of a cell, "A1") of components.comparing.pickers. What
does not vary is what the other pages show: case, model, finding, operating point, methods with their settings, goal and
seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from dashboard.components.comparing import (
    Cell,
    Setup,
    cells_of,
    fixed_in_words,
    grid_panes,
    numbers,
    pick_reference,
    pick_shown,
    pick_sides,
)
from dashboard.components.message import message
from dashboard.components.under_way import under_way
from dashboard.components.worklist import step
from dashboard.services import address
from dashboard.services.cases import current_entry, worklist_entries
from dashboard.services.grid import Grid
from dashboard.services.models import models
from dashboard.state import ANYWAY, MODEL, held, listening, technical

SETTLE_SECONDS = 0.25  # what is ready by then needs no second drawing


def compare() -> None:
    """The page."""
    entry, key = current_entry(), st.session_state[MODEL]
    if entry is None or key is None:
        message("No case yet: drop a file on the Look page." if entry is None else "No model is installed.")
        return
    setup = Setup.known(entry, models()[key])
    rows, columns = pick_sides(setup)
    address.write(address.state_of() | address.grid_state())
    if not (rows.names and columns.names):
        message("Choose at least one for the rows and one for the columns.")
        return
    grid = held(Grid)
    cells = cells_of(setup, rows, columns, grid)
    grid.compare({cell.request: cell.setup.entry.case for cell in cells if cell.request}, listening())
    grid.wait(SETTLE_SECONDS)
    drawn = grid.done
    with st.container(key="compare-choices", horizontal=True, vertical_alignment="bottom", gap="medium"):
        shown = pick_shown()
        reference = pick_reference({cell.code: cell.name for cell in cells})
        with st.container(key="compare-state", horizontal=True, vertical_alignment="center"):
            if not under_way(grid, "cells", drawn):
                fixed_in_words(setup, rows, columns)
    against = next(cell for cell in cells if cell.code == reference)
    same_case = "case" not in (rows.axis.key, columns.axis.key)
    onward = partial(step, entries=worklist_entries()) if same_case else None
    grid_panes(cells, against, shown, len(columns.names), onward)
    _insist(cells)
    if any(cell.finished for cell in cells):
        numbers(cells, against, shown, technical=technical())


def _insist(cells: Sequence[Cell]) -> None:
    refused = {(cell.request.model, cell.request.subject) for cell in cells if cell.request and cell.objections}
    if refused:
        insisted = st.session_state.setdefault(ANYWAY, set())
        st.button("Show what is out of scope anyway", on_click=insisted.update, args=(refused,))
