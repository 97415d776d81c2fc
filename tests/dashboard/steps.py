"""Steps through the app, as a user would take them."""

from __future__ import annotations

import io
import time
from pathlib import Path

import numpy as np
from PIL import Image
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Selectbox

from core.values import Floats, Modality
from imaging.phantoms import phantom

APP = Path(__file__).resolve().parent.parent.parent / "dashboard" / "app.py"
NOTICE = "Research and education only. Not for diagnosis."
PATIENCE = 120
MODELS = """
from dashboard.components.frame import frame
from dashboard.views.models import models

frame([])
models()
"""


def opened() -> AppTest:
    """The app on its first page, as far as it gets without waiting."""
    app = AppTest.from_file(str(APP), default_timeout=PATIENCE).run()
    assert not app.exception
    return app


def settled(app: AppTest) -> AppTest:
    """The app once nothing is being computed any more."""
    deadline = time.monotonic() + PATIENCE
    while any((button.key or "").startswith("cancel") for button in app.button):
        assert time.monotonic() < deadline, "the computation does not end"
        time.sleep(0.05)
        app.run()
        assert not app.exception
    return app


def picker(app: AppTest, label: str) -> Selectbox:
    """The one with this label; which key it has depends on what was chosen elsewhere."""
    return next(box for box in app.selectbox if box.label == label)


def shown(app: AppTest) -> str:
    """All text on the page, without the style sheet."""
    bodies = [element.proto.body for element in app.get("html")]
    elements = (*app.markdown, *app.caption, *app.title, *app.header, *app.subheader)
    texts = [*bodies, *(str(element.value) for element in elements)]
    return "\n".join(text for text in texts if not text.startswith("<style>"))


def models_page(key: str | None = None) -> AppTest:
    """The overview of the models, or the page of the one with this key."""
    app = AppTest.from_string(MODELS, default_timeout=PATIENCE)
    if key is not None:
        app.query_params["model"] = key
    app.run()
    assert not app.exception
    assert NOTICE in shown(app)
    return app


def errors(app: AppTest) -> list[str]:
    """The error messages on the page, as HTML."""
    return [element.proto.body for element in app.get("html") if 'role="alert"' in element.proto.body]


def upload(app: AppTest, data: bytes, name: str = "JANE DOE 1970.bin") -> AppTest:
    """Drop a file, and wait until it is read and compared."""
    app.get("file_uploader")[0].upload(name, data).run()
    assert not app.exception
    return settled(app)


def png(pixels: Floats) -> bytes:
    """(H, W, C) in [0, 1] as the bytes of a PNG file."""
    levels = np.round(pixels * 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(levels[..., 0] if levels.shape[2] == 1 else levels).save(buffer, "png")
    return buffer.getvalue()


def phantom_png(modality: Modality, *, positive: bool = True, seed: int = 11) -> bytes:
    """A drawn case as the bytes of a PNG file."""
    return png(phantom(modality, positive, seed, 256).pixels)
