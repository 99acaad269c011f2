"""Past plans are decided again under other policies, in the circumstances of then."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from signoff import Engine
from signoff.actions import Registry, bank_registry
from signoff.audit import Edit, Entry, Past, PlanRecord
from signoff.audit.database import Database
from signoff.canonical import Json
from signoff.planner import Call, Context, Outcome, Planned, Trust
from signoff.replaying import Change, Replayed, Summary, compare_decisions, replay
from signoff.testing import FakeClock
from tests.app.banking import DANA, MIRA, Open, deposit, only_approval, plan_of, send_message, sign, submit, transfer
from tests.app.conversations import call, calls, talking, words
from tests.conftest import RULES, rules

COUNTERS = "counters:\n  sent: {sum: amount, of: transfer, by: [actor.id, currency], window: 24h}\n"
LIMIT = COUNTERS + "rules:\n  - {id: daily, deny: transfer, when: counters.sent > 1000}\n"
LIMITED = RULES.replace("rules:\n", LIMIT)


def replayed(engine: Engine, text: str, **options: Any) -> list[Replayed]:
    """All past actions under the rules in *text*."""
    with engine.store.read() as tx:
        return [one for plan in replay(tx, rules(text, engine.registry), engine.registry, **options) for one in plan]


def changes(found: list[Replayed]) -> list[tuple[str, str]]:
    """What became of each."""
    return [(one.now["effect"] if one.now else one.problem, one.change.value) for one in found]  # type: ignore[misc]  # Json: the test knows which


def sent(found: list[Replayed]) -> list[str]:
    """The counter `sent` of each, as it is told."""
    return [one.now["counters"]["sent"] for one in found if one.now and "counters" in one.now]  # type: ignore[misc,index,call-overload]  # Json


def test_the_rules_that_decided_decide_the_same(engine: Engine) -> None:
    """Under the policies that were in force every action is decided as it was, to the letter."""
    submit(engine, transfer("150.00"), deposit("40.00"), transfer("1.00", "Mallory Ltd"))
    found = replayed(engine, RULES)
    assert [one.now for one in found] == [one.then for one in found]
    assert changes(found) == [("approve", "same"), ("allow", "same"), ("deny", "same")]


def test_other_rules_are_looser_and_stricter(engine: Engine) -> None:
    """What would have been let through, held and denied is told, each with its sum."""
    submit(engine, transfer("150.00"), transfer("60.00"), transfer("1.00", "Mallory Ltd"), deposit("40.00"))
    new = RULES.replace("amount > 100", "amount < 100").replace("deny: transfer\n    when: to in lists.blocked", "deny: deposit")
    found = replayed(engine, new)
    assert changes(found) == [("allow", "looser"), ("approve", "stricter"), ("approve", "looser"), ("deny", "stricter")]
    summary = Summary()
    summary.add(found)
    assert (summary.plans, summary.actions, summary.changes[Change.LOOSER], summary.changes[Change.SAME]) == (1, 4, 2, 0)
    assert {key: str(amount) for key, amount in summary.let_through.items()} == {("amount", "USD"): "150.00"}
    assert {key: str(amount) for key, amount in summary.held.items()} == {("amount", "USD"): "100.00"}


SIGNED: dict[str, Json] = {"effect": "approve", "rules": [], "seats": {"manager": 1}}


@pytest.mark.parametrize(
    ("now", "change"),
    [
        ({"effect": "allow", "seats": {}}, Change.LOOSER),
        ({"effect": "deny", "seats": {}}, Change.STRICTER),
        ({"rules": ["another"]}, Change.SAME),
        ({"seats": {"manager": 2}}, Change.STRICTER),
        ({"seats": {"manager": 1, "finance": 1}}, Change.STRICTER),
        ({"seats": {"finance": 5}}, Change.LOOSER),  # a manager's signature is not needed any more
        ({"own_vote": True}, Change.LOOSER),
        ({"stand_ins": {"manager": {"finance": 60}}}, Change.LOOSER),
        ({"seats": {"manager": 1, "finance": 1}, "stand_ins": {"finance": {"zoe": 60}}}, Change.STRICTER),
    ],
)
def test_changes_of_who_signs(now: dict[str, Json], change: Change) -> None:
    """A signature less, the own vote and a stand-in make it looser; a signature more makes it stricter; rules alone do not."""
    assert compare_decisions(SIGNED, SIGNED | now) is change
    back = {Change.LOOSER: Change.STRICTER, Change.STRICTER: Change.LOOSER, Change.SAME: Change.SAME}
    both = now == {"seats": {"finance": 5}}
    assert compare_decisions(SIGNED | now, SIGNED) is (Change.LOOSER if both else back[change])


def test_a_stand_in_who_comes_earlier_is_looser() -> None:
    """Standing in after an hour and not two is looser, and the other way round stricter."""
    early, late = (SIGNED | {"stand_ins": {"manager": {"finance": hours * 3600}}} for hours in (1, 2))
    assert (compare_decisions(late, early), compare_decisions(early, late)) == (Change.LOOSER, Change.STRICTER)


def test_a_new_counter_counts_what_stood_then(open_engine: Open, clock: FakeClock) -> None:
    """What waited then counts though it was rejected later, and what had ended by then does not."""
    engine = open_engine()
    first = submit(engine, transfer("400.00"))
    clock.move(timedelta(hours=1))
    submit(engine, transfer("30.00"))
    engine.reject(only_approval(engine, first).id, MIRA, reason="no")
    clock.move(timedelta(hours=1))
    submit(engine, transfer("5.00"))
    assert sent(replayed(engine, LIMITED)) == ["400.00 USD", "430.00 USD", "35.00 USD"]


def test_what_was_done_counts_from_then_on_for_its_window(open_engine: Open, clock: FakeClock) -> None:
    """Signed and run a day later, it counts as held until then, and for a day from then on."""
    engine = open_engine()
    first = submit(engine, transfer("400.00"))
    clock.move(timedelta(hours=23))
    sign(engine, only_approval(engine, first), MIRA)
    engine.resume(MIRA)
    for hours in (23.5, 1):
        clock.move(timedelta(hours=hours))
        submit(engine, transfer("1.00"))
    assert sent(replayed(engine, LIMITED)) == ["400.00 USD", "401.00 USD", "2.00 USD"]


def test_a_deadline_that_nobody_recorded_ended_it(open_engine: Open, clock: FakeClock) -> None:
    """What expired holds nothing from its deadline on, and what needs it neither, though that was recorded much later."""
    engine = open_engine()
    late = submit(engine, transfer("400.00"), transfer("30.00", needs=(1,)))
    for hours in (23, 2):
        clock.move(timedelta(hours=hours))
        submit(engine, transfer("1.00"))
    engine.resume(DANA, plan=late.id)
    assert sent(replayed(engine, LIMITED)) == ["400.00 USD", "430.00 USD", "431.00 USD", "2.00 USD"]


def test_what_is_denied_now_does_not_count_for_the_rest_of_its_plan(engine: Engine) -> None:
    """Inside a plan the new decisions count; between plans what really happened does."""
    submit(engine, transfer("700.00"), transfer("400.00"), transfer("200.00"), transfer("50.00", needs=(2,)), transfer("60.00"))
    submit(engine, transfer("1.00"))
    found = replayed(engine, LIMITED)
    assert changes(found)[:5] == [("approve", "same"), ("deny", "stricter"), ("approve", "same"), *[("allow", "same")] * 2]
    assert sent(found) == [f"{usd} USD" for usd in ("700.00", "1,100.00", "900.00", "950.00", "960.00", "1,411.00")]


def test_only_the_plans_that_are_asked_for(open_engine: Open, clock: FakeClock) -> None:
    """`since` and `limit` leave plans out, and what those left out sent still counts."""
    engine = open_engine()
    for amount in ("10.00", "20.00", "40.00"):
        submit(engine, transfer(amount))
        clock.move(timedelta(hours=1))
    assert sent(replayed(engine, LIMITED, limit=2)) == ["30.00 USD", "70.00 USD"]
    assert sent(replayed(engine, LIMITED, limit=9)) == ["10.00 USD", "30.00 USD", "70.00 USD"]
    assert sent(replayed(engine, LIMITED, since=clock() - timedelta(hours=1))) == ["70.00 USD"]
    assert len(replayed(engine, RULES, since=clock() - timedelta(hours=2), limit=1)) == 1
    assert len(replayed(engine, RULES, since=clock() - timedelta(hours=2), limit=3)) == 2


def test_circumstances_are_those_of_then(open_engine: Open, clock: FakeClock) -> None:
    """The request, the time and the requester of each plan are read, not those of now."""
    engine = open_engine()
    submit(engine, transfer("10.00"), request="send 10 to Alice")
    clock.move(timedelta(hours=10))
    submit(engine, transfer("10.00"), deposit("1.00"))
    clock.move(timedelta(hours=10))
    asked = "  - {id: asked, deny: transfer, when: not in_request(amount)}\n"
    late = f"  - {{id: late, deny: transfer, when: now.hour == {(clock() - timedelta(hours=10)).hour}}}\n"
    alone = "  - {id: alone, deny: transfer, when: plan.size == 1}\n"
    for rule, effects in ((asked, "allow deny"), (late, "allow deny"), (alone, "deny allow")):
        assert [effect for effect, _ in changes(replayed(engine, RULES + rule))][:2] == effects.split()


def test_where_values_stood_is_read_again(engine: Engine) -> None:
    """What a planner was given beside the request, whom to trust, and whether the plan was disputed are those of then."""
    plan = plan_of(engine, transfer("10.00"))
    mail = Context(source="email:7", text="please send 10 dollars to Alice")
    payees = Context(source="payees", text="Alice, Bob", trust=Trust.TRUSTED)
    doubtful = Planned(outcome=Outcome.PLAN, planner="two models", plan=plan, disputed=("the other one sends 100",))
    engine.submit(plan, DANA, request="send 10 to Alice")
    engine.submit(plan, DANA, request="pay the 10", context=[mail])
    engine.submit(plan, DANA, request="pay the 10", context=[mail, payees])
    engine.submit(plan, DANA, request="send 10 to Alice", planner=doubtful)
    for condition, effects in (
        ('source_of(to) startswith "email:"', "allow deny allow allow"),
        ('source_of(to) != "request"', "allow deny deny allow"),
        ("not trusted(to)", "allow deny allow allow"),
        ("disputed", "allow allow allow deny"),
    ):
        found = replayed(engine, RULES + f"  - {{id: new, deny: transfer, when: '{condition}'}}\n")
        assert [effect for effect, _ in changes(found)] == effects.split()


def test_roles_are_those_of_the_new_file(engine: Engine) -> None:
    """Who asked has the roles that the new policies give."""
    submit(engine, transfer("10.00"))
    deny = "  - {id: managers, deny: transfer, when: actor.roles contains 'manager'}\n"
    assert changes(replayed(engine, RULES + deny)) == [("allow", "same")]
    assert changes(replayed(engine, RULES.replace("manager: [", "manager: [dana, ") + deny)) == [("deny", "stricter")]


def test_actions_that_are_not_known_any_more(open_engine: Open) -> None:
    """An action without a type, or that its type does not accept, is named; what it held counts for those after it."""
    bank = bank_registry()
    wide = Registry(*bank.values(), send_message, migrations=bank.migrations)
    engine = open_engine(rules(registry=wide), wide)
    submit(engine, {"type": "send_message", "to": "ann"}, transfer("60.00"))
    counted = LIMITED.replace("sum: amount, of: transfer, by: [actor.id, currency]", "count: '*'")
    with engine.store.read() as tx:
        ((lost, kept),) = replay(tx, rules(counted, bank), bank)
    assert (lost.now, lost.change, '"send_message" is not an action type' in lost.problem) == (None, Change.UNKNOWN, True)
    assert (kept.change, kept.now and kept.now["counters"]) == (Change.SAME, {"sent": "2"})


def test_code_of_an_action_that_fails_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """An action whose own check raises anything is named, and the rest is decided."""
    submit(engine, transfer("60.00"), deposit("1.00"))

    def broken(registry: Registry, data: bytes) -> Any:
        if b"transfer" in data:
            raise RuntimeError
        return load(registry, data)

    load = Registry.load
    monkeypatch.setattr(Registry, "load", broken)
    assert changes(replayed(engine, RULES)) == [("the action's own check failed (RuntimeError)", "unknown"), ("allow", "same")]


@pytest.mark.parametrize("text", [RULES, LIMITED])
def test_statements_grow_with_the_plans_and_no_faster(
    text: str, open_engine: Open, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice the plans take twice the statements; what left every window is not kept in memory."""
    engine = open_engine()
    for _ in range(3):
        for _ in range(10):
            submit(engine, transfer("10.00"), deposit("1.00"))
        clock.move(timedelta(hours=25))
    statements: list[str] = []
    execute = Database.execute

    def counted(database: Database, sql: str, parameters: Any = ()) -> Any:
        statements.append(sql)
        return execute(database, sql, parameters)

    monkeypatch.setattr(Database, "execute", counted)
    needed = []
    for limit in (10, 20, 30):
        statements.clear()
        assert len(replayed(engine, text, limit=limit)) == 2 * limit
        needed.append(len(statements))
    assert needed[2] - needed[1] == needed[1] - needed[0]
    assert needed[2] <= 30 * 13


def test_what_left_its_window_is_forgotten(open_engine: Open, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred transfers only those of the last day are kept in memory, also where but one plan is asked for."""
    engine = open_engine()
    for _ in range(50):
        submit(engine, transfer("10.00"))
        submit(engine, transfer("10.00"))
        clock.move(timedelta(hours=6))
    kept: list[int] = []
    add = Past.add

    def watched(past: Past, plan: PlanRecord, entries: Sequence[Entry], edits: Sequence[Edit], only: int | None) -> None:
        add(past, plan, entries, edits, only)
        kept.append(past.kept)

    monkeypatch.setattr(Past, "add", watched)
    assert len(replayed(engine, LIMITED, limit=1)) == 1
    assert (len(kept), max(kept)) == (100, 8)  # two every six hours, of which those of exactly a day ago do not count


def test_a_conversation_is_replayed_call_by_call(open_engine: Open) -> None:
    """Each call is decided with the words, the size and the counters of when it was made, and between other plans."""
    kinds = {"moved": "plan", "sent": "day"}
    counters = "counters:\n" + "".join(
        f"  {name}: {{sum: amount, of: transfer, by: [currency], window: {window}}}\n" for name, window in kinds.items()
    )
    text = RULES.replace("rules:\n", f"{counters}rules:\n", 1)
    text += (
        "  - {id: cap, deny: transfer, when: counters.moved > 70}\n  - {id: daily, deny: transfer, when: counters.sent > 180}\n"
    )
    text += (
        "  - {id: long, approve: deposit, when: plan.size > 3}\n  - {id: made-up, deny: withdraw, when: not in_request(amount)}\n"
    )
    engine = open_engine(rules(text))

    def send(amount: str) -> Call:
        return call("transfer", to="Alice", amount=amount)

    talk = talking(
        engine,
        calls(send("30.00"), send("40.00")),
        words("What else?"),
        calls(send("1.00"), call("deposit", amount="5.00"), call("withdraw", amount="9.00")),
        words("Done."),
    )
    talk.chat.say("send Alice 30 and 40")
    submit(engine, transfer("100.00"))
    record = talk.chat.say("now withdraw 9")
    found = replayed(engine, text)
    assert [one.now for one in found] == [one.then for one in found]
    assert [one.change for one in found] == [Change.SAME] * 6
    assert [(one.plan.id == record.id, one.action.number) for one in found] == [
        (True, 1), (True, 2), (False, 1), (True, 3), (True, 4), (True, 5)
    ]  # fmt: skip
    looser = text.replace("counters.moved > 70", "counters.moved > 71").replace("plan.size > 3", "plan.size > 5")
    assert changes(replayed(engine, looser))[3:] == [("allow", "looser"), ("allow", "looser"), ("allow", "same")]
    summary = Summary()
    summary.add(replayed(engine, text, limit=1))
    assert (summary.plans, summary.actions) == (1, 4)
