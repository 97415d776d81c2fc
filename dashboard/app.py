"""The app, which dashboard/server.py serves, from the root of the repository."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from urllib.parse import urlencode

import streamlit as st

from core.errors import SecondLookError
from dashboard.components.frame import frame
from dashboard.components.links import title_of
from dashboard.components.message import message
from dashboard.components.new_tab import new_tab
from dashboard.services import address
from dashboard.services.jobs import COMPUTE

ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#000"/>'
    '<g fill="none" stroke="#2dd4bf" stroke-width="3"><circle cx="12" cy="16" r="7"/><circle cx="20" cy="16" r="7"/>'
    "</g></svg>"
)


def view(name: str) -> Callable[[], None]:
    """The page dashboard/views/name.py, imported when it is opened: torch takes seconds, the frame is there at once."""

    def draw() -> None:
        with st.spinner("Starting"):
            module = importlib.import_module(f"dashboard.views.{name}")
        getattr(module, name)()

    return draw


st.set_page_config(page_title="Second Look", page_icon=ICON, layout="wide")
NAMES = ("look", "explain", "compare", "learn", "threats", "models", "methods", "about")
PAGES = [st.Page(view(name), title=title_of(name), url_path=name, default=name == "look") for name in NAMES]
ADD = st.Page(view("add"), title="Add a model", url_path="add")  # reached from the models
ADDRESSED = ("look", "explain", "compare")  # pages whose address says what they show
page = st.navigation([*PAGES, ADD], position="hidden")
addressed = (page.url_path or NAMES[0]) in ADDRESSED
try:
    with COMPUTE.drawing():
        if addressed:
            address.follow()
        else:
            address.elsewhere()
        frame(NAMES)
        new_tab(ADDRESSED, "" if addressed else urlencode(address.state_of()))
        page.run()
except SecondLookError as error:
    message(str(error), "error")
