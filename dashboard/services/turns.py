"""Who computes when: one job at a time, and at each step the session that has waited longest is next.

A step lasts from one report of a job to its next, which is one pass through a model or less; so between two steps of
one's own there is at most one of each other session. The jobs of a session keep the order in which they came. Jobs in
the background get their turn only while no other job wants it, and no page is being drawn.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

QUIET_SECONDS = 0.5  # in which a browser draws what it was sent


class Turns:
    """A line of jobs, and the threads they run in, each prepared once.

    A job that has begun keeps its thread until it ends. So at most `threads` sessions take turns; whoever comes then
    waits until one of their jobs has ended. In the background nothing begins before all that was begun has ended.
    """

    def __init__(self, name: str, threads: int, prepare: Callable[[], None] | None = None) -> None:
        self.changed = threading.Condition()
        self.line: list[Turn] = []  # whoever has waited longest comes first
        self.holder: Turn | None = None
        self._pages = 0
        self._threads = threads
        self._pool = ThreadPoolExecutor(threads, name, prepare)

    def join(self, session: Hashable, background: bool, begin: Callable[[Turn], object]) -> Turn:
        """Get in line; when its turn has come, begin is called in a thread, which ends with leave()."""
        turn = Turn(self, session, background, begin)
        with self.changed:
            self.line.append(turn)
            self.pass_on()
        return turn

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """While a page is drawn, and some time after, nothing computes in the background."""
        self._count_page(1)
        try:
            yield
        finally:
            timer = threading.Timer(QUIET_SECONDS, self._count_page, (-1,))
            timer.daemon = True
            timer.start()

    def _count_page(self, change: int) -> None:
        with self.changed:
            self._pages += change
            self.pass_on()

    def pass_on(self) -> None:
        """Give the turn, where nobody has it, to whoever is next; `changed` is held."""
        while self.holder is None and (turn := next(self._ready(), None)) is not None:
            self.holder = turn
            self.changed.notify_all()
            if not turn.begun:
                turn.begun = True
                try:
                    self._pool.submit(turn.begin, turn)
                except RuntimeError:  # the process is ending
                    self.line.remove(turn)
                    self.holder = None

    def _ready(self) -> Iterator[Turn]:
        begun = sum(turn.begun for turn in self.line)
        for background, room in ((False, begun < self._threads), (True, begun == 0)):
            if background and self._pages:
                return
            sessions: set[Hashable] = set()
            for turn in self.line:
                if turn.background == background and turn.session not in sessions:
                    sessions.add(turn.session)
                    if not turn.away and (turn.begun or room):
                        yield turn


@dataclass(eq=False)
class Turn:
    """The place of a job in the line; all but call_off and promote are for the thread of the job alone."""

    turns: Turns
    session: Hashable
    background: bool
    begin: Callable[[Turn], object]
    begun: bool = False
    away: bool = False
    called_off: bool = False

    def step(self) -> None:
        """Let others compute, and come back when it is its turn again, or when it is called off."""
        with self.turns.changed:
            if self.turns.holder is self:
                self._give_up()
                self._wait()

    def go_away(self) -> None:
        """Let others compute from now on, until come_back."""
        with self.turns.changed:
            self.away = True
            self._give_up()

    def come_back(self) -> None:
        """Wait for its turn, or until it is called off."""
        with self.turns.changed:
            self.away = False
            self.turns.pass_on()
            self._wait()

    def leave(self) -> None:
        """The job computes no more."""
        with self.turns.changed:
            self.turns.line.remove(self)
            self._give_up()
            self.turns.pass_on()

    def call_off(self) -> bool:
        """Don't let the job wait any longer, for nobody wants its result; whether it had not begun, and never will."""
        with self.turns.changed:
            self.called_off = True
            self.turns.changed.notify_all()
            waiting = self in self.turns.line and not self.begun
            if waiting:
                self.turns.line.remove(self)
            return waiting

    def promote(self) -> None:
        """Out of the background."""
        with self.turns.changed:
            self.background = False
            self.turns.pass_on()

    @property
    def others(self) -> int:
        """How many other sessions want to compute now."""
        with self.turns.changed:
            return len({turn.session for turn in self.turns.line if not turn.background} - {self.session})

    def _give_up(self) -> None:
        if self.turns.holder is self:
            self.turns.line.sort(key=lambda turn: turn.session == self.session)  # stable: its jobs keep their order
            self.turns.holder = None
            self.turns.pass_on()

    def _wait(self) -> None:
        self.turns.changed.wait_for(lambda: self.turns.holder is self or self.called_off)
