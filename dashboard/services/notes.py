"""What the reader writes down about cases, held in memory by the session alone until it is saved as a text file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from dashboard.services.cases import Entry
from evaluation.words import NOTICE

LONGEST = 4000


@dataclass
class Notes:
    """{case: (text, what was on screen)}; what was on screen is the link to it, without the host."""

    kept: dict[str, tuple[str, str]] = field(default_factory=dict)

    def write(self, case: str, text: str, view: str) -> None:
        """Keep a note, or forget it where the text is blank."""
        if text.strip():
            self.kept[case] = text.strip()[:LONGEST], view
        else:
            self.kept.pop(case, None)

    def text(self, case: str) -> str:
        """The note about a case, or nothing."""
        return self.kept.get(case, ("", ""))[0]

    def report(self, entries: Sequence[Entry]) -> str:
        """All notes as plain text, in the order of the cases."""
        parts = [f"Second Look: notes\n{NOTICE}"]
        for entry in entries:
            if entry.case.id in self.kept:
                text, view = self.kept[entry.case.id]
                parts.append(f"{entry.label}\n{view}\n\n{text}")
        return "\n\n---\n\n".join(parts) + "\n"
