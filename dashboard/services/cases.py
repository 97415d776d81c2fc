"""The worklist: bundled cases, shared by all sessions, and the uploads of one session, held in memory only."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache

from core.errors import Cancelled, InputError, SecondLookError
from core.progress import Report
from core.values import MODALITIES, Case, Modality
from dashboard.services import pictures
from dashboard.services.jobs import Cancel, Job, submit
from dashboard.state import held
from evaluation.words import in_sentence
from imaging.bundled import bundled_cases, load_bundled
from imaging.read import frame_count, read_case

MAX_UPLOADS = 12
MAX_UPLOADED_BYTES = 512 << 20


@dataclass(eq=False)
class Entry:
    """One line of the worklist: a case and what it is called here. data, frames and frame are those of an upload."""

    case: Case
    title: str = ""
    data: bytes = b""
    frames: int = 1
    frame: int = 0

    @property
    def uploaded(self) -> bool:
        """Whether it came from the user."""
        return bool(self.data)

    @property
    def label(self) -> str:
        """The title, which for an upload also says how it was read."""
        return f"{self.title}: {in_sentence(MODALITIES[self.case.modality])}" if self.uploaded else self.title

    @cached_property
    def thumbnail(self) -> str:
        """Data URI."""
        return pictures.thumbnail(self.case)

    @cached_property
    def picture(self) -> str:
        """Data URI of the case at viewing size."""
        return pictures.picture(pictures.shown(self.case))


@lru_cache(maxsize=1)
def bundled() -> tuple[Entry, ...]:
    """Entries of all bundled cases, kind by kind."""
    ordered = sorted(bundled_cases(), key=lambda case: list(MODALITIES).index(case.modality))
    return tuple(Entry(load_bundled(case.key), case.title) for case in ordered)


@dataclass
class Uploads:
    """What one session uploaded, newest first; the oldest leave when there are too many. Names are never kept."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    job: Job[list[Entry | InputError]] | None = None
    _count: int = 0
    _replaced: Entry | None = None

    def read(self, files: Sequence[bytes], listening: Callable[[], bool]) -> None:
        """Read files in the background; see collect."""

        def work(report: Report, cancel: Cancel) -> list[Entry | InputError]:
            outcomes: list[Entry | InputError] = []
            for data in files:
                if cancel.is_set():
                    raise Cancelled
                outcomes.append(_read(data))
                report(len(outcomes) / len(files))
            return outcomes

        self._replaced, self.refused, self.job = None, [], submit(work, listening)

    def reread(self, entry: Entry, frame: int, modality: Modality, listening: Callable[[], bool]) -> None:
        """Read the file of an entry again, as another frame or kind of picture, to replace it; see collect."""

        def work(report: Report, cancel: Cancel) -> list[Entry | InputError]:
            return [_read(entry.data, frame, modality)]

        self._replaced, self.refused, self.job = entry, [], submit(work, listening)

    def stop(self) -> None:
        """The user pressed Cancel."""
        if self.job is not None:
            self.job.cancel.set()
            self.job = None

    def collect(self) -> Entry | None:
        """Take in what has been read: the newest entry. What can't be read leaves a sentence in refused."""
        if self.job is None or not self.job.finished:
            return None
        outcomes = self.job.result or []
        self.refused = [str(outcome) for outcome in (*outcomes, self.job.error) if isinstance(outcome, SecondLookError)]
        self.job = None
        entries = [outcome for outcome in outcomes if isinstance(outcome, Entry)]
        for entry in entries:
            if self._replaced in self.entries:
                entry.title = self._replaced.title
                self.entries[self.entries.index(self._replaced)] = entry
            else:
                self._count += 1
                entry.title = f"Upload {self._count}"
                self.entries = [entry, *(older for older in self.entries if older.case.id != entry.case.id)]
        while len(self.entries) > 1 and self._too_much():
            self.entries.pop()
        return entries[-1] if entries else None

    def _too_much(self) -> bool:
        size = sum(entry.case.pixels.nbytes + len(entry.data) for entry in self.entries)
        return len(self.entries) > MAX_UPLOADS or size > MAX_UPLOADED_BYTES


def _read(data: bytes, frame: int = 0, modality: Modality | None = None) -> Entry | InputError:
    try:
        entry = Entry(read_case(data, frame=frame, modality=modality), "", data, frame_count(data), frame)
        _ = entry.thumbnail, entry.picture  # drawn here, where it holds up nobody
    except InputError as error:
        return error
    return entry


def worklist_entries() -> list[Entry]:
    """Uploads of this session, then the bundled cases; each content once."""
    known = {entry.case.id for entry in bundled()}
    return [*(entry for entry in held(Uploads).entries if entry.case.id not in known), *bundled()]
