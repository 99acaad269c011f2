"""Laws of what was signed: an action that is changed after its vote never runs, and no vote counts for anything else."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import plans, voting
from signoff.actions import Action
from signoff.audit import ApprovalStatus, Status
from signoff.canonical import digest
from signoff.errors import LogInvalid, Refused
from signoff.testing import actions

from .hunting import assert_caught
from .lives import FIELDS, Life, Resume, SignTogether, Submit, asking_files, bank_plans, people, picks
from .tampering import Statement, Tamperer, tampering
from .world import REGISTRY, opened_bank, person

TABLES = ("actions", "approvals", "votes")
TAMPERERS: list[Tamperer] = []  # the one of this module's tests: a law takes no fixture

signed = st.builds(
    Life,
    asking_files,
    st.tuples(
        st.builds(Submit, bank_plans, st.just("dana"), st.none()), st.builds(SignTogether, picks), st.builds(SignTogether, picks)
    ),
)
changes = st.tuples(
    signed,
    actions(REGISTRY, fields=FIELDS, types=["transfer", "note", "call", "deposit"]),
    st.lists(st.sampled_from(TABLES), unique=True, max_size=3).map(lambda also: {"actions", *also}),
)


@pytest.fixture(scope="module", autouse=True)
def tamperer() -> Iterator[None]:
    """A process that tampers."""
    with tampering() as process:
        TAMPERERS.append(process)
        yield
        TAMPERERS.clear()


@given(changes)
def test_an_action_changed_after_its_vote_never_runs(case: tuple[Life, Action, set[str]]) -> None:
    """Changed in the file after its vote, with or without its approval and votes, an action does not run, nor does its plan."""
    life, changed, tables = case
    with opened_bank(life.file) as bank:
        for _ in bank.live(life.verbs):
            pass
        for plan in bank.plans():
            for action in plan.actions:
                if action.status is Status.APPROVED and action.body != changed.canonical():
                    TAMPERERS[0].write(bank.database, *_change(plan.id, action.number, changed, tables))
                    before = bank.effects()
                    with suppress(LogInvalid):
                        bank.do(Resume())
                    assert bank.effects() == before, f"{changed.title()} ran, and nobody signed it"
                    return


@given(st.tuples(signed, people, picks))
def test_a_vote_for_another_action_never_counts(case: tuple[Life, str, int]) -> None:
    """Whoever names the digest of another action is refused, and nothing is signed by that."""
    life, who, pick = case
    with opened_bank(life.file) as bank:
        bank.do(life.verbs[0])
        waiting = bank.approvals(ApprovalStatus.WAITING)
        if waiting:
            found = waiting[pick % len(waiting)]
            with suppress(Refused):
                bank.engine.approve(found.id, person(who), digest=digest(b"another action"))
            with bank.store.read() as tx:
                assert tx.votes(found.id) == [], "a vote counts that was for something else"


def test_a_change_that_nobody_checks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where stored plans are not checked against the log, a changed action runs on the votes for what it was."""
    monkeypatch.setattr(plans, "verify_plan", lambda *_: None)
    assert_caught(test_an_action_changed_after_its_vote_never_runs, changes, "ran, and nobody signed it")


def test_a_digest_that_nobody_checks_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where any digest is taken for that of the action, a vote counts that was for something else."""
    monkeypatch.setattr(voting, "storable", lambda what, text: _AnyDigest(text))
    assert_caught(test_a_vote_for_another_action_never_counts, st.tuples(signed, people, picks), "was for something else")


class _AnyDigest(str):
    """A digest that every other starts with."""

    def lower(self) -> str:
        """The empty text."""
        return ""


def _change(plan: str, number: int, changed: Action, tables: set[str]) -> Iterator[Statement]:
    """Make the action of a plan another one, in *tables*."""
    where = (plan, str(number))
    told = (changed.canonical().decode(), changed.digest(), changed.type, changed.effect.value)
    yield (
        "UPDATE actions SET body = CAST(? AS BLOB), digest = ?, type = ?, effect = ? WHERE plan = ? AND number = ?",
        (*told, *where),
    )
    if "approvals" in tables:
        yield "UPDATE approvals SET digest = ? WHERE plan = ? AND number = ?", (changed.digest(), *where)
    if "votes" in tables:
        mine = "SELECT id FROM approvals WHERE plan = ? AND number = ?"
        yield f"UPDATE votes SET digest = ? WHERE approval IN ({mine})", (changed.digest(), *where)
