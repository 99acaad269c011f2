import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signoff.actions import Action, Registry, bank_registry
from signoff.errors import PlanInvalid
from signoff.planner import MAX_PLAN_BYTES, ActionPlan, PlannedAction, read_plan, write_plan

BANK = bank_registry()
CHECK = '{"type": "check_balance", "needs": []}'


def problems(data: bytes | str, registry: Registry) -> tuple[str, ...]:
    """The problems that reading *data* reports."""
    with pytest.raises(PlanInvalid) as caught:
        read_plan(data, registry)
    return caught.value.problems


def test_reads_the_documented_form(registry: Registry) -> None:
    """The wire form of the documentation is read to the action it names."""
    text = '{"actions": [{"type": "transfer", "to": "Alice", "amount": "100.00", "currency": "USD", "needs": []}]}'
    (planned,) = read_plan(text, registry).actions
    assert planned.action == registry["transfer"].model_validate({"to": "Alice", "amount": "100.00"})
    assert planned.needs == ()


def test_reports_every_problem_and_names_the_action(registry: Registry) -> None:
    """All that is wrong in a plan is said at once, each with the number and type of its action."""
    text = """{"actions": [
        {"type": "transfer", "to": "Alice", "amount": "100"},
        {"type": "transfer", "to": "Bob", "amount": "-5", "needs": []},
        {"type": "trasnfer", "needs": [1]},
        {"type": "deposit", "extra": 1, "needs": [9]},
        5
    ]}"""
    assert problems(text, registry) == (
        "action 1 (transfer): `needs` is missing; write [] where it needs no other action",
        "action 2 (transfer): `amount` must be more than 0",
        'action 3: "trasnfer" is not an action type; did you mean `transfer`?',
        "action 4 (deposit): `amount` is missing; write it",
        "action 4 (deposit): `extra` is not a field of this action; leave it out",
        "action 4 (deposit): `needs` names action 9, but the plan's actions are numbered 1 to 5; name only earlier actions",
        'action 5: is not a JSON object; write one such as {"type": ..., "needs": []}',
    )


@pytest.mark.parametrize("type_", ["null", "5", '{"a": 1}', '["transfer"]'])
def test_a_type_must_be_text(registry: Registry, type_: str) -> None:
    """A type that is no text is not shown as Python would."""
    assert problems(f'{{"actions": [{{"type": {type_}, "needs": []}}]}}', registry) == (
        "action 1: `type` must be text; write one of check_balance, deposit, withdraw, transfer, pay_bill",
    )


def test_an_error_names_no_class_of_the_reader(registry: Registry) -> None:
    """What the reader keeps JSON objects in is not the user's business."""
    (problem,) = problems('{"actions": [{"type": "deposit", "amount": {"a": 1}, "needs": []}]}', registry)
    assert "JsonObject" not in problem


def test_half_a_character_in_a_key_is_named(registry: Registry) -> None:
    """A key with half a surrogate pair is a problem that names the key."""
    assert problems('{"actions": [{"type": "check_balance", "\\ud800x": 1, "needs": []}]}', registry) == (
        "action 1 (check_balance): `\\u{d800}x` is not a field of this action; leave it out",
    )


@pytest.mark.parametrize(
    ("needs", "problem"),
    [
        ("[2]", "`needs` names the action itself; name only earlier actions"),
        ("[3]", "`needs` names action 3, which comes later; name only earlier actions"),
        ("[0]", "`needs` names action 0, but the plan's actions are numbered 1 to 3; name only earlier actions"),
        ("[-1]", "`needs` names action -1, but the plan's actions are numbered 1 to 3; name only earlier actions"),
        ("[1, 1]", "`needs` names action 1 twice; name it once"),
        ("[true]", "`needs` may hold only numbers of earlier actions, such as 1"),
        ("[1.0]", "`needs` may hold only numbers of earlier actions, such as 1"),
        ('["1"]', "`needs` may hold only numbers of earlier actions, such as 1"),
        ("1", "`needs` must be a list of the numbers of earlier actions, each once; write [] where there are none"),
        ("null", "`needs` must be a list of the numbers of earlier actions, each once; write [] where there are none"),
    ],
)
def test_needs_must_be_numbers_of_earlier_actions(registry: Registry, needs: str, problem: str) -> None:
    """Needs that point forward, at the action itself, at nothing, or are no numbers get one problem."""
    text = f'{{"actions": [{CHECK}, {{"type": "check_balance", "needs": {needs}}}, {CHECK}]}}'
    assert problems(text, registry) == (f"action 2 (check_balance): {problem}",)


@pytest.mark.parametrize("amount", ["1.5", "NaN", "Infinity", "-Infinity", "1e400", "true", "null", "[1]", '"1_000"', '"1.234"'])
def test_amounts_are_refused_by_their_field(registry: Registry, amount: str) -> None:
    """Floats, NaN, infinities and other amounts that are not exact decimals are a problem of `amount`."""
    (problem,) = problems(f'{{"actions": [{{"type": "deposit", "amount": {amount}, "needs": []}}]}}', registry)
    assert problem.startswith("action 1 (deposit): `amount` ")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (f'{{"actions": [{CHECK}], "actions": [{CHECK}]}}', "`actions` is written twice; write it once"),
        (
            '{"actions": [{"type": "deposit", "amount": "1", "amount": "9", "needs": []}]}',
            "action 1 (deposit): `amount` is written twice; write it once",
        ),
        (
            '{"actions": [{"type": "check_balance", "needs": [], "needs": []}]}',
            "action 1 (check_balance): `needs` is written twice; write it once",
        ),
    ],
)
def test_keys_written_twice_are_refused(registry: Registry, text: str, problem: str) -> None:
    """A key that is written twice is refused, wherever it stands, even with the same value."""
    assert problems(text, registry) == (problem,)


def test_keys_written_twice_inside_a_value_are_refused(registry: Registry) -> None:
    """A key that is written twice deep inside a field is found, too."""
    text = '{"actions": [{"type": "check_balance", "account": [{"a": 1, "a": 2}], "needs": []}]}'
    assert "action 1 (check_balance): `a` is written twice; write it once" in problems(text, registry)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b'{"actions": []}', "the plan is empty"),
        (b"[]", "the plan is not a JSON object"),
        (b"{}", "`actions` is missing"),
        (b'{"actions": {}}', "`actions` is not a list"),
        (b'{"actions": [' + b"{}," * 9_999 + b"{}]}", "the plan holds 10,000 actions; at most 100 are accepted"),
        (b"", "the plan is not JSON: line 1, column 1"),
        (b'{"actions": [', "the plan is not JSON: line 1, column 14"),
        (b"\xff\xfe", "the plan is not UTF-8: byte 1"),
        ("\ud800", "the plan is not UTF-8: character 1"),
        (b"[" * 100_000, "the plan is nested too deeply"),
        (b'{"actions": ' + b"[" * 500 + b"]" * 500 + b"}", "the plan is nested too deeply"),
        (b" " * (MAX_PLAN_BYTES + 1), "the plan holds 1,048,577 bytes"),
        ("é" * (MAX_PLAN_BYTES // 2 + 1), "the plan holds 1,048,578 bytes"),
        (b'{"actions": [' + b"9" * 5_000 + b"]}", "the plan holds a number of 5,000 digits"),
    ],
)
def test_hostile_text_gets_one_clear_problem(registry: Registry, data: bytes | str, problem: str) -> None:
    """Text that is no plan at all gets exactly one problem, without a traceback of the reader's own."""
    (found,) = problems(data, registry)
    assert found.startswith(problem)


def test_problems_are_bounded_and_visible(registry: Registry) -> None:
    """Ten thousand wrong fields are not listed one by one, and what is shown holds no control characters."""
    entry = {"type": "check_balance", "needs": []} | {f"\u202e{number}": 1 for number in range(10_000)}
    found = problems(json.dumps({"actions": [entry]}), registry)
    assert len(found) == 101
    assert found[-1] == "and 9,900 more problems"
    assert "\\u{202e}0" in found[0]
    assert "\u202e" not in "".join(found)


NAMES = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=20)
AMOUNTS = st.integers(1, 10**12).map(lambda units: str(Decimal(units).scaleb(-2)))
ACTIONS = st.one_of(
    st.fixed_dictionaries({"type": st.just("check_balance")}, optional={"account": NAMES}),
    st.fixed_dictionaries({"type": st.just("deposit"), "amount": AMOUNTS}, optional={"to": NAMES}),
    st.fixed_dictionaries({"type": st.just("transfer"), "to": NAMES, "amount": AMOUNTS}, optional={"from": NAMES}),
    st.fixed_dictionaries({"type": st.just("pay_bill"), "biller": NAMES}, optional={"amount": AMOUNTS}),
).map(BANK.read)


@st.composite
def plans(draw: st.DrawFn) -> ActionPlan:
    """Plans of bank actions with any needs that are allowed."""
    actions: list[Action] = draw(st.lists(ACTIONS, min_size=1, max_size=8))
    planned = [
        PlannedAction(action=action, needs=tuple(draw(st.lists(st.integers(1, place), unique=True) if place else st.just([]))))
        for place, action in enumerate(actions)
    ]
    return ActionPlan(actions=tuple(planned))


@given(plans())
def test_what_is_written_is_read_back(plan: ActionPlan) -> None:
    """Reading a written plan gives the same plan, and writing that gives the same bytes."""
    data = write_plan(plan)
    again = read_plan(data, BANK)
    assert again == plan
    assert write_plan(again) == data


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["type", "amount", "needs", "to", "x"]), inner),
    max_leaves=12,
)


@given(st.one_of(st.binary(), st.text(), JSON.map(json.dumps), JSON.map(lambda value: json.dumps({"actions": [value]}))))
def test_any_text_is_read_or_refused(data: bytes | str) -> None:
    """Whatever is read, it is a plan or a PlanInvalid, and nothing else is raised."""
    try:
        plan = read_plan(data, BANK)
    except PlanInvalid:
        return
    assert read_plan(write_plan(plan), BANK) == plan
