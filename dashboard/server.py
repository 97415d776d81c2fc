"""The server: python -m streamlit run dashboard/server.py, from the root of the repository.

It begins to listen once the first page can be drawn at once: torch and all that a page is made of are imported by then.
Meanwhile nobody could see anything but a spinner, and afterwards nobody waits for an import.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import streamlit as st


@asynccontextmanager
async def ready(_app: st.App) -> AsyncIterator[None]:
    """Make ready before the first reader comes."""
    from dashboard.services import warming

    warming.imports()
    loading = warming.models()
    yield
    loading.cancel.set()


app = st.App("app.py", lifespan=ready)
