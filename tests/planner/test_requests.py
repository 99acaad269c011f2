"""The rules planner, measured on requests that other people wrote (see data/README.md).

A failure tells counts and never the requests: half of them are not to be looked at.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import pytest

from signoff.actor import Actor
from signoff.planner import RulesPlanner, Verdict, read_requests, score_request

DATA = Path(__file__).parent / "data"


def verdicts_on(rules: RulesPlanner, name: str) -> Sequence[Verdict]:
    """What the answers to all requests of a file are worth."""
    requests = read_requests((DATA / name).read_bytes(), name)
    return [score_request(rules, request, Actor(id="dana"), perf_counter).verdict for request in requests]


@pytest.fixture(scope="module")
def verdicts(rules: RulesPlanner) -> Sequence[Verdict]:
    """The 120 requests, every second one of which is held out."""
    return verdicts_on(rules, "requests.jsonl")


@pytest.fixture(scope="module")
def developed(rules: RulesPlanner) -> Sequence[Verdict]:
    """The 514 requests that the planner was developed on."""
    return verdicts_on(rules, "development.jsonl")


def test_no_wrong_plan_moves_money(verdicts: Sequence[Verdict], developed: Sequence[Verdict]) -> None:
    """Of all the requests, none is answered by a wrong plan, not even by one that only tells a balance."""
    found = Counter([*verdicts, *developed])
    assert (found[Verdict.WRONG], found[Verdict.HARMLESS], found[Verdict.UNANSWERED]) == (0, 0, 0)


@pytest.mark.parametrize(("parity", "least"), [(0, 60), (1, 53)])
def test_share_of_right_answers(verdicts: Sequence[Verdict], parity: int, least: int) -> None:
    """All of the 60 lines it was developed on are right, and at least 53 of the 60 it was not (88 %)."""
    half = [verdict.is_right for verdict in verdicts[parity::2]]
    assert (len(half), sum(half) >= least) == (60, True)


def test_share_of_right_answers_to_what_it_was_developed_on(developed: Sequence[Verdict]) -> None:
    """At least 512 of the 514 requests of the development set are right (99.6 %)."""
    right = sum(verdict.is_right for verdict in developed)
    assert (len(developed), right >= 512) == (514, True)
