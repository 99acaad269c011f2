"""The rules planner, measured on requests that were written for it (see data/README.md)."""

from collections import Counter
from pathlib import Path
from time import perf_counter

import pytest

from signoff.actor import Actor
from signoff.planner import RulesPlanner, Verdict, read_requests, score_request

DATA = Path(__file__).parent / "data"

# Of each file: how many requests it holds, and how many answers at least are right.
FILES = [
    ("paraphrases.jsonl", 985, 974),
    ("paraphrases_held_out.jsonl", 332, 303),
    ("others.jsonl", 239, 182),
    ("near_misses.jsonl", 415, 415),
]


@pytest.mark.parametrize(("name", "requests", "least"), FILES)
def test_share_of_right_answers(rules: RulesPlanner, name: str, requests: int, least: int) -> None:
    """The share of right answers does not fall, and no wrong plan moves money."""
    labelled = read_requests((DATA / name).read_bytes(), name)
    found = Counter(score_request(rules, one, Actor(id="dana"), perf_counter).verdict for one in labelled)
    right = sum(count for verdict, count in found.items() if verdict.is_right)
    assert (len(labelled), found[Verdict.WRONG], found[Verdict.UNANSWERED]) == (requests, 0, 0)
    assert right >= least, found
