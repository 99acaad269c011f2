"""What happens to a bank: generated plans, votes, restarts, and changes of its rules and the time."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from signoff import Refused
from signoff.audit import ApprovalStatus
from signoff.planner import ActionPlan
from signoff.policies import DecisionEffect, PoliciesInvalid
from signoff.testing import PolicyFile, PolicyRule, plans, policy_files

from .world import REGISTRY, Bank, Verb, person

PEOPLE = ("dana", "mira", "omar", "fay", "finn")  # dana and mira are customers, too
AMOUNTS = st.sampled_from(["0.01", "99.99", "150.00", "600.00"]) | st.integers(1, 150_000).map(lambda cents: Decimal(cents) / 100)
USD = {"currency": st.just("USD")}
FIELDS: Mapping[str, Mapping[str, st.SearchStrategy[Any]]] = {  # names that resolve, amounts that accounts hold
    "check_balance": {"account": st.sampled_from(["checking", "savings"])},
    "deposit": {"amount": AMOUNTS, "to": st.just("savings"), **USD},
    "withdraw": {"amount": AMOUNTS, "from": st.just("checking"), **USD},
    "transfer": {
        "to": st.sampled_from(["Alice", "bob", "Mallory Ltd", "savings"]),
        "amount": AMOUNTS,
        "from": st.just("checking"),
        **USD,
    },
    "pay_bill": {
        "biller": st.just("Acme Utilities"),
        "amount": st.sampled_from([None, "10.00", "84.20"]),
        "from": st.just("checking"),
        **USD,
    },
    "note": {"text": st.sampled_from(["red", "blue"])},
    "call": {"who": st.sampled_from(["ann", "boss"])},
}
EVERYDAY = PolicyRule(id="everyday", effect=DecisionEffect.ALLOW, actions=("*",))


@dataclass(frozen=True)
class Submit:
    """Somebody asks for a plan."""

    plan: ActionPlan
    who: str
    request: str | None

    def do(self, bank: Bank) -> None:
        """Submit it."""
        bank.engine.submit(self.plan, person(self.who), request=self.request)


@dataclass(frozen=True)
class Sign:
    """Somebody approves something: one that waits, if any does."""

    who: str
    pick: int

    def do(self, bank: Bank) -> None:
        """Approve it as it is shown."""
        found = bank.approvals(ApprovalStatus.WAITING) or bank.approvals()
        if found:
            approval = found[self.pick % len(found)]
            bank.engine.approve(approval.id, person(self.who), digest=approval.digest)
            bank.votes.setdefault(approval.id, {})[self.who] = bank.clock()


@dataclass(frozen=True)
class SignTogether:
    """Everybody signs something, as far as they may."""

    pick: int

    def do(self, bank: Bank) -> None:
        """Each approves it in turn; those are refused who may not, or are not needed."""
        for who in PEOPLE:
            with suppress(Refused):
                Sign(who, self.pick).do(bank)


@dataclass(frozen=True)
class Reject:
    """Somebody rejects something."""

    who: str
    pick: int

    def do(self, bank: Bank) -> None:
        """Reject one that waits, if any does."""
        found = bank.approvals(ApprovalStatus.WAITING) or bank.approvals()
        if found:
            bank.engine.reject(found[self.pick % len(found)].id, person(self.who), reason="no")


@dataclass(frozen=True)
class Cancel:
    """Somebody cancels a plan."""

    who: str
    pick: int

    def do(self, bank: Bank) -> None:
        """Cancel what is left of it."""
        found = bank.plans()
        if found:
            bank.engine.cancel(found[self.pick % len(found)].id, person(self.who))


@dataclass(frozen=True)
class Resume:
    """Whatever can go on goes on."""

    who: str = "dana"

    def do(self, bank: Bank) -> None:
        """Resume every plan."""
        bank.engine.resume(person(self.who))


@dataclass(frozen=True)
class Restart:
    """The process ends, and another one begins."""

    def do(self, bank: Bank) -> None:
        """Close the file, and open it."""
        bank.restart()


@dataclass(frozen=True)
class Wait:
    """Time goes by."""

    hours: float

    def do(self, bank: Bank) -> None:
        """Move the clock."""
        bank.clock.move(timedelta(hours=self.hours))


@dataclass(frozen=True)
class ChangeRules:
    """Somebody edits the policies file."""

    file: PolicyFile

    def do(self, bank: Bank) -> None:
        """Decide by it."""
        bank.change_rules(self.file)


@dataclass(frozen=True)
class AddRule:
    """Somebody adds a rule to the policies file, for every action."""

    effect: DecisionEffect
    count: int  # who must sign, at most; it is the first role's people

    def do(self, bank: Bank) -> None:
        """Decide by what was there, and the rule; nothing changes where nobody has the role any more."""
        role, members = next(iter(bank.file.roles.items()))
        if not members:
            return
        by = ((role, min(self.count, len(members))),) if self.effect is DecisionEffect.APPROVE else None
        rule = PolicyRule(id=f"added{len(bank.file.rules)}", effect=self.effect, actions=("*",), by=by)
        bank.change_rules(replace(bank.file, rules=(*bank.file.rules, rule)))


@dataclass(frozen=True)
class Dismiss:
    """Somebody loses their roles, as far as others can fill the seats."""

    who: str

    def do(self, bank: Bank) -> None:
        """Decide by what was there, without them."""
        for role, held in bank.file.roles.items():
            left = {**bank.file.roles, role: tuple(person for person in held if person != self.who)}
            with suppress(PoliciesInvalid):
                replace(bank.file, roles=left).load(REGISTRY)
                bank.change_rules(replace(bank.file, roles=left))


@dataclass(frozen=True)
class Life:
    """A bank's rules at first, and what happens then."""

    file: PolicyFile
    verbs: tuple[Verb, ...]


people = st.sampled_from(PEOPLE)
picks = st.integers(0, 3)


def _allowing(file: PolicyFile) -> PolicyFile:
    """*file* with a first rule that allows everything, so that more comes to be run."""
    return replace(file, rules=(EVERYDAY, *file.rules))


def _asking(file: PolicyFile) -> PolicyFile:
    """The same, with approve rules in place of deny rules, which all managers but dana must sign: more is signed then."""
    everybody = (("manager", max(1, len({*file.roles["manager"]} - {"dana"}))),)
    rules = file.rules or (PolicyRule(id="r1", effect=DecisionEffect.DENY, actions=("*",)),)
    asking = (
        replace(rule, effect=DecisionEffect.APPROVE, by=everybody) if rule.effect is DecisionEffect.DENY else rule
        for rule in rules
    )
    return replace(_allowing(replace(file, rules=tuple(asking))), approvers=file.approvers or "manager")


files = policy_files(REGISTRY, fields=FIELDS, people=PEOPLE, max_rules=3)
asking_files = files.map(_asking)
any_files = st.one_of(files.map(_allowing), asking_files, files.map(_allowing), asking_files, files)
# Ours come more often: they can fail in every way.
bank_plans = plans(REGISTRY, fields=FIELDS, types=[*REGISTRY, "note", "call", "call"], max_actions=4)
submissions = st.builds(
    Submit,
    bank_plans,
    st.sampled_from(["dana", "dana", "mira"]),
    st.none() | st.just("send 150.00 to Alice, and call ann"),
)


_ONE_VERB: st.SearchStrategy[Verb] = st.one_of(
    st.builds(SignTogether, picks),
    st.builds(Resume),
    st.builds(Sign, people, picks),
    submissions,
    st.builds(Reject, people, picks),
    st.builds(Cancel, people, picks),
    st.builds(Restart),
    st.builds(Wait, st.sampled_from([0.25, 1, 24, 48])),
    st.builds(AddRule, st.sampled_from([DecisionEffect.APPROVE, DecisionEffect.DENY]), st.integers(1, 3)),
    st.builds(Dismiss, people),
    st.builds(ChangeRules, any_files),
)


def _one_after_the_other(first: Verb, then: Sequence[Verb], signed: Sequence[Verb]) -> tuple[Verb, ...]:
    return (first, *then, SignTogether(0), *signed, Resume())


# A plan comes first; at some time somebody signs, and at the end what may run does. Anything may happen in between.
lives = st.builds(
    Life,
    any_files,
    st.builds(_one_after_the_other, submissions, st.lists(_ONE_VERB, max_size=6), st.lists(_ONE_VERB, max_size=4)),
)


def signed_then(*happens: st.SearchStrategy[Verb]) -> st.SearchStrategy[Life]:
    """Lives in which something is signed, then this happens, and then what may run does."""
    return st.builds(Life, asking_files, st.builds(_one_after_the_other, submissions, st.just([]), st.tuples(*happens)))


allowed = st.builds(Life, files.map(_allowing), st.tuples(submissions))  # a plan that may run, and nothing else


def _signed_once(life: Life) -> Life:
    rules = (replace(rule, own_vote=False, then=None) for rule in life.file.rules)
    most = (("manager", max(1, len({*life.file.roles["manager"]} - {"dana"}) - 1)),)  # one of them is left to sign the other
    signed = (replace(one, by=most) if one.effect is DecisionEffect.APPROVE else one for one in rules)
    return replace(life, file=replace(life.file, rules=tuple(signed)), verbs=(life.verbs[0], *life.verbs, Resume()))


asked_twice = signed_then().map(_signed_once)  # the same plan two times, of which one is signed
