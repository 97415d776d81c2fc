"""The threat map: the whole taxonomy of the survey, and for each entry where it can be seen here, or why it can't."""

from __future__ import annotations

from html import escape
from itertools import groupby

import streamlit as st

from dashboard.components.links import EXPLAINER, page
from dashboard.components.segments import pick_one
from dashboard.components.words import FILLED, HOLLOW
from dashboard.services.threats import Chapter, Item, Link, ThreatMap, threat_map
from perturbations import PERTURBATIONS

SURVEY = "https://arxiv.org/abs/2001.08103"
FILTER = "threat map filter"
ALL, HERE, ELSEWHERE = "All", "Shown here", "Not shown here"


def threats() -> None:
    """The page."""
    known = threat_map()
    entries = known.entries.values()
    counts = {ALL: len(entries), HERE: sum(bool(entry.shown) for entry in entries)}
    counts[ELSEWHERE] = counts[ALL] - counts[HERE]
    with st.container(key="threat-head"):
        st.title("Threat map", anchor=False)
        st.html(
            f'<p class="lesson-lead">All that the survey <a href="{SURVEY}" target="_blank">Secure and robust machine '
            "learning for healthcare</a> (Qayyum, Qadir, Bilal, Al-Fuqaha 2020) names, in our words. "
            f"{FILLED} {counts[HERE]} of its {counts[ALL]} entries can be tried here; {HOLLOW} {counts[ELSEWHERE]} "
            "can't, and say why.</p>"
        )
        wanted = pick_one(
            "Entries",
            list(counts),
            ALL,
            key=FILTER,
            format_func=lambda name: f"{name} ({counts[name]})",
            label_visibility="collapsed",
        )
    chosen = [chapter for chapter in known.chapters if any(_passes(entry, wanted) for entry in chapter.entries)]
    with st.container(key="document", horizontal=True, gap="large"):
        contents = st.container(key="contents", width=250)
        texts = st.container(key="prose")
    with contents:
        _contents(known, {chapter.key for chapter in chosen})
    with texts:
        for chapter in chosen:
            _chapter(chapter, wanted)


def _passes(entry: Item, wanted: str) -> bool:
    return wanted == ALL or bool(entry.shown) == (wanted == HERE)


def _contents(known: ThreatMap, chosen: set[str]) -> None:
    """The map at a glance: a sign for each entry."""
    lines = []
    for chapter in known.chapters:
        signs = "".join(f"<span>{''.join(map(_sign, section.entries))}</span>" for section in chapter.sections)
        title = escape(chapter.title)
        link = f'<a href="#{chapter.key}">{title}</a>' if chapter.key in chosen else title
        lines.append(f'<li>{link}<div class="signs">{signs}</div></li>')
    st.html(f'<nav aria-label="Chapters"><ul class="threat-contents">{"".join(lines)}</ul></nav>')


def _sign(entry: Item) -> str:
    return f'<i title="{escape(entry.name)}" class="{"here" if entry.shown else "elsewhere"}"></i>'


def _chapter(chapter: Chapter, wanted: str) -> None:
    st.header(chapter.title, anchor=chapter.key)
    st.caption(chapter.text)
    for section in chapter.sections:
        entries = [entry for entry in section.entries if _passes(entry, wanted)]
        if not entries:
            continue
        if section.title:
            st.subheader(section.title, anchor=False)
        for here, group in groupby(entries, lambda entry: bool(entry.shown)):
            if here:
                for entry in group:
                    _shown(entry)
            else:
                st.html("".join(f'<div class="threat">{_text(entry)}</div>' for entry in group))


def _shown(entry: Item) -> None:
    with st.container(key=f"threat {entry.key}", gap=None):
        st.html(f'<div class="threat">{_text(entry)}</div>')
        with st.container(key=f"threat-links {entry.key}", horizontal=True, gap="small"):
            for link in entry.shown:
                st.page_link(page(link.page), label=f"› {link.label}", query_params=_address(link))


def _address(link: Link) -> dict[str, str]:
    """With all that Look writes down of it, so that the address stays and one step back leads here."""
    if "attack" not in link.query:
        return dict(link.query)
    usual = PERTURBATIONS[link.query["attack"]].params().as_dict()
    epsilon = {"epsilon": f"{usual['epsilon']:g}"} if "epsilon" in usual else {}
    return {"explainer": EXPLAINER, **epsilon, **link.query}


def _text(entry: Item) -> str:
    why_not = f'<p class="why-not">Not shown here: {escape(entry.why_not)}</p>' if entry.why_not else ""
    sign = FILLED if entry.shown else HOLLOW
    name = f'<b><span class="sign" aria-hidden="true">{sign}</span> {escape(entry.name)}.</b>'
    return f"<p>{name} {escape(entry.text)}</p>{why_not}"
