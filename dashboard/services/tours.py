"""The shots that a session has taken: those of the step at hand first, the next ones while nobody waits."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import SecondLookError
from core.progress import Report
from dashboard.services.jobs import Cancel, Job, submit
from dashboard.services.lessons import Lesson, Shot, Step
from dashboard.services.shots import Taken, take


@dataclass
class Tours:
    """taken {lesson: {shot: what came of it}}, which the job under way adds to; it is one of the lesson `of`."""

    taken: dict[str, dict[str, Taken]] = field(default_factory=dict)
    job: Job[None] | None = None
    of: str = ""
    error: SecondLookError | None = None
    stopped: bool = False

    def ask(self, lesson: Lesson, step: Step, listening: Callable[[], bool]) -> None:
        """See to it that the shots of a step get taken, and then those of the next, unless the reader stopped that."""
        if self.of != lesson.key:
            self.stop()
            self.of = lesson.key
            self.resume()
        self.settle(0)
        waits = self._missing(lesson, step)
        if self.job is not None:
            if waits:
                self.job.promote()
        elif not self.stopped and self.error is None:
            wanted = waits or next((later for s in lesson.steps if (later := self._missing(lesson, s))), [])
            if wanted:
                done = self.taken.setdefault(lesson.key, {})
                self.job = submit(_work(wanted, done), listening, background=not waits)

    def settle(self, seconds: float) -> None:
        """Take in what has become of the job, after giving it a moment to be there at once."""
        if self.job is not None and self.job.wait(seconds):
            self.error, self.job = self.job.error, None

    def results(self, lesson: Lesson, step: Step) -> Mapping[str, Taken] | None:
        """{shot: what came of it} of a step; None until all are taken."""
        if self._missing(lesson, step):
            return None
        return {shot.name: self.taken[lesson.key][shot.name] for shot in lesson.needed(step)}

    def stop(self) -> None:
        """The reader pressed Cancel, or went to another lesson."""
        if self.job is not None:
            self.job.cancel.set()
            self.job = None
        self.stopped = True

    def resume(self) -> None:
        """The reader wants what was stopped, or failed, after all."""
        self.stopped, self.error = False, None

    def _missing(self, lesson: Lesson, step: Step) -> list[Shot]:
        done = self.taken.get(lesson.key, {})
        return [shot for shot in lesson.needed(step) if shot.name not in done]


def _work(shots: Sequence[Shot], done: dict[str, Taken]) -> Callable[[Report, Cancel], None]:
    def work(report: Report, cancel: Cancel) -> None:
        for index, shot in enumerate(shots):

            def part(share: float, index: int = index) -> None:
                report((index + share) / len(shots))

            done[shot.name] = take(shot, done, part, cancel)

    return work
