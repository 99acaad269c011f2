"""A process is killed at every point of a conversation, and a fresh one goes on from what is stored."""

import json
from pathlib import Path

from .checking import Outcome as Ending
from .checking import interrupted, outcome, standing_problems, untouched_problems
from .jobs import Ended, Job
from .processes import Zygote
from .sweeping import Crash, copy_world, crash_everywhere
from .talking import ROLES, talk, talk_through
from .world import World, opened

TALK = Job(verb="talk")
DONE = ("done", "done", "denied", "done", "done")
IN_DOUBT = ("done", "done", "denied", "in_doubt", "done")


def said(world: World) -> list[tuple[str, str]]:
    """Who said what in the one conversation; of a result only what it came to."""
    record = world.engine.plan(world.plans()[0])
    assert record.conversation is not None
    return [
        (one.role, json.loads(one.text)["status"] if one.role == "tool" else one.text) for one in record.conversation.messages
    ]


def look_at_talk(database: Path, plan: str, ended: Ended, whole: Ending) -> Crash:
    """Open the file that was left, go on with the conversation to its end, and once more."""
    problems: list[str] = []
    with opened(database) as world:
        accepted = bool(world.plans())
        problems += [] if accepted else untouched_problems(world)
        started = interrupted(world)
        before = said(world) if accepted else []
        talk_through(world)
        problems += standing_problems(world)
        after = said(world)
        if after[: len(before)] != before:
            problems.append(f"what was said changed from {before} to {after}")
        if tuple(role for role, _ in after) != ROLES:
            problems.append(f"the conversation is {after}")
        ending = outcome(world)
        doubted = {number for number in started if ending.plan.action(number).effect == "opaque"}
        if ending.statuses != (IN_DOUBT if doubted else DONE):
            problems.append(f"the actions are {ending.statuses}, and {started} were interrupted")
        talk(world)
        world.resume()
        if outcome(world) != ending:
            problems.append(f"going on once more changed {ending} to {outcome(world)}")
    return Crash(
        label=ended.label,
        accepted=accepted,
        interrupted=tuple(started),
        left=tuple(role for role, _ in before),
        statuses=ending.statuses,
        problems=tuple(problems),
    )


def test_a_conversation_survives_a_kill_at_every_point(zygote: Zygote, new_outside: Path, tmp_path: Path) -> None:
    """Killed anywhere: no call is run twice, nothing said is lost, and a turn that was not stored is asked for again."""
    with opened(copy_world(new_outside, tmp_path / "whole")) as world:
        talk_through(world)
        whole = outcome(world)
        assert (whole.statuses, tuple(role for role, _ in said(world))) == (DONE, ROLES)
    crashes = list(crash_everywhere(zygote, new_outside, tmp_path, TALK, whole, look_at_talk))
    assert {f"{number} {one.label}": one.problems for number, one in enumerate(crashes, 1) if one.problems} == {}
    assert {len(crash.left) for crash in crashes} == {0, 1, 2, 6, 7, 9, 10}
    assert {crash.statuses for crash in crashes} == {DONE, IN_DOUBT}
    struck = [crash.label for crash in crashes]
    assert [struck.count(point) for point in ("the model is asked", "the model has answered")] == [3, 3]
    assert min(struck.count(f"{when} the effect") for when in ("before", "in", "after")) >= 2
