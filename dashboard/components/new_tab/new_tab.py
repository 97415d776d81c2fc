"""Links between pages as a browser's reader knows them: with Ctrl, Shift or the middle button they open elsewhere."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from dashboard.components.inline import inline_component

HERE = Path(__file__).parent


def new_tab(pages: Collection[str], shown: str = "") -> None:
    """Let links of the bar to these pages take along what is shown: a query, by default that of the address."""
    inline_component(HERE)(data={"pages": list(pages), "shown": shown}, key="new-tab")
