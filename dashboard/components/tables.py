"""Plain tables, which unlike data frames wrap their text and need no scrolling of their own."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import streamlit as st


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, texts: Sequence[int] = ()) -> None:
    """Draw cells of HTML; the first column names the rows, and the columns in texts hold prose, not numbers."""

    def prose(column: int) -> str:
        return ' class="text"' if column in texts else ""

    def cell(column: int, content: str) -> str:
        return f"<td{prose(column)}>{content}</td>"

    top = "".join(f'<th scope="col"{prose(k)}>{name}</th>' for k, name in enumerate(head))
    lines = "".join(
        f'<tr><th scope="row">{row[0]}</th>{"".join(cell(k, content) for k, content in enumerate(row[1:], 1))}</tr>'
        for row in rows
    )
    st.html(f'<table class="numbers-table"><thead><tr>{top}</tr></thead><tbody>{lines}</tbody></table>')
