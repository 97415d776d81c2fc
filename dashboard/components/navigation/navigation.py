"""Links and Back as a browser's reader knows them: with Ctrl, Shift or the middle button links open elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from dashboard.components.inline import inline_component

HERE = Path(__file__).parent


def navigation(pages: Collection[str], shown: str, on_travel: Callable[[], None]) -> None:
    """Let links of the bar to these pages take along what is shown: a query, by default that of the address.

    on_travel is called once the reader goes back or forward, not later than in the run that has the address of there.
    """
    inline_component(HERE)(data={"pages": list(pages), "shown": shown}, key="navigation", on_travel_change=on_travel)
