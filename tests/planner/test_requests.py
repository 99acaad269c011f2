"""The rules planner, measured on requests that other people wrote (see data/README.md)."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from signoff.actor import Actor
from signoff.canonical import Json
from signoff.planner import RulesPlanner

LINES = (Path(__file__).parent / "data" / "requests.jsonl").read_text(encoding="utf-8").splitlines()


@dataclass(frozen=True)
class Scored:
    """One request, what was planned, and whether that is acceptable."""

    text: str
    plan: Sequence[Mapping[str, Json]]
    right: bool


def score(rules: RulesPlanner, line: str) -> Scored:
    """Plan one line's request and compare."""
    labelled = json.loads(line)
    answer = rules.plan(labelled["text"], Actor(id="dana"))
    plan = [planned.wire() for planned in answer.plan.actions] if answer.plan else []
    return Scored(labelled["text"], plan, any(is_same(label, plan) for label in labelled["plans"]))


def is_same(label: Sequence[Mapping[str, str]], plan: Sequence[Mapping[str, Json]]) -> bool:
    """Whether *plan* is what *label* says; fields that the label leaves out are not compared, nor is case."""
    return len(label) == len(plan) and all(
        str(action.get(name)).casefold() == value.casefold()
        for wanted, action in zip(label, plan, strict=True)
        for name, value in wanted.items()
    )


@pytest.fixture(scope="module")
def scored(rules: RulesPlanner) -> list[Scored]:
    """All 120 lines, scored."""
    return [score(rules, line) for line in LINES]


def test_no_wrong_plan_moves_money(scored: list[Scored]) -> None:
    """Of all the requests, none is answered by a wrong plan that does more than tell a balance."""
    wrong = [one for one in scored if not one.right and any(action["type"] != "check_balance" for action in one.plan)]
    assert wrong == []


@pytest.mark.parametrize(("parity", "least"), [(0, 58), (1, 46)])
def test_share_of_right_answers(scored: list[Scored], parity: int, least: int) -> None:
    """At least 58 of the 60 lines it was developed on are right (97 %), and 46 of the 60 it was not (77 %)."""
    half = scored[parity::2]
    assert len(half) == 60
    assert sum(one.right for one in half) >= least
