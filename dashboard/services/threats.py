"""The threat map: the whole taxonomy of the survey, each entry with a live demonstration or the reason for none.

It stands in assets/threat_map.toml, whose head says how it is written.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from core.errors import ParameterError

FILE = Path(__file__).resolve().parent.parent.parent / "assets" / "threat_map.toml"
PAGES = ("look", "explain", "compare", "learn", "models", "methods", "about")


@dataclass(frozen=True)
class Link:
    """To a page of the app; query is its address."""

    label: str
    page: str
    query: Mapping[str, str]


@dataclass(frozen=True)
class Item:
    """One entry: links to what shows it here, or why_not, and never both."""

    key: str
    name: str
    text: str
    shown: tuple[Link, ...]
    why_not: str


@dataclass(frozen=True)
class Section:
    """Entries under a title, which is empty where a chapter has only one section."""

    title: str
    entries: tuple[Item, ...]


@dataclass(frozen=True)
class Chapter:
    """Sections under a title; key is its anchor."""

    key: str
    title: str
    text: str
    sections: tuple[Section, ...]

    @property
    def entries(self) -> tuple[Item, ...]:
        """Of all sections."""
        return tuple(entry for section in self.sections for entry in section.entries)


@dataclass(frozen=True)
class ThreatMap:
    """All chapters."""

    chapters: tuple[Chapter, ...]

    @property
    def entries(self) -> Mapping[str, Item]:
        """{key: entry} of all chapters."""
        return {entry.key: entry for chapter in self.chapters for entry in chapter.entries}


@cache
def threat_map(file: Path = FILE) -> ThreatMap:
    """The map; raises ParameterError for an entry that breaks a rule of the file."""
    with file.open("rb") as stream:
        data = tomllib.load(stream)
    chapters = tuple(
        Chapter(
            chapter["key"],
            chapter["title"],
            chapter["text"],
            tuple(Section(section["title"], tuple(map(_item, section["entries"]))) for section in chapter["sections"]),
        )
        for chapter in data["chapters"]
    )
    made = ThreatMap(chapters)
    if len(made.entries) < sum(len(chapter.entries) for chapter in chapters):
        raise ParameterError("The threat map", "has two entries with one key", f"Correct {file.name}.")
    return made


def _item(entry: Mapping[str, Any]) -> Item:
    links = tuple(_link(link) for link in entry.get("shown", ()))
    why_not = entry.get("why_not", "")
    if bool(links) == bool(why_not):
        rule = "must either be shown or say why not"
        raise ParameterError(f"Entry {entry['key']} of the threat map", rule, "Give it one of both.")
    return Item(entry["key"], entry["name"], entry["text"], links, why_not)


def _link(link: Mapping[str, str]) -> Link:
    if link["page"] not in PAGES:
        known = f"leads to a page {link['page']!r}"
        raise ParameterError(f"Link {link['label']!r} of the threat map", known, f"Choose one of: {', '.join(PAGES)}.")
    return Link(link["label"], link["page"], {k: v for k, v in link.items() if k not in ("label", "page")})
