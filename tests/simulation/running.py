"""Runs a world from its seed to its end, and tells what broke in it, with how to see that again."""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

from signoff import Actor, outside
from signoff.audit import ApprovalStatus, Entry, Status, Store
from signoff.errors import Refused
from tests.files import write_files
from tests.properties.world import MEMORY

from .bank import PEOPLE, STAGE, new_files
from .laws import State, acknowledged_problems, end_problems, read_state, standing_problems
from .process import ROBOT, Process
from .receiver import SKEW
from .simulation import Simulation

STEPS = 90  # of one world
ROUNDS = 8  # in which everybody does their part at the end
LOOKS = 10  # steps between two looks at all laws
TOLD = 60  # lines of what happened last


class LawBroken(AssertionError):
    """A law does not hold in a simulated world."""


def simulate(seed: int, steps: int = STEPS) -> list[Entry]:
    """Let the world of *seed* live, and return its log. Raises LawBroken, which says how to see it again."""
    with _world(seed, steps) as (simulation, observer):
        try:
            _live(simulation, observer)
        except Exception as error:
            lines = "\n".join(simulation.told[-TOLD:])
            again = f"seed {seed}, {steps} steps; see it again: make simulate SEED={seed} STEPS={steps}"
            raise LawBroken(f"{type(error).__name__}: {error}\n{again}\n{lines}") from error
        with observer.read() as tx:
            return tx.entries()


@contextmanager
def _world(seed: int, steps: int) -> Iterator[tuple[Simulation, Store]]:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        database = Path(folder) / "signoff.db"
        write_files(database, new_files())
        simulation = Simulation(seed, database, steps)
        STAGE.append(simulation)
        try:
            with (
                patch.object(outside, "Call", simulation.call),
                Store.open(database, create=False, clock=lambda: simulation.now) as observer,
            ):
                yield simulation, observer
        finally:
            STAGE.pop()
            simulation.end()


def log_digest(entries: Sequence[Entry]) -> str:
    """What tells one log from another."""
    return hashlib.sha256(b"\n".join(entry.body for entry in entries)).hexdigest()


def _live(simulation: Simulation, observer: Store) -> None:
    seen: list[bytes] = []
    looks = 0
    while simulation.left > 0:
        simulation.step()
        looks += 1
        if looks % LOOKS:
            _glance(observer, seen)
        else:
            _look(simulation, observer, seen)
    _come_to_an_end(simulation)
    _check(end_problems(_look(simulation, observer, seen)))


def _glance(observer: Store, seen: list[bytes]) -> None:
    """Remember what was committed by now: it may not change any more."""
    with observer.read() as tx:
        seen += [entry.body for entry in tx.entries_after(len(seen), 10_000)]
        assert tx.newest_number() == len(seen), "the log lost entries"


def _look(simulation: Simulation, observer: Store, seen: list[bytes]) -> State:
    """Check all laws that hold at any time."""
    _glance(observer, seen)
    with observer.read() as tx:
        state = read_state(tx)
    assert [entry.body for entry in state.entries] == seen, "the log does not go on from what it was"
    _check(standing_problems(state, simulation.receiver))
    _check(acknowledged_problems(state, simulation.acknowledged))
    return state


def _check(problems: Iterator[str]) -> None:
    found = list(problems)
    assert not found, "; ".join(found)


def _come_to_an_end(simulation: Simulation) -> None:
    """Nothing fails any more: clocks are right, what is on its way arrives, people sign and resolve, and all goes on."""
    simulation.faults = False
    simulation.tell("nothing fails any more")
    simulation.pass_time(2 * SKEW)
    for process in simulation.processes:
        process.end()
        process.stands, process.skew = None, timedelta()
    simulation.receiver.on_the_way.clear()  # by now it is lost
    for process in (simulation.processes * ROUNDS)[:ROUNDS]:
        for verb in (_sign, _resolve, _go_on):
            assert simulation.act(process, partial(verb, simulation, process)), "a verb fails though nothing else does"
    simulation.pass_time(timedelta(days=3))
    assert simulation.act(process, partial(_go_on, simulation, process)), "a verb fails though nothing else does"


def _sign(simulation: Simulation, process: Process) -> None:
    """Everybody signs what they may."""
    process.take_up()
    with process.engine.store.read() as tx:
        waiting = [approval for approval, _ in tx.queue() if approval.status is ApprovalStatus.WAITING]
    for approval in waiting:
        for who in PEOPLE:
            try:
                process.engine.approve(approval.id, Actor(id=who), digest=approval.digest)
            except Refused:
                continue


def _resolve(simulation: Simulation, process: Process) -> None:
    """Everybody says of what is in doubt what is true."""
    with process.engine.store.read() as tx:
        doubted = tx.in_doubt()
    for action in doubted:
        done = bool(simulation.receiver.happened[action.key])
        for who in PEOPLE:
            with process.engine.store.read() as tx:
                plan = tx.plan(action.plan)
            if plan is None or plan.action(action.number).status is not Status.IN_DOUBT:
                break
            try:
                process.engine.resolve(action.plan, action.number, Actor(id=who), done=done, reason="seen")
            except Refused:
                continue


def _go_on(simulation: Simulation, process: Process) -> None:
    """All that can go on does."""
    process.take_up()
    process.engine.resume(ROBOT)
    process.work()
    simulation.pass_time(timedelta(minutes=2))


def main(seed: str = "0", steps: str = str(STEPS), *, quiet: bool = False) -> None:
    """Let one world live, and print what happened in it and what its log tells."""
    with _world(int(seed), int(steps)) as (simulation, observer):
        try:
            _live(simulation, observer)
        finally:
            with observer.read() as tx:
                entries = tx.entries()
            for one in () if quiet else entries:
                simulation.told.append(f"{one.number} {one.chain} {one.action or ''} {one.event} {one.data.get('error') or ''}")
            print(*([] if quiet else simulation.told), sep="\n")
            print(f"seed {seed}, {len(entries)} entries: {log_digest(entries)}")


if __name__ == "__main__":
    main(*(one for one in sys.argv[1:] if one != "--quiet"), quiet="--quiet" in sys.argv)
