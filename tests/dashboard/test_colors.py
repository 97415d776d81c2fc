"""Both themes can be read: contrast by WCAG 2.2, and no color beside those of style.css."""

from __future__ import annotations

import re
import tomllib
from itertools import product
from pathlib import Path

import pytest

from dashboard.components.figures import theme

ROOT = Path(__file__).resolve().parent.parent.parent
STYLE = ROOT / "dashboard" / "style.css"
PALETTE = dict(re.findall(r"^ *--([a-z-]+): (.+);$", STYLE.read_text(encoding="utf-8"), re.MULTILINE))
TEXTS = [
    *product(("text", "muted", "accent", "link", "code", "warn"), ("base", "raised")),
    *product(("text", "muted"), ("chosen",)),
    ("base", "accent"),  # a primary button
    ("on-film", "film"),
]
SHAPES = [*product(("edge", "muted", "accent", "warn"), ("base", "raised"))]
LITERAL = re.compile(r"#[0-9a-fA-F]{3,8}\b(?![-\w])")
STREAMLIT = {
    "primaryColor": "accent",
    "backgroundColor": "base",
    "secondaryBackgroundColor": "raised",
    "textColor": "text",
    "borderColor": "line",
    "linkColor": "link",
    "codeTextColor": "code",
    "codeBackgroundColor": "raised",
}


def color(name: str, scheme: str) -> str:
    """The hexadecimal color of a variable in a theme."""
    light, *dark = LITERAL.findall(PALETTE[name])
    return str(dark[0]) if dark and scheme == "dark" else str(light)


def luminance(color: str) -> float:
    """Relative luminance of "#rrggbb" in [0, 1] (WCAG 2.2)."""
    parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(a: str, b: str) -> float:
    """The contrast ratio of two colors, from 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(a), luminance(b)))
    return (light + 0.05) / (dark + 0.05)


def test_the_formula() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.005)


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(("front", "behind"), TEXTS)
def test_text_can_be_read(front: str, behind: str, scheme: str) -> None:
    assert contrast(color(front, scheme), color(behind, scheme)) >= 4.5


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize(("front", "behind"), SHAPES)
def test_shapes_can_be_seen(front: str, behind: str, scheme: str) -> None:
    assert contrast(color(front, scheme), color(behind, scheme)) >= 3


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("curve", [theme.MAIN, theme.OTHER, theme.MUTED])
def test_curves_can_be_seen_in_both_themes(curve: str, scheme: str) -> None:
    assert contrast(curve, color("base", scheme)) >= 3


def test_every_color_that_is_used_is_defined() -> None:
    sources = [path for kind in ("css", "js", "py") for path in (ROOT / "dashboard").rglob(f"*.{kind}")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(r"var\(--([a-z-]+)", text))
    defined = set(re.findall(r"""--([a-z-]+)(?::|["'`])""", text))  # in CSS, or set by code
    assert {name for name in used if not name.startswith("st-")} <= defined
    assert set(PALETTE) <= used | {"code"}  # code: Streamlit's, set by the switch


def test_streamlit_has_the_colors_of_the_dark_theme() -> None:
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))["theme"]
    assert {name: config[name] for name in STREAMLIT} == {
        name: color(variable, "dark") for name, variable in STREAMLIT.items()
    }
    switch = (ROOT / "dashboard" / "components" / "theme" / "theme.js").read_text(encoding="utf-8")
    assert dict(re.findall(r'(\w+): "--([a-z-]+)"', switch)) == STREAMLIT


def test_no_color_stands_elsewhere() -> None:
    folder = ROOT / "dashboard"
    allowed = {STYLE, folder / "app.py", Path(theme.__file__)}  # app.py: the icon in the browser's tab
    sources = [path for kind in ("css", "js", "py", "html") for path in folder.rglob(f"*.{kind}")]
    literals = {path: LITERAL.findall(path.read_text(encoding="utf-8")) for path in sources if path not in allowed}
    assert {path.name: found for path, found in literals.items() if found} == {}
