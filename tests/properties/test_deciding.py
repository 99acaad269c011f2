"""Laws of what may run: what a rule denies never does, and what must be approved only when the seats are filled."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff import deciding, signers, stepping
from signoff.audit import PlanRecord, Reading, Status, Vote, Writing
from signoff.canonical import Json
from signoff.deciding import judge
from signoff.policies import Decision, DecisionEffect, Seating
from signoff.policies.combining import Combining
from signoff.policies.rule import Rule
from signoff.testing import PolicyFile

from .hunting import assert_caught
from .lives import AddRule, Dismiss, Life, Submit, asked_twice, asking_files, files, lives, people, signed_then, submissions
from .semantics import can_fill, wanted
from .world import Bank, opened_bank

denials = st.builds(AddRule, st.just(DecisionEffect.DENY), st.just(1))
STRICTNESS = {"allow": 0, "approve": 1, "deny": 2}


@given(lives)
def test_what_a_rule_denies_never_runs(life: Life) -> None:
    """Whatever happens, no action has an effect that the rules in force deny."""
    with opened_bank(life.file) as bank:
        for moment in bank.live(life.verbs):
            for plan, action in moment.ran:
                assert wanted(bank.file, plan, action, bank.clock()).effect is not DecisionEffect.DENY, (
                    f"{action.title} ran, and is denied"
                )


@given(lives)
def test_nothing_runs_before_its_seats_are_filled(life: Life) -> None:
    """What the rules in force want approved has an effect only when people fill every seat, each one, by the routes asked."""
    with opened_bank(life.file) as bank:
        for moment in bank.live(life.verbs):
            for plan, action in moment.ran:
                want = wanted(bank.file, plan, action, bank.clock())
                if want.effect is DecisionEffect.APPROVE:
                    votes = _votes(bank, _used(bank, plan, action.number))
                    assert bank.file.claimed, f"{action.title} ran, and nobody's vote counts"
                    assert can_fill(bank.file, want, plan.requester.id, votes), (
                        f"{action.title} ran, signed by {votes} for {want}"
                    )


@given(lives)
def test_what_is_asked_is_what_the_rules_ask(life: Life) -> None:
    """An approval asks for the largest count of each role that a matching rule names, within the shortest time."""
    with opened_bank(life.file) as bank:
        for moment in bank.live(life.verbs):
            for approval in moment.asked:
                (plan,) = (plan for plan in bank.plans() if plan.id == approval.plan)
                want = wanted(bank.file, plan, plan.action(approval.number), approval.asked)
                assert approval.seats == want.seats, f"{approval.seats} are asked, and {want.seats} are wanted"
                assert approval.expires - approval.asked == timedelta(hours=want.hours), "another time is given"
                minutes = {
                    seat: {who: seconds // 60 for who, seconds in others.items()} for seat, others in approval.stand_ins.items()
                }
                assert (approval.own_vote, minutes) == (want.own_vote, want.stand_ins), "others may sign"


@given(st.tuples(files.filter(lambda file: file.rules), submissions))
def test_one_more_rule_lets_nothing_more_through(case: tuple[PolicyFile, Submit]) -> None:
    """With one more approve or deny rule, each action of a plan is decided as strictly or stricter, and no seat is lost."""
    file, submitted = case
    *others, added = file.rules
    if added.effect is DecisionEffect.ALLOW:
        added = replace(added, effect=DecisionEffect.DENY)
    before = _first_decisions(replace(file, rules=tuple(others)), submitted)
    after = _first_decisions(replace(file, rules=(*others, added)), submitted)
    for one, other in zip(before, after, strict=True):
        assert STRICTNESS[other["effect"]] >= STRICTNESS[one["effect"]], f"{one} became {other}"
        if other["effect"] == "approve":
            assert all(other["seats"].get(role, 0) >= count for role, count in one["seats"].items()), f"{one} became {other}"
        if other["effect"] == one["effect"] == "approve":
            assert one.get("own_vote") or not other.get("own_vote"), f"{one} became {other}"
            assert all(_is_kept(one, role, who, after) for role, who, after in _stand_ins(other)), f"{one} became {other}"


@given(files.flatmap(lambda file: st.tuples(st.just(file), st.permutations(file.rules), submissions)))
def test_the_order_of_rules_never_matters(case: tuple[PolicyFile, Sequence[Any], Submit]) -> None:
    """With its rules in another order, a file decides every action of a plan in the same way."""
    file, order, submitted = case
    before, after = (_first_decisions(one, submitted) for one in (file, replace(file, rules=tuple(order))))
    for one, other in zip(before, after, strict=True):
        assert _sorted(one) == _sorted(other), f"{one} became {other}"


def test_a_denial_that_allows_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where deny rules count as allow rules, something that is denied runs."""
    finish = Combining.finish

    def allow_instead(
        self: Combining, matched: tuple[Rule, ...], failed: tuple[Rule, ...], caution: str | None = None
    ) -> Decision:
        turned = (replace(rule, effect=DecisionEffect.ALLOW) if rule.effect is DecisionEffect.DENY else rule for rule in matched)
        return finish(self, tuple(turned), failed, caution)

    monkeypatch.setattr(Combining, "finish", allow_instead)
    assert_caught(test_what_a_rule_denies_never_runs, lives, "ran, and is denied")


def test_a_decision_that_is_not_made_again_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an action is not decided again before it runs, it runs although the rules in force by then deny it."""

    def judge_once(*arguments: Any) -> Any:
        judged = judge(*arguments)
        allowed = replace(judged.decision, effect=DecisionEffect.ALLOW)
        return replace(judged, decision=allowed)

    monkeypatch.setattr(stepping, "judge", judge_once)
    assert_caught(test_what_a_rule_denies_never_runs, signed_then(denials), "ran, and is denied")


def test_a_vote_too_few_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first vote fills all seats, something runs that others should have signed, too."""
    monkeypatch.setattr(signers.Signers, "seating", lambda *_: Seating(filled={}, complete=True, used=()))
    monkeypatch.setattr(stepping, "votes_serve", lambda *_: True)
    assert_caught(test_nothing_runs_before_its_seats_are_filled, signed_then(), "ran, signed by")


def test_a_voter_who_lost_the_role_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the roles in force when a vote is used do not matter, something runs on the vote of somebody who lost theirs."""
    monkeypatch.setattr(signers.Signers, "fill", lambda *_: True)
    dismissals = st.builds(Dismiss, people)
    assert_caught(test_nothing_runs_before_its_seats_are_filled, signed_then(dismissals, dismissals), "ran, signed by")


def test_votes_for_other_seats_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where votes serve whatever is wanted by now, an action runs without the seats that changed rules want."""
    monkeypatch.setattr(stepping, "votes_serve", lambda *_: True)
    more = st.builds(AddRule, st.just(DecisionEffect.APPROVE), st.integers(1, 3))
    assert_caught(test_nothing_runs_before_its_seats_are_filled, signed_then(more), "ran, signed by")


def test_a_vote_that_serves_twice_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where votes count for every approval of the same action, one plan runs on what was signed in another."""
    votes = Reading.votes

    def of_same_digest(tx: Reading, approval: str) -> list[Vote]:
        found = tx.approval(approval)
        plans = [tx.approvals_of(id_) for id_ in tx.plans()]
        same = [other for approvals in plans for other in approvals if found and other.digest == found.digest]
        return [replace(vote, used=None) for other in same for vote in votes(tx, other.id)]

    monkeypatch.setattr(Reading, "votes", of_same_digest)
    monkeypatch.setattr("signoff.plans.verify_plan", lambda *_: None)
    monkeypatch.setattr("signoff.deciding._check_seat", lambda *_: None)
    monkeypatch.setattr(Writing, "use_votes", lambda *_: None)
    assert_caught(test_nothing_runs_before_its_seats_are_filled, asked_twice, "ran, signed by")


def test_the_requesters_own_vote_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a requester may sign their own action, it runs on that vote."""
    monkeypatch.setattr(signers, "fold_name", lambda _: object())
    assert_caught(test_nothing_runs_before_its_seats_are_filled, signed_then(), "ran, signed by {'dana'")


def test_an_identity_that_only_claims_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where claimed identities always vote, something runs under a file that does not let them."""
    for module in (deciding, signers):
        monkeypatch.setattr(module, "identity_counts", lambda policy, actor: True)
    assert_caught(test_nothing_runs_before_its_seats_are_filled, signed_then(), "ran, and nobody's vote counts")


def test_seats_that_do_not_combine_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the first matching rule is asked, the approval lacks a seat that another rule wants."""
    approval = Combining._approval
    monkeypatch.setattr(
        Combining,
        "_approval",
        lambda self, asking, failed, caution, *, granted: approval(self, asking[:1], failed, caution, granted=granted),
    )
    assert_caught(test_what_is_asked_is_what_the_rules_ask, signed_then(), "are wanted")


def test_a_rule_that_loosens_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where an approve rule grants what it speaks for, adding one lets through what was denied."""
    finish = Combining.finish

    def grant(self: Combining, matched: tuple[Rule, ...], failed: tuple[Rule, ...], caution: str | None = None) -> Decision:
        asking = [rule for rule in matched if rule.effect is DecisionEffect.APPROVE]
        granting = tuple(replace(rule, effect=DecisionEffect.ALLOW) for rule in asking)
        return finish(self, (*matched, *granting), failed, caution)

    monkeypatch.setattr(Combining, "finish", grant)
    assert_caught(
        test_one_more_rule_lets_nothing_more_through, st.tuples(files.filter(lambda file: file.rules), submissions), "became"
    )


def test_an_order_that_matters_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first rule that matches wins, another order decides otherwise."""
    finish = Combining.finish
    monkeypatch.setattr(
        Combining, "finish", lambda self, matched, failed, caution=None: finish(self, matched[:1], failed, caution)
    )
    shuffled = asking_files.flatmap(lambda file: st.tuples(st.just(file), st.permutations(file.rules), submissions))
    assert_caught(test_the_order_of_rules_never_matters, shuffled, "became")


def _used(bank: Bank, plan: PlanRecord, number: int) -> str:
    """The approval whose votes an action used when it was started last."""
    with bank.store.read() as tx:
        started = [entry for entry in tx.entries(plan.id) if (entry.event, entry.action) == (Status.EXECUTING, number)]
    return str(started[-1].data.get("approval"))


def _votes(bank: Bank, id_: str) -> dict[str, float]:
    """Who has signed an approval, and how many minutes after it was asked for."""
    asked = {approval.id: approval.asked for approval in bank.approvals()}
    return {who: (at - asked[id_]).total_seconds() / 60 for who, at in bank.votes.get(id_, {}).items()}


def _stand_ins(decision: dict[str, Any]) -> list[tuple[str, str, int]]:
    return [(role, who, after) for role, others in decision.get("stand_ins", {}).items() for who, after in others.items()]


def _is_kept(decision: dict[str, Any], role: str, who: str, after: int) -> bool:
    """Whether *who* may stand in for *role* by *decision* as well, or the seat is new with it."""
    return role not in decision["seats"] or decision.get("stand_ins", {}).get(role, {}).get(who, after + 1) <= after


def _first_decisions(file: PolicyFile, submitted: Submit) -> list[dict[str, Any]]:
    """What *file* says about each action of a plan, as the log tells it; nothing where the plan is not accepted."""
    with opened_bank(file) as bank:
        bank.do(submitted)
        with bank.store.read() as tx:
            decided = [entry.data["decision"] for id_ in tx.plans() for entry in tx.entries(id_) if entry.event == "decided"]
    return [dict(decision) for decision in decided if isinstance(decision, dict)]


def _sorted(decision: dict[str, Any]) -> dict[str, Json]:
    same = {name: decision[name] for name in ("effect", "seats")}
    return same | {name: sorted(decision[name]) for name in ("rules", "failed")}
