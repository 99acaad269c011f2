import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import bank_registry
from signoff.actor import Actor
from signoff.errors import PlanInvalid
from signoff.planner import MAX_REQUEST, Outcome, RulesPlanner

RULES = RulesPlanner(bank_registry())
DANA = Actor(id="dana")

PIECES = [
    "a", "please ", "please, ", "hi ", "can you ", "go ahead and ", "now ", "and ", "then ", "after ",
    "if that works ", ", ", ".",
    "\n", "(", "$", "5k", "1,", "1.", "0", "9", "one ", "one hundred and ", "a hundred ", "a'", "a-", "send ", "send 5 to a ",
    "send 5 to a then ", "send a ", "bank of ", "my balance and ", "pay my x ", "how much money do i have in ",
    "é", "👀", "\u202e",
    "check my balance, ", "check ", "send 5 to a, b ", "from savings ",
    "how much ", "enough for ", "in my account ", "do i have enough in my ", "send , please ", "capital ", "a&", "transfr ",
    "would you mind ", "my friend ", "pay my credit card ", "account b ", "can you do it ", "dollers ",
    "my gas bill, pay it. ", "my gas bill, ", "it ", "there ", "savings ", "savings to checking ", "and take it from savings ",
    "use savings ", "i'd like to ", "i need $5 ", "moved ", "if ", "can i afford ", "um ", "the one ", "needs to be paid ",
    "what i need is ", "so let's do that ", "would you ", "at chase ", "my savings, how much is there. ",
]  # fmt: skip


def calls(request: str) -> int:
    """How many functions are called, and generators gone on with, while *request* is planned."""
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        RULES.plan(request, DANA)
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("piece", PIECES)
def test_work_grows_no_faster_than_length(piece: str) -> None:
    """Twice the request is at most some twice the work, and a request of full length is bounded."""
    counts = [calls(piece * (MAX_REQUEST // len(piece) // parts - 1) + "x") for parts in (8, 4, 1)]
    assert counts[1] <= 2.3 * counts[0] + 2_000, counts
    assert counts[2] <= 4.6 * counts[1] + 2_000, counts
    assert counts[2] < 500 * MAX_REQUEST


def test_a_usual_request_is_little_work() -> None:
    """A usual request takes some ten thousand calls: about a millisecond."""
    assert calls("Check my balance, then send $150 to Alice and deposit 40") < 15_000


VOCABULARY = """
send pay transfer move take put deposit withdraw check show give make get my the our a of to from in into on for with by out
balance bill money cash account savings checking Alice bob Acme Utilities electric $5 1.5k 50 fifty hundred dollars cents
and then after before if that works please thanks can you i want need it , . ? ! ( - how much do have is what's paid should be
"""
WORDS = st.lists(st.sampled_from(VOCABULARY.split()), max_size=25).map(" ".join)


@given(st.one_of(st.text(max_size=200), WORDS))
def test_any_text_gets_an_answer(request: str) -> None:
    """Whatever is asked, there is a plan or a question, or a PlanInvalid for what is empty; nothing else is raised."""
    try:
        answer = RULES.plan(request, DANA)
    except PlanInvalid:
        assert not request.strip()
        return
    assert answer.outcome in (Outcome.PLAN, Outcome.QUESTION)
    assert answer.planner == "built-in rules planner, no AI model"
    assert "\u202e" not in answer.message


PLAIN = st.sampled_from(["send $50 to Alice", "deposit 40", "pay the Acme Utilities bill", "transfer 5 to Bob from savings"])
CHANGING = st.sampled_from(
    [
        "don't",
        "never",
        "tomorrow",
        "yesterday",
        "if",
        "unless",
        "half",
        "every",
        "not",
        "maybe",
        "or",
        "except",
        "minus",
        "weekly",
    ]
)


@given(PLAIN, CHANGING, st.data())
def test_a_word_that_changes_the_meaning_is_never_overlooked(request: str, word: str, data: st.DataObject) -> None:
    """A word that negates, postpones or limits a request makes it a question, wherever it stands."""
    words = request.split()
    words.insert(data.draw(st.integers(0, len(words))), word)
    assert RULES.plan(" ".join(words), DANA).outcome is Outcome.QUESTION
