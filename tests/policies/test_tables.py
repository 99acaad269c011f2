"""Tables in the policies file, and what tables change, warn of and tell."""

from collections.abc import Callable

import pytest

from signoff.actions import Action, Registry
from signoff.canonical import canonical, parse
from signoff.policies import Context, DecisionEffect, PoliciesInvalid, Policy, compare_policies, parse_policy
from tests.policies.tables import CSV, FILED, rule

Load = Callable[[str], Policy]
Make = Callable[..., Action]
INLINE = """\
version: 1
currency: USD
zone: UTC
tables:
  payee_limit: {Alice: 500.00, Acme Utilities: 2_000.00, "\u0411ob": 0.5}
  note: {Alice: VIP, "Bob": 'true'}
  trusted: {Alice: true, Bob: false}
  rate: {USD: 1, EUR: 1.1, eur: 9}
  owner: {dana: 5}
  holidays: {2026-03-02: spring}
rules:
"""


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("to in tables.payee_limit and amount > tables.payee_limit[to]", True),
        ("amount <= tables.payee_limit[to]", False),
        ("amount == tables.payee_limit[to] + 100", True),
        ("amount * 2 > tables.payee_limit[to] * 2", True),
        ("amount > tables.payee_limit['ALICE']", True),
        ("to not in tables.payee_limit", False),
        ("from in tables.payee_limit", False),
        ("max(tables.payee_limit[to], 5) == 500", True),
        ("tables.note[to] == 'vip'", True),
        ("tables.note[to] startswith 'v'", True),
        ("tables.note['bob'] == 'TRUE'", True),
        ("tables.trusted[to]", True),
        ("not tables.trusted[to]", False),
        ("amount * tables.rate[currency] > 599", True),
        ("amount > 0 and tables.rate['EUR'] == 9", None),
        ("tables.rate[currency] == 1", True),
        ("currency in tables.rate", True),
        ("tables.owner[actor.id] == 5", True),
        ("actor.id in tables.owner", True),
        ("now.date in tables.holidays and tables.holidays[now.date] == 'Spring'", True),
        ("len(tables.owner) == 1", True),
        ("tables.payee_limit[lower(to)] == 500", True),
        ("tables.payee_limit[default(currency, 'Alice')] > 1", "failed"),
    ],
)
def test_a_table_in_the_file(
    condition: str, expected: bool | str | None, load: Load, action: Make, context: Context, report_on: Callable[[str], str]
) -> None:
    """A table is asked by a folded name for numbers, which can be money, for texts and for truths; exactly where keys are."""
    if expected is None:
        assert "error[duplicate]" in report_on(INLINE + rule(condition))
        return
    text = INLINE.replace(", eur: 9", "")
    decision = load(text + rule(condition)).decide(action("transfer", to="Alice", amount="600.00"), context)
    assert decision.failed == (("a",) if expected == "failed" else ())
    assert (decision.effect is DecisionEffect.DENY) is bool(expected)


@pytest.mark.parametrize(("effect", "rules"), [("deny", ("a",)), ("allow", ())])
def test_a_missing_key_fails(effect: str, rules: tuple[str, ...], load: Load, action: Make, context: Context) -> None:
    """A key that is not in the table makes a deny rule count as matched, and an allow rule not."""
    text = INLINE.replace(", eur: 9", "") + rule("amount > tables.payee_limit[to]").replace("deny:", f"{effect}:")
    policy = load(text.partition("- id: b")[0])
    transfer = action("transfer", to="Mallory", amount="1.00")
    decision = policy.decide(transfer, context)
    assert (decision.effect, decision.rules, decision.failed) == (DecisionEffect.DENY, rules, ("a",))
    (explanation,) = policy.explain(transfer, context)
    assert explanation.failed == 'tables.payee_limit has no "mallory"'
    assert explanation.values == (("amount", "1.00 USD"), ("to", "Mallory"), ("tables.payee_limit[to]", "not in the table"))


@pytest.mark.parametrize(
    "data", [b"", b"{}", b'{"files":[],"policies":1}', b'{"files":[1],"policies":""}', b'{"files": [], "policies": ""}']
)
def test_a_broken_source_is_refused(data: bytes, registry: Registry) -> None:
    """What only starts like a policy's source is no policies file."""
    with pytest.raises(PoliciesInvalid):
        parse_policy(b"%signoff-policies 1\n" + data, "policies.yaml", registry)


def test_a_changed_table_may_loosen(filed: Callable[..., Policy], load: Load) -> None:
    """A change of a table that a rule reads is named with its rows; one of a table that nobody reads is only named."""
    before, after = (
        filed("amount > tables.limits[to].limit"),
        filed("amount > tables.limits[to].limit", CSV.replace("500.00", "900.00")),
    )
    outline = before.outline()
    assert parse(canonical(outline)) == outline
    change = compare_policies(outline, after.outline())
    assert change.tables_changed == ("limits",)
    assert change.looser == (
        "the table limits changed (Alice: 500.00, -3, VIP, true, now 900.00, -3, VIP, true), and a reads it",
    )
    text = INLINE.replace(", eur: 9", "") + rule("to in tables.payee_limit")
    for old, new, looser in (
        ("Alice: 500.00", "Alice: 501", "the table payee_limit changed (Alice: 500.00, now 501), and a reads it"),
        ("Alice: 500.00, ", "", "the table payee_limit changed (Alice is gone), and a reads it"),
        ("{Alice: 500.00", "{Carl: 1, Alice: 500.00", "the table payee_limit changed (Carl is new), and a reads it"),
        ("{Alice: VIP", "{Alice: x", None),
    ):
        change = compare_policies(load(text).outline(), load(text.replace(old, new)).outline())
        assert change.tables_changed == ("note" if looser is None else "payee_limit",)
        assert change.looser == (() if looser is None else (looser,))


def test_a_key_that_is_never_there_warns(load: Load) -> None:
    """A constant key that the table does not hold is a warning: it always fails."""
    text = INLINE.replace(", eur: 9", "") + rule("amount > tables.payee_limit['Alise']")
    assert [f"{d.message}; {d.hint}" for d in load(text).warnings] == [
        'the table `payee_limit` has no "Alise", so this always fails; did you mean `Alice`?'
    ]


@pytest.mark.parametrize(
    ("key", "rows", "fitting", "hint"),
    [
        ("currency", "usd: 1", "EUR: 1", "write USD"),
        ("now.weekday", "mo: 1", "Monday: 1", "write one such as monday"),
        ("speed", "", "slow: 1", "add one to it"),
    ],
)
def test_keys_of_which_none_is_ever_asked_for_warn(key: str, rows: str, fitting: str, hint: str, load: Load) -> None:
    """Where a table holds no key that a currency, a day or a fixed choice can be, looking it up always fails."""

    def never(rows: str) -> list[tuple[str, str]]:
        table = f"tables: {{t: {{{rows}}}}}\n"
        text = f"version: 1\ncurrency: USD\n{table}rules:\n- id: a\n  deny: order\n  when: quantity > tables.t[{key}]\n"
        return [(one.message, one.hint) for one in load(text).warnings if one.code == "never"]

    assert never(rows) == [(f"no key of the table `t` is ever `{key}`, so this always fails", hint)]
    assert never(fitting) == []
    unfit = rows.partition(":")[0]
    assert [message for message, _ in never(f"{fitting}, {rows}")] == ([f'`{key}` is never "{unfit}"'] if unfit else [])


def test_a_number_of_a_table_is_bounded(report_on: Callable[[str], str]) -> None:
    """A number in a table has as many digits as one in a condition, at most."""
    text = "version: 1\ntables:\n  t: {a: -" + "9" * 36 + ", b: " + "9" * 37 + "}\nrules: []\n"
    assert "policies.yaml:3:52: error[too-long]: a number has at most 36 digits" in report_on(text)
    assert report_on(text).count("error[") == 1


def test_a_reason_tells_a_tables_value(filed: Callable[..., Policy], action: Make, context: Context, load: Load) -> None:
    """A reason shows what a table holds for a key, money with the file's currency."""
    because = "'{amount} is over {tables.limits[to].limit} ({tables.limits[to].note})'"
    policy = filed(text=FILED + rule("amount > 1", because=because).replace("id: a", "id: c").replace("id: b", "id: d"))
    transfer = action("transfer", to="ALICE", amount="600.00")
    assert policy.explain(transfer, context)[0].because == "600.00 USD is over 500.00 USD (VIP)"
    stranger = action("transfer", to="Eve", amount="600.00")
    assert policy.explain(stranger, context)[0].because == "600.00 USD is over not in the table (not in the table)"
