"""A bank and a model of it side by side: whatever people do, in whatever order, the two agree."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from decimal import Decimal
from typing import Any, TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test

from signoff import Actor, Refused
from signoff.actions import Ending, Result, check_ledger
from signoff.audit import BOUNDED, ActionRecord, Approval, Status, verify_store
from signoff.canonical import canonical
from signoff.planner import read_plan
from signoff.policies import DecisionEffect
from signoff.signers import Signers
from signoff.testing import PolicyFile, PolicyRule

from .hunting import HUNTING
from .model import Asking, Model, Rules, Wire
from .world import OUTBOX, REGISTRY, opened_bank, person

STEPS = 25  # that people take in one bank, at most
Then: TypeAlias = tuple[int, str] | None


def _over(amount: int) -> Callable[[Wire], bool]:
    return lambda wire: Decimal(str(wire["amount"])) > amount


def _transfers(id_: str, amount: int, *by: tuple[str, int], hours: int = 24, own: bool = False, then: Then = None) -> Asking:
    text = f"amount > {amount}"
    return Asking(id=id_, type="transfer", text=text, when=_over(amount), by=by, hours=hours, own=own, then=then)


LARGE = _transfers("large", 100, ("manager", 1))
LARGER = _transfers("larger", 100, ("manager", 2))
VERY_LARGE = _transfers("very-large", 500, ("finance", 1), hours=2)
OWN = _transfers("own", 100, ("manager", 1), own=True, then=(1, "finance"))
OWN_TWO = _transfers("own-two", 500, ("manager", 2), own=True, then=(2, "finance"))
NAMED = _transfers("named", 100, ("manager", 1), ("person:fay", 1), then=(3, "person:eve"))
CALLS = Asking(id="calls", type="call", text="who == 'ann'", when=lambda wire: wire["who"] == "ann", by=(("finance", 1),))
ROLES = {"manager": ("mira", "omar", "dana"), "finance": ("fay", "mira")}
OTHERS = ROLES | {"manager": ("omar", "eve")}
ALL_RULES = (
    Rules(roles=ROLES, asking=(LARGE, VERY_LARGE, CALLS)),
    Rules(roles=ROLES, asking=(VERY_LARGE, CALLS), denied="Bob"),
    Rules(roles=OTHERS, asking=(LARGE, VERY_LARGE, CALLS)),
    Rules(roles=ROLES, asking=(LARGER, CALLS)),
    Rules(roles=OTHERS, asking=(LARGER, CALLS)),
    Rules(roles=ROLES, asking=(OWN, OWN_TWO, CALLS)),
    Rules(roles=OTHERS, asking=(OWN, OWN_TWO, CALLS)),
    Rules(roles=ROLES, asking=(NAMED, OWN_TWO)),
    Rules(roles=OTHERS, asking=(NAMED, OWN_TWO)),
)
PEOPLE = ("dana", "mira", "omar", "fay", "eve")
HOWS = ("well", "raises", "refuses")
hows = st.sampled_from(HOWS)
amounts = st.sampled_from(["20.00", "150.00", "600.00"])
wires = st.one_of(
    st.fixed_dictionaries({"type": st.just("transfer"), "to": st.sampled_from(["Alice", "Bob", "savings"]), "amount": amounts}),
    st.fixed_dictionaries({"type": st.just("call"), "who": st.sampled_from(["ann", "bob"]), "how": hows}),
    st.fixed_dictionaries({"type": st.sampled_from(["deposit", "withdraw"]), "amount": amounts}),
    st.fixed_dictionaries({"type": st.just("note"), "text": st.just("red"), "how": hows}),
    st.fixed_dictionaries({"type": st.just("look"), "how": hows}),
    st.fixed_dictionaries({"type": st.sampled_from(["pay", "book"]), "how": st.sampled_from([*HOWS, "lost"])}),
    st.fixed_dictionaries({"type": st.just("check_balance")}),
)
needs = st.lists(st.integers(1, 3), unique=True, max_size=2)
people = st.sampled_from(PEOPLE)
picks = st.integers(0, 5)


class BankMachine(RuleBasedStateMachine):
    """People at a bank, and the model that says what must come of what they do."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()

    @initialize(rules=st.sampled_from(ALL_RULES))
    def open(self, rules: Rules) -> None:
        """Open a bank."""
        self.bank = self.stack.enter_context(opened_bank(file_of(rules)))
        self.model = Model(rules, self.bank.clock())

    @rule(drawn=st.lists(st.tuples(wires, needs), min_size=1, max_size=4))
    def submit(self, drawn: list[tuple[dict[str, Any], list[int]]]) -> None:
        """Dana asks for a plan."""
        wires = [wire | {"needs": [need for need in needs if need < number]} for number, (wire, needs) in enumerate(drawn, 1)]
        record = self.bank.engine.submit(read_plan(canonical({"actions": wires}), REGISTRY), person("dana"))
        self.model.submit(record.id, wires, "dana")

    @precondition(lambda self: self.bank.approvals())
    @rule(pick=picks, who=people)
    def approve(self, pick: int, who: str) -> None:
        """Somebody signs something."""
        found = self._newest(pick)
        done = _is_done(lambda: self.bank.engine.approve(found.id, person(who), digest=found.digest))
        assert done == self.model.approve(found.plan, found.number, who), f"the vote was {'taken' if done else 'refused'}"

    @precondition(lambda self: self.bank.approvals())
    @rule(pick=picks, order=st.permutations([*PEOPLE, *PEOPLE]), meanwhile=st.none() | st.sampled_from(ALL_RULES))
    def approve_together(self, pick: int, order: list[str], meanwhile: Rules | None) -> None:
        """Everybody tries to sign something, twice; then it goes on, perhaps under other rules."""
        for who in order:
            self.approve(pick, who)
        if meanwhile is not None:
            self.change_rules(meanwhile)
        self.resume()

    @precondition(lambda self: self.bank.approvals())
    @rule(pick=picks, who=people)
    def reject(self, pick: int, who: str) -> None:
        """Somebody rejects something."""
        found = self._newest(pick)
        done = _is_done(lambda: self.bank.engine.reject(found.id, person(who), reason="no"))
        assert done == self.model.reject(found.plan, found.number, who), f"the vote was {'taken' if done else 'refused'}"

    @precondition(lambda self: self.bank.approvals())
    @rule(pick=picks, who=people, wire=wires)
    def edit(self, pick: int, who: str, wire: dict[str, Any]) -> None:
        """Somebody makes something that waits, or waited, another action of its type."""
        found = self._newest(pick)
        before = self.model.plans[found.plan].actions[found.number - 1].wire
        if wire["type"] != before["type"] or all(before[name] == value for name, value in wire.items()):
            return
        changes = {name: value for name, value in wire.items() if name != "type"}
        done = _is_done(lambda: self.bank.engine.edit(found.id, person(who), changes, reason="better so"))
        assert done == self.model.edit(found.plan, found.number, who, wire), f"it was {'edited' if done else 'refused'}"

    @precondition(lambda self: self.bank.approvals())
    @rule(pick=picks, editor=people, amount=amounts, order=st.permutations(PEOPLE))
    def edit_and_sign(self, pick: int, editor: str, amount: str, order: list[str]) -> None:
        """Somebody edits an amount, and everybody tries to sign what it is then."""
        if "amount" in self.model.plans[(found := self._newest(pick)).plan].actions[found.number - 1].wire:
            self.edit(pick, editor, {"type": "transfer", "to": "Alice", "amount": amount})
        for who in order:
            self.approve(pick, who)
        self.resume()

    @precondition(lambda self: self.model.plans)
    @rule(pick=picks, who=people)
    def cancel(self, pick: int, who: str) -> None:
        """Somebody cancels a plan."""
        id_ = list(self.model.plans)[pick % len(self.model.plans)]
        done = _is_done(lambda: self.bank.engine.cancel(id_, person(who)))
        assert done == self.model.cancel(id_, who), f"it was {'cancelled' if done else 'refused'}"

    @precondition(lambda self: self.doubts())
    @rule(pick=picks, who=people, done=st.booleans())
    def resolve(self, pick: int, who: str, done: bool) -> None:
        """Somebody says what came of something that is in doubt."""
        id_, number = self.doubts()[pick % len(self.doubts())]
        told = _is_done(lambda: self.bank.engine.resolve(id_, number, person(who), done=done, reason="seen"))
        assert told == self.model.resolve(id_, number, who, done), f"it was {'resolved' if told else 'refused'}"

    @rule()
    def resume(self) -> None:
        """What can go on goes on."""
        self.bank.engine.resume(person("dana"))
        self.model.resume()

    @rule()
    def restart(self) -> None:
        """The process ends, and another one begins: for the model nothing happens."""
        self.bank.restart()

    @rule(hours=st.sampled_from([1, 3, 24]))
    def wait(self, hours: int) -> None:
        """Time goes by."""
        self.bank.clock.move(timedelta(hours=hours))
        self.model.now = self.bank.clock()

    @rule(rules=st.sampled_from(ALL_RULES))
    def change_rules(self, rules: Rules) -> None:
        """Somebody edits the policies file."""
        self.bank.change_rules(file_of(rules))
        self.model.rules = rules

    @invariant()
    def agree_on_every_action(self) -> None:
        """Every action stands where the model has it."""
        for id_ in self.model.plans:
            shown = [action.status.value for action in self.bank.engine.plan(id_).actions]
            assert shown == self.model.shown(id_), f"{id_} is {shown}, and should be {self.model.shown(id_)}"

    @invariant()
    def agree_on_every_effect(self) -> None:
        """Accounts, notes and calls are as the model has them."""
        rows = self.bank.query("SELECT name, sum(balance) FROM bank_account WHERE ifnull(owner, 'dana') = 'dana' GROUP BY name")
        held = {str(name): cents for name, cents in rows}
        assert {name: held[name] for name in self.model.balances} == self.model.balances, "the accounts hold something else"
        assert self.bank.query("SELECT count(*) FROM note") == [(self.model.notes,)], "other notes were written"
        assert len(OUTBOX) == self.model.calls + len(self.model.outside), "other calls were made"

    @invariant()
    def verifies(self) -> None:
        """The log and the ledger hold together."""
        with self.bank.store.read() as tx:
            assert verify_store(tx).problems == ()
            with tx.lent() as lent:
                assert check_ledger(lent) == []

    def teardown(self) -> None:
        """Close the bank."""
        self.stack.close()

    def doubts(self) -> list[tuple[str, int]]:
        """What is in doubt, by plan and number."""
        return [
            (id_, number)
            for id_, plan in self.model.plans.items()
            for number, action in enumerate(plan.actions, 1)
            if action.status == "in_doubt"
        ]

    def _newest(self, pick: int) -> Approval:
        """The newest approval of one of the actions that have any."""
        newest = {(approval.plan, approval.number): approval for approval in self.bank.approvals()}
        return list(newest.values())[pick % len(newest)]


def _anybody_edits(signers: Signers, record: ActionRecord, actor: Actor) -> None:
    """Ask only what is edited, and not who edits it."""
    if record.status not in BOUNDED or record.attempt or signers.approval.revision != record.revision:
        raise Refused("it was started")


def file_of(rules: Rules) -> PolicyFile:
    """The policies file that says what *rules* do."""
    everyday = PolicyRule(id="everyday", effect=DecisionEffect.ALLOW, actions=("*",))
    denied = PolicyRule(id="denied", effect=DecisionEffect.DENY, actions=("transfer",), when=f'to == "{rules.denied}"')
    asking = (
        PolicyRule(
            id=one.id,
            effect=DecisionEffect.APPROVE,
            actions=(one.type,),
            when=one.text,
            by=one.by,
            within=f"{one.hours}h",
            own_vote=one.own,
            then=None if one.then is None else (f"{one.then[0]}h", one.then[1]),
        )
        for one in rules.asking
    )
    return PolicyFile(approvers="manager", roles=rules.roles, lists={}, rules=(everyday, *asking, denied))


def _is_done(verb: Callable[[], object]) -> bool:
    try:
        verb()
    except Refused:
        return False
    return True


TestBank = BankMachine.TestCase
TestBank.settings = settings(stateful_step_count=STEPS)


@pytest.mark.long
@pytest.mark.parametrize(
    ("target", "instead", "said"),
    [
        ("signoff.audit.records.PlanRecord.can_run", lambda plan, action: action.status in ("ready", "approved"), "should be"),
        ("signoff.deadlines.expired", lambda approvals, now: set(), "taken|should be"),
        ("signoff.stepping.votes_serve", lambda *_: True, "should be"),
        ("signoff.deciding._check_seat", lambda *_: None, "the vote was taken"),
        ("signoff.signers.open_seats", lambda *_: [], "was refused|should be"),
        ("signoff.audit.records.Approval.open_at", lambda approval, *_: approval.asked, "the vote was taken|it was cancelled"),
        ("signoff.signers.fold_name", lambda _: object(), "the vote was taken|should be|it was resolved|was refused"),
        ("signoff.stepping.ask_action", lambda action, execution: Result(ending=Ending.FAILED), "should be|other calls"),
        ("signoff.stepping.put_off", lambda tx, _, one, *more: tx.move(one, Status.FAILED, more[-1]), "should be"),
        ("signoff.intervening.check_resolver", lambda *_: None, "it was resolved"),
        ("signoff.editing.check_editor", _anybody_edits, "it was edited"),
        ("signoff.signers.Signers.has_edited", lambda *_: False, "the vote was taken"),
        ("signoff.deadlines.NOT_DONE", frozenset(), "should be"),
        ("signoff.stepping.run_action", lambda action, execution: Result(ending=Ending.DONE), "should be|hold something else"),
    ],
    ids=[
        "needs",
        "deadlines",
        "votes",
        "seats",
        "standing in",
        "escalation",
        "own votes",
        "asking",
        "retrying",
        "resolving",
        "editing",
        "editors' votes",
        "skipping",
        "running",
    ],
)
def test_the_machine_catches_a_bug(target: str, instead: object, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one protection taken away, the bank and its model come to differ."""
    monkeypatch.setattr(target, instead)
    with pytest.raises(AssertionError, match=said):
        run_state_machine_as_test(BankMachine, settings=settings(HUNTING, stateful_step_count=STEPS))
