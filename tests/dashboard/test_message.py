"""What a file says about itself is shown as it stands: no Markdown, no HTML."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

HOSTILE = "![a](http://x/y) <img src=http://x/y> **[b](http://x)**"
ESCAPED = "![a](http://x/y) &lt;img src=http://x/y&gt; **[b](http://x)**"


def refused(hostile: str) -> None:
    """The refusals of a session."""
    from core.errors import UndecodablePixels
    from dashboard.components.uploads import refusals
    from dashboard.services.cases import Uploads
    from dashboard.state import held

    held(Uploads).refused = [str(UndecodablePixels("This file", f"its photometric interpretation is {hostile}", "."))]
    refusals()


def stopped(hostile: str) -> None:
    """A computation that failed."""
    from core.errors import UndecodablePixels
    from dashboard.components.progress import halted

    halted(
        str(UndecodablePixels("This file", f"its photometric interpretation is {hostile}", ".")), "Again", lambda: None
    )


def noted(hostile: str) -> None:
    """A case whose notes and source come from its header."""
    import numpy as np

    from core.values import Case
    from dashboard.components.provenance import provenance

    pixels = np.zeros((1, 1, 1), dtype=np.float32)
    provenance(Case("x", "x", "cxr", pixels, source={"view": hostile}, notes=(hostile,)))


@pytest.mark.parametrize("page", [refused, stopped, noted])
def test_hostile_text_stays_text(page: object) -> None:
    app = AppTest.from_function(page, args=(HOSTILE,), default_timeout=60).run()
    assert not app.exception
    bodies = "".join(element.proto.body for element in app.get("html"))
    assert ESCAPED in bodies
    assert HOSTILE not in bodies
    assert not [*app.markdown, *app.caption, *app.error, *app.info]
