"""Kill a process at one point after the other, and look each time at what a fresh one makes of the file."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .checking import Outcome, interrupted, life_problems, outcome, standing_problems, untouched_problems
from .jobs import Ended, Job
from .processes import Zygote
from .world import World, opened, receiver_of

MAX_POINTS = 2_000  # a process that passes more is lost
AT_ONCE = 16  # processes


@dataclass(frozen=True, kw_only=True)
class Crash:
    """One process that was killed, and what a fresh one found."""

    label: str  # the point
    accepted: bool  # whether the plan was accepted
    interrupted: tuple[int, ...]  # the actions that were started, with no word of what came of them
    left: tuple[str, ...]  # what the receiver had got from these: "begins", "ends"
    statuses: tuple[str, ...]  # where the actions stood once the fresh process had gone on
    problems: tuple[str, ...]


def copy_world(template: Path, folder: Path) -> Path:
    """A copy of the *template* database and all that is beside it, in the new *folder*."""
    shutil.copytree(template.parent, folder)
    copied = folder / template.name
    before, after = receiver_of(template), receiver_of(copied)
    if before is not None and after is not None:
        after.copy_from(before.box)
    return copied


def whole_life(template: Path, folder: Path, plan: str) -> Outcome:
    """How *plan* ends when nothing disturbs it."""
    with opened(copy_world(template, folder)) as world:
        world.live(plan)
        return outcome(world)


def crash_everywhere(
    zygote: Zygote, template: Path, folder: Path, job: Job, whole: Outcome, looking: "Look | None" = None
) -> Iterator[Crash]:
    """Kill a process that does *job* on a copy of *template* at its first point, another at its second, until one survives.

    Some are let loose at once, each on a copy of its own, so that there is one to look at while others run.
    """
    for first in range(1, MAX_POINTS, AT_ONCE):
        points = range(first, first + AT_ONCE)
        databases = [copy_world(template, folder / str(point)) for point in points]
        started = zygote.start(*(replace(job, database=str(d), point=n) for n, d in zip(points, databases, strict=True)))
        survived = False
        for process, database in zip(started, databases, strict=True):
            ended = zygote.wait(process)
            assert ended.error is None, ended
            if ended.signal is None:
                survived = True
            else:
                assert not survived, "a process was killed at a later point than another one has"
                yield (looking or look)(database, job.plan, ended, whole)
            shutil.rmtree(database.parent)
        if survived:
            return
    raise AssertionError(f"{job} passes more than {MAX_POINTS} points")


def crash_once(zygote: Zygote, template: Path, folder: Path, job: Job, whole: Outcome, looking: "Look | None" = None) -> Crash:
    """Kill a process that does *job* on a copy of *template* at the point that the job names."""
    database = copy_world(template, folder)
    (ended,) = zygote.run(replace(job, database=str(database)))
    assert ended.signal is not None, ended
    return (looking or look)(database, job.plan, ended, whole)


def look(database: Path, plan: str, ended: Ended, whole: Outcome) -> Crash:
    """Open the file that a process left which *ended* early, go on with it twice, and compare with the *whole* life."""
    with opened(database) as world:
        return look_at(world, plan, ended.label, whole)


def look_at(world: World, plan: str, label: str, whole: Outcome) -> Crash:
    """The same for a file that is open."""
    problems: list[str] = []
    accepted = bool(world.plans())
    started = interrupted(world)
    if not accepted:
        problems += untouched_problems(world)
        world.submit(plan)
    left = outcome(world).notices_of(started)
    world.go_on()
    problems += life_problems(world, whole, started)
    ending = outcome(world)
    if ending.notices_of(started) != left:
        problems.append(f"what was interrupted ran again: {ending.notices_of(started)} after {left}")
    world.resume()
    if outcome(world) != ending:
        problems.append(f"resuming once more changed {ending} to {outcome(world)}")
    return Crash(
        label=label,
        accepted=accepted,
        interrupted=tuple(started),
        left=tuple(line.partition(" ")[2] for line in left),
        statuses=ending.statuses,
        problems=tuple(problems),
    )


def look_outside(database: Path, plan: str, ended: Ended, whole: Outcome) -> Crash:
    """The same for actions that may be tried again: all end as in the *whole* life but an OPAQUE one that was interrupted."""
    with opened(database) as world:
        return look_outside_at(world, plan, ended.label, whole)


def look_outside_at(world: World, plan: str, label: str, whole: Outcome) -> Crash:
    """The same for a file that is open."""
    problems: list[str] = []
    accepted = bool(world.plans())
    started = interrupted(world)
    if not accepted:
        problems += untouched_problems(world)
        world.submit(plan)
    world.go_on()
    problems += standing_problems(world)
    ending = outcome(world)
    doubted = {number for number in started if whole.plan.action(number).effect == "opaque"}
    wanted = tuple("in_doubt" if number in doubted else status for number, status in enumerate(whole.statuses, 1))
    if ending.statuses != wanted:
        problems.append(f"the actions are {ending.statuses}, not {wanted}")
    world.resume()
    if outcome(world) != ending:
        problems.append(f"resuming once more changed {ending} to {outcome(world)}")
    return Crash(
        label=label,
        accepted=accepted,
        interrupted=tuple(started),
        left=(),
        statuses=ending.statuses,
        problems=tuple(problems),
    )


Look = Callable[[Path, str, Ended, Outcome], Crash]
