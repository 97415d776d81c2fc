"""What a reader answered, as long as the session lasts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Answers:
    """picked {(lesson, step): the chosen outcome}; shown: where the right answer has been told, and whether the
    reader had it."""

    picked: dict[tuple[str, int], str] = field(default_factory=dict)
    shown: dict[tuple[str, int], bool] = field(default_factory=dict)

    def pick(self, at: tuple[str, int], outcome: str) -> None:
        """Choose; once the answer is told it stays as it was."""
        if at not in self.shown:
            self.picked[at] = outcome

    def show(self, at: tuple[str, int], right: str) -> None:
        """Tell the right answer."""
        self.shown.setdefault(at, self.picked.get(at) == right)

    def right(self, lesson: str) -> int:
        """How many questions of a lesson were answered rightly."""
        return sum(right for (of, _), right in self.shown.items() if of == lesson)
