"""The worklist: bundled cases, shared by all sessions, and the uploads of one session, held in memory only."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TypeAlias

import streamlit as st

from core.errors import Cancelled, InputError, SecondLookError
from core.progress import Report
from core.values import MODALITIES, Case, Modality
from dashboard.services import pictures
from dashboard.services.jobs import READING, Cancel, Job, submit
from dashboard.state import CASE, held
from evaluation.words import in_sentence
from imaging.bundled import bundled_cases, load_bundled
from imaging.read import frame_count, read_case

MAX_UPLOADS = 12
MAX_UPLOADED_BYTES = 512 << 20


@dataclass(eq=False)
class Entry:
    """One line of the worklist: a case and what it is called here.

    slug names a bundled case in an address; data, frames and frame are those of an upload.
    """

    case: Case
    title: str = ""
    slug: str = ""
    data: bytes = b""
    frames: int = 1
    frame: int = 0

    @property
    def uploaded(self) -> bool:
        """Whether it came from the user."""
        return bool(self.data)

    @property
    def address(self) -> str:
        """What stands for it in a link: the slug of a bundled case, and the content hash of an upload."""
        return self.slug or self.case.id

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
        return pictures.picture(self.case, pictures.shown(self.case))


@lru_cache(maxsize=1)
def bundled() -> tuple[Entry, ...]:
    """Entries of all bundled cases, kind by kind."""
    return tuple(_by_kind(Entry(load_bundled(case.key), case.title, case.key) for case in bundled_cases()))


def _by_kind(entries: Iterable[Entry]) -> list[Entry]:
    """Each kind of picture together, otherwise as they come."""
    return sorted(entries, key=lambda entry: list(MODALITIES).index(entry.case.modality))


Outcomes: TypeAlias = list[Entry | InputError]


@dataclass(eq=False)
class Reading:
    """Files under way; replaces is the entry that is read again."""

    job: Job[Outcomes]
    replaces: Entry | None = None


@dataclass
class Uploads:
    """What one session uploaded, newest first; the oldest leave when there are too many. Names are never kept."""

    entries: list[Entry] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    _readings: deque[Reading] = field(default_factory=deque)
    _count: int = 0

    @property
    def job(self) -> Job[Outcomes] | None:
        """What is being read now, if anything; more may wait behind it."""
        return self._readings[0].job if self._readings else None

    def read(self, files: Sequence[bytes], listening: Callable[[], bool]) -> None:
        """Read files in the background; see collect."""

        def work(report: Report, cancel: Cancel) -> Outcomes:
            outcomes: Outcomes = []
            for data in files:
                if cancel.is_set():
                    raise Cancelled
                outcomes.append(_read(data))
                report(len(outcomes) / len(files))
            return outcomes

        self._begin(Reading(submit(work, listening, READING)))

    def reread(self, entry: Entry, frame: int, modality: Modality, listening: Callable[[], bool]) -> None:
        """Read the file of an entry again, as another frame or kind of picture, to replace it; see collect."""

        def work(report: Report, cancel: Cancel) -> Outcomes:
            return [_read(entry.data, frame, modality)]

        self._begin(Reading(submit(work, listening, READING), replaces=entry))

    def stop(self) -> None:
        """The user pressed Cancel."""
        while self._readings:
            self._readings.popleft().job.cancel.set()

    def collect(self) -> Entry | None:
        """Take in what has been read: the newest entry. What can't be read leaves a sentence in refused."""
        newest = None
        while self._readings and self._readings[0].job.finished:
            newest = self._take_in(self._readings.popleft()) or newest
        while len(self.entries) > 1 and self._too_much():
            self.entries.pop()
        return newest

    def _begin(self, reading: Reading) -> None:
        self.refused = []
        self._readings.append(reading)

    def _take_in(self, reading: Reading) -> Entry | None:
        outcomes = reading.job.result or []
        refusals = (outcome for outcome in (*outcomes, reading.job.error) if isinstance(outcome, SecondLookError))
        self.refused.extend(map(str, refusals))
        entries = [outcome for outcome in outcomes if isinstance(outcome, Entry)]
        for entry in entries:
            if reading.replaces in self.entries:
                entry.title = reading.replaces.title
                self.entries[self.entries.index(reading.replaces)] = entry
            else:
                self._count += 1
                entry.title = f"Upload {self._count}"
                self.entries = [entry, *(older for older in self.entries if older.case.id != entry.case.id)]
        return entries[-1] if entries else None

    def _too_much(self) -> bool:
        arrays = [entry.case.pixels for entry in self.entries]
        arrays += [entry.case.grays.values for entry in self.entries if entry.case.grays]
        size = sum(array.nbytes for array in arrays) + sum(len(entry.data) for entry in self.entries)
        return len(self.entries) > MAX_UPLOADS or size > MAX_UPLOADED_BYTES


def _read(data: bytes, frame: int = 0, modality: Modality | None = None) -> Entry | InputError:
    try:
        entry = Entry(read_case(data, frame=frame, modality=modality), data=data, frames=frame_count(data), frame=frame)
        _ = entry.thumbnail, entry.picture  # drawn here, where it holds up nobody
    except InputError as error:
        return error
    return entry


def worklist_entries() -> list[Entry]:
    """Uploads of this session, newest first, then the bundled cases, both kind by kind; each content once."""
    known = {entry.case.id for entry in bundled()}
    return [*_by_kind(entry for entry in held(Uploads).entries if entry.case.id not in known), *bundled()]


def first_case(modality: Modality | None = None) -> str | None:
    """Id of the case that is shown until another is chosen: the first with a finding, where there is one. Of this kind
    only, where one is given; then None if there is none."""
    entries = [entry for entry in worklist_entries() if modality in (None, entry.case.modality)]
    with_finding = (entry for entry in entries if any(entry.case.truth.values()))
    first = next(with_finding, next(iter(entries), None))
    return first.case.id if first else None


def current_entry() -> Entry | None:
    """The case that is chosen, or that is shown where none is; None where there are no cases at all."""
    entries = {entry.case.id: entry for entry in worklist_entries()}
    return entries.get(st.session_state.get(CASE) or "") or entries.get(first_case() or "")
