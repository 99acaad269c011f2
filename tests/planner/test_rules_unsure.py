"""Requests of the development set, and paraphrases, that are planned, altered so that nothing may be done: then nothing is."""

import json
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from signoff.actions import Effect, bank_registry
from signoff.actor import Actor
from signoff.planner import RulesPlanner

RULES = RulesPlanner(bank_registry())
DANA = Actor(id="dana")
DATA = Path(__file__).parent / "data"
DEVELOPMENT = (DATA / "development.jsonl").read_text(encoding="utf-8").splitlines()
PARAPHRASES = (DATA / "paraphrases.jsonl").read_text(encoding="utf-8").splitlines()[::6]


def changes_something(request: str) -> bool:
    """Whether *request* is planned with an action that does more than read."""
    plan = RULES.plan(request, DANA).plan
    return plan is not None and any(one.action.effect is not Effect.READ for one in plan.actions)


MOVING = [text for text in (json.loads(line)["text"] for line in DEVELOPMENT + PARAPHRASES) if changes_something(text)]

NEGATED = """
don't {} | do not {} | please don't {} | please do not {} | never {} | you must not {} | i don't want to {}
i don't want you to {} | i do not need to {} | no need to {} | stop, {} | don't you dare {} | dont {} | donot {}
please never {} | i refuse to {} | i no longer want to {} | i'd rather not {} | instead of this: {}
anything but this: {} | cancel this: {} | {} not | not {} | {}, not | {}. No | {}, no wait | {} - never mind
{}. Never mind. | {}. Cancel that | {}, just kidding | {}? No! | {} (do not do this)
"""
PAST = """
i already did: {} | yesterday i asked you to {} | did you {} | why did you {} | have you managed to {} | i had to {}
i used to {} | you were asked to {} | i told you to {} | i forgot to {} | thanks for the offer to {}
{} was what i said yesterday | {} yesterday
"""
ASKED = """
how do i {} | how can i {} | how would you {} | should i {} | can i {} | could i {} | may i {} | what if i {}
what happens if i {} | is it possible to {} | is it safe to {} | do i need to {} | do i have to {} | when can i {}
where do i {} | why should i {} | {}, or not | what does it cost to {} | are you able to {} | do you know how to {}
tell me how to {} | who can {} | is there a way to {} | {}, should i | what would happen if you were to {}
would it be wise to {} | i wonder whether to {} | i am not sure whether to {}
"""
LATER = """
{} tomorrow | {} next week | {} every month | {} on friday | {} in two days | {} later | {} at 5 pm | {} monthly
tomorrow {} | every week {} | on monday {} | {} when i get paid | {} after payday | {} by friday | {} once a month
next year {} | someday {}
"""
CONDITIONED = """
if i get paid {} | if possible at all {} | {} if i have enough | {} unless i am broke | {} provided it is cheap
{} in case she asks | maybe {} | perhaps {} | {} maybe | suppose you {} | imagine i said {} | {}, hypothetically
unless i call {} | {} or {} | either {} or nothing
"""
WHOLE = [
    form.strip() for forms in (NEGATED, PAST, ASKED, LATER, CONDITIONED) for line in forms.split("\n") for form in line.split("|")
]


def test_the_development_set_has_what_moves_money() -> None:
    """What the tests below alter is not empty."""
    assert len(MOVING) > 100


@pytest.mark.parametrize("form", [form for form in WHOLE if form])
def test_what_may_not_be_done_is_not_done(form: str) -> None:
    """Forbidden, asked about, told, put off or made conditional, a request that would be done moves no money."""
    assert [text for text in MOVING if changes_something(form.replace("{}", text))] == []


@pytest.mark.parametrize(
    "word", ["not", "never", "don't", "no", "yesterday", "tomorrow", "if", "unless", "maybe", "half", "or", "without"]
)
def test_one_word_anywhere_is_enough_to_ask(word: str) -> None:
    """A word that forbids, postpones, limits or doubts is never overlooked, wherever it stands in a request."""
    assert [altered for text in MOVING[::3] for altered in _with(text, word) if changes_something(altered)] == []


def _with(text: str, word: str) -> Iterator[str]:
    words = text.split()
    for place in range(len(words) + 1):
        yield " ".join([*words[:place], word, *words[place:]])


def test_a_request_beside_one_that_is_not_understood_is_not_done() -> None:
    """Whatever stands beside it, a sentence that is not understood stops all of the request."""
    for text in MOVING[::3]:
        for other in ("what is this", "the moon is full", "don't do it", "i changed my mind", "forget that"):
            assert not changes_something(f"{text}. {other}"), (text, other)
            assert not changes_something(f"{other}. {text}"), (text, other)
            assert not changes_something(f"{other} and {text}"), (text, other)


def test_two_requests_are_both_done_or_asked_about() -> None:
    """Two requests in one are planned with the actions of both, or not at all."""
    for first, second in pairwise(MOVING):
        plan = RULES.plan(f"{first}. {second}", DANA).plan
        apart = [RULES.plan(text, DANA).plan for text in (first, second)]
        if plan is not None:
            assert [one.action for one in plan.actions] == [one.action for each in apart if each for one in each.actions]
