"""`signoff policies explain`: an action as JSON or of the log, why it is decided so, and what would alter that."""

import json
import os
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from signoff.telling import tell_fields
from tests.app.conftest import BALANCE, DEPOSIT, TRANSFER, CommandLine, Ran
from tests.conftest import RULES
from tests.policies.conftest import Order

NOON = "2026-03-02 12:00"
COUNTED = RULES.replace("rules:", "counters: {sent: {sum: amount, of: transfer, by: [actor.id, currency], window: day}}\nrules:")
COUNTED += "  - {id: daily, deny: transfer, when: counters.sent > 1_000}\n"


def wire(**fields: object) -> str:
    """A transfer as JSON."""
    return json.dumps({"type": "transfer", "to": "Alice", "amount": "150.00"} | fields)


@pytest.fixture
def explain(cli: CommandLine) -> Callable[..., Any]:
    """What `--json` tells of an action."""

    def told(*arguments: str, stdin: bytes = b"") -> Any:
        ran = cli("policies", "explain", *arguments, "--json", stdin=stdin)
        assert ran.code == 0, ran.out
        return ran.json

    return told


def changes(told: Any) -> list[tuple[dict[str, object], str]]:
    """The nearest changes, each with the effect that it gives."""
    return [(one["change"], one["decision"]["effect"]) for one in told["nearest"]]


def test_an_action_as_json(cli: CommandLine) -> None:
    """The decision, who signs, the rule with its place, condition and values, what others lacked, and what would alter it."""
    ran = cli.wide("policies", "explain", wire(to="Carol"), "--at", NOON)
    assert (ran.code, ran.err) == (0, "")
    lines = [line.strip() for line in ran.out.splitlines()]
    for line in (
        "Transfer 150.00 USD to Carol",
        f"Asked by     dana (claimed, os user {os.getuid()}), on Monday 2026-03-02 12:00 (UTC)",
        "The request  assumed to hold every value",
        "Decided      approve, says policies.yaml",
        "Signed       by 1 manager (mira, omar) within 24h",
        "approve large-transfer (policies.yaml:14): transfers over 100 need a manager",
        "amount > 100",
        "amount was 150.00 USD",
        "approve very-large (policies.yaml:20): amount > 500     amount was 150.00 USD",
        "deny blocked (policies.yaml:24): to in lists.blocked     to was Carol, lists.blocked was Mallory Ltd",
        "looser    amount 100.00 USD or less: allow",
        'stricter  to "Mallory Ltd": deny',
        "stricter  amount 500.01 USD or more: approve by 2 finance (fay, finn), 1 manager (mira, omar) within 24h",
    ):
        assert line in lines, ran.out


def test_no_database_is_needed_nor_made(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """An action as JSON is explained without a database, and names in it are taken as they are."""
    told = explain(wire(to="nobody we know"))
    assert (told["decision"]["effect"], told["decision"]["seats"]) == ("approve", {"manager": 1})
    assert not cli.database.exists()


def test_an_action_from_a_file_or_standard_input(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """`--action` reads a file, and `-` standard input."""
    named = explain("--action", cli.text_file("action.json", wire()))
    piped = explain("--action", "-", stdin=wire().encode())
    assert named["decision"] == piped["decision"] == explain(wire())["decision"]


def test_circumstances_are_given(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """Who asks, when, what the user wrote and what was counted decide as they do in a plan."""
    cli.policies.write_text(
        COUNTED.replace("currency: USD", "currency: USD\nzone: Europe/Berlin")
        + "  - {id: at-night, deny: transfer, when: now.hour < 6, unless: 'actor.id == \"nadia\"'}\n"
        + "  - {id: unasked, deny: transfer, when: not in_request(amount)}\n"
    )
    for arguments, rules in (
        (["--at", NOON], ["large-transfer"]),
        (["--at", "2026-03-02 05:59"], ["at-night"]),
        (["--at", "2026-03-02 05:59", "--as", "nadia"], ["large-transfer"]),
        (["--at", NOON, "--request", "send 150 to Alice"], ["large-transfer"]),
        (["--at", NOON, "--request", "send some money to Alice"], ["unasked"]),
        (["--at", NOON, "--count", "sent=850"], ["large-transfer"]),
        (["--at", NOON, "--count", "sent=850.01"], ["daily"]),
    ):
        assert explain(wire(), *arguments)["decision"]["rules"] == rules
    told = explain(wire(), "--at", NOON, "--count", "sent=850.01")
    assert told["decision"]["counters"] == {"sent": "1,000.01 USD"}
    assert ({"amount": "149.99"}, "approve") in changes(told)
    assert ({"counters.sent": "850.00"}, "approve") in changes(told)


def test_what_cannot_be_judged_is_told(cli: CommandLine) -> None:
    """A condition that fails is shown with the reason, and that it counts on the strict side."""
    ran = cli.wide("policies", "explain", wire(currency="EUR", amount="5.00"), "--at", NOON)
    assert "could not be judged, so it counts as matched: amount is in EUR and is compared with USD" in ran.out
    assert "looser    currency USD: allow" in ran.out


def test_nothing_allows_it(cli: CommandLine) -> None:
    """Where no rule allows it, the default is named, and the rule that would have is among those that did not match."""
    cli.policies.write_text(RULES.replace('    allow: "*"', '    allow: "*"\n    when: has(to) and to == "Bob"'))
    ran = cli.wide("policies", "explain", wire(), "--at", NOON)
    assert "the default: no allow rule speaks for it" in ran.out
    assert 'allow everyday (policies.yaml:12): to == "Bob"     to was Alice' in ran.out
    assert 'looser    to "Bob": approve by 1 manager (mira, omar) within 24h' in ran.out


def test_an_approval_of_the_log(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """An approval is explained as it was decided: with who asked, the request, the rules of then, and until when it waits."""
    cli("run", "send $150 to Alice and deposit 40")
    (approval,) = cli("queue", "--json").json["approvals"]
    told = explain(approval["id"])
    assert told["logged"]["agrees"]
    assert told["request"] == "send $150 to Alice and deposit 40"
    assert not told["request_assumed"]
    assert told["logged"]["expires"] == approval["expires"]
    assert told["situation"]["plan_size"] == 2
    assert told["because"][0]["values"] == [["amount", "150.00 USD"]]
    assert told["decided_now"] is None
    ran = cli.wide("policies", "explain", approval["id"])
    expires = approval["expires"][:16].replace("T", " ")
    assert f"by 1 manager (mira, omar) within 24h; until {expires} UTC" in ran.out
    assert "as entry 3 of the log tells" in ran.out
    assert explain(approval["plan"], "1")["decision"] == told["decision"]
    assert explain(approval["plan"], "2")["decision"]["effect"] == "allow"


def test_rules_that_were_edited_since(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """The rules under which it was decided explain it, also after an edit; what those in force now would say is told."""
    approval = cli.waiting()
    cli.policies.write_text(RULES.replace("amount > 100", "amount > 200"))
    told = explain(approval["id"])
    assert (told["decision"]["effect"], told["decided_now"]["effect"], told["decided_now"]["differs"]) == (
        "approve",
        "allow",
        True,
    )
    ran = cli.wide("policies", "explain", approval["id"])
    assert "But now      policies.yaml is another" in ran.out
    assert "): allow (everyday)" in ran.out
    cli.policies.write_text(RULES.replace("amount > 500", "amount > 400"))
    assert explain(approval["id"])["decided_now"]["differs"] is False
    assert "But now" not in cli.wide("policies", "explain", approval["id"]).out


def test_the_newest_decision_is_explained(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """A plan's action is explained by the decision right before it ran; its approval by the one that asked for it."""
    approval = cli.waiting()
    cli.policies.write_text(RULES.replace("amount > 100", "amount > 120"))
    cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"])
    (again,) = cli("queue", "--json").json["approvals"]
    assert again["id"] != approval["id"]
    first, second = explain(approval["id"]), explain(again["id"])
    assert [one["because"][0]["condition"] for one in (first, second)] == ["amount > 100", "amount > 120"]
    assert explain(approval["plan"])["logged"] == second["logged"]


def test_counters_of_the_log(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """What was counted is what the decision's Entry tells, whatever happened since."""
    cli.policies.write_text(COUNTED)
    cli.submit(TRANSFER | {"amount": "90.00"})
    plan = cli.submit(TRANSFER | {"amount": "95.00"})["plan"]
    cli.submit(TRANSFER | {"amount": "80.00"})
    told = explain(plan)
    assert told["decision"]["counters"] == {"sent": "185.00 USD"}
    assert told["situation"]["counted_before"] == {"sent": "90.00"}
    assert ({"counters.sent": "905.01"}, "deny") in changes(told)
    cli.policies.write_text(COUNTED.replace("window: day", "window: 7d"))
    assert explain(plan)["decided_now"]["effect"] == "deny"  # what it holds is not known, so it fails on the strict side


def test_pinned_rules_are_those_in_force(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """Where other policies are pinned than the file holds, the pinned ones are those in force."""
    approval = cli.waiting()
    assert cli("policies", "pin", "--as", "mira").code == 0
    cli.policies.write_text(RULES.replace("amount > 100", "amount > 200"))
    assert explain(approval["id"])["decided_now"] is None


@pytest.mark.parametrize(
    ("arguments", "code", "parts"),
    [
        ([], 2, ["name one action"]),
        ([wire(), "--action", "x.json"], 2, ["name one action"]),
        (["--action", "nothing.json"], 2, ['"nothing.json" cannot be read', "holds an action as JSON"]),
        ([wire(), "2"], 2, ["a number stands only beside a plan's id"]),
        ([wire(), "--at", "tomorrow"], 2, ['--at is "tomorrow"', "2026-12-24 18:30"]),
        ([wire(), "--count", "sent=1"], 2, ['no counter "sent"', "it has none"]),
        (["a1b2"], 2, ['there is no "a1b2"']),
        (["p-1b2c"], 2, ['there is no "p-1b2c"']),
        (["p-1b2c", "--as", "mira"], 2, ["--as stands only beside an action as JSON"]),
        (['{"type": "transfer"'], 1, ["the action is not JSON: line 1"]),
        (["[1]"], 1, ["the action is not a JSON object"]),
        (['{"type": "transfr"}'], 1, ['"transfr" is not an action type; did you mean `transfer`?']),
        (['{"to": "Alice"}'], 1, ["`type` is missing"]),
        (['{"type": "deposit", "amount": "5", "amount": "6"}'], 1, ["`amount` is written twice"]),
        (['{"type": "deposit", "amount": 5.5}'], 1, ["`amount` must be a decimal written as text"]),
        (['{"type": "deposit", "amount": "5", "needs": []}'], 1, ["`needs` is part of a plan"]),
        (['{"type": "deposit", "amount": ' + "[" * 50 + "]" * 50 + "}"], 1, ["the action is nested too deeply"]),
    ],
)
def test_what_cannot_be_explained(
    arguments: list[str], code: int, parts: list[str], cli: CommandLine, unchanged: Callable[..., Ran]
) -> None:
    """Wrong use and wrong actions are one line each with the remedy, and change nothing."""
    cli.submit(BALANCE)
    unchanged(["policies", "explain", *arguments]).failed(code, *parts)


def test_a_plan_of_several_needs_a_number(cli: CommandLine) -> None:
    """Which action of a plan is meant must be said, and must be one of it; an approval is of one."""
    told = cli.submit(TRANSFER, DEPOSIT)
    cli("policies", "explain", told["plan"]).failed(2, "has 2 actions", f"signoff policies explain {told['plan']} 2")
    cli("policies", "explain", told["plan"], "3").failed(2, "its actions are numbered 1 to 2")
    cli("policies", "explain", f"{told['plan']}/3").failed(2, "its actions are numbered 1 to 2")
    cli("policies", "explain", f"{told['plan']}/x").failed(2, "names no action; write its plan and its number, as in p-12ab/2")
    assert cli("policies", "explain", f"{told['plan']}/2").out == cli("policies", "explain", told["plan"], "2").out
    cli("policies", "explain", told["approvals"][0]["id"], "1").failed(2, "leave the number 1 out")


def test_counts_are_read_strictly(cli: CommandLine) -> None:
    """A counter's value is digits, given once; money may have decimals, a count none."""
    cli.policies.write_text(COUNTED.replace("counters: {", "counters: {asked: {count: transfer, window: day}, "))
    for wrong in ("sent", "sent=", "sent=-5", "sent=1e3", "sent=NaN", "asked=1.5", "sent=١"):
        cli("policies", "explain", wire(), "--count", wrong).failed(2, "--count is")
    cli("policies", "explain", wire(), "--count", "sent=1", "--count", "sent=2").failed(2, "write each counter once")
    cli("policies", "explain", wire(), "--count", "sent=850.009").failed(2, "with a number with at most 2 decimals")
    cli("policies", "explain", wire(amount="150", currency="JPY"), "--count", "sent=1.5").failed(2, "with a whole number")
    assert cli("policies", "explain", wire(), "--count", "sent=849.990").code == 0


def test_fields_are_shown_as_plans_write_them() -> None:
    """Lists and truths are shown without Python's own spelling of them."""
    order = Order(to="Ann", quantity=1, weight=Decimal(2), tags=("new", "[red]"), sizes=(1, 2), price=Decimal(5))
    told = tell_fields(order)
    assert "tags [new, [red]], sizes [1, 2]" in told
    assert "urgent false" in told


def test_an_altered_log_explains_nothing(cli: CommandLine) -> None:
    """Where the stored action is not the one that the log tells, nothing is explained."""
    approval = cli.waiting()
    cli.tamper("UPDATE actions SET body = CAST(replace(CAST(body AS TEXT), '150.00', '1.00') AS BLOB)")
    cli("policies", "explain", approval["id"]).failed(6, "action 1 was edited")


def test_hostile_text_is_made_visible(cli: CommandLine) -> None:
    """What stands in an action, a rule or a request is shown on its own line, with what would act on a terminal made visible."""
    ran = cli("policies", "explain", wire(to="[red]x[/red]"), "--request", "send\x1b[2J 150\nDecided  allow")
    assert ran.code == 0
    assert "\x1b" not in ran.out
    assert "[red]x[/red]" in ran.out
    assert "\nDecided  allow" not in ran.out


def test_many_rules_are_cut(cli: CommandLine, explain: Callable[..., Any]) -> None:
    """Of many rules that did not match some are shown, and all are told as JSON."""
    cli.policies.write_text(RULES + "".join(f"  - {{id: r{n}, deny: transfer, when: 'to == \"P{n}\"'}}\n" for n in range(300)))
    assert "and 282 more rules: --json has all" in cli.wide("policies", "explain", wire()).out
    told = explain(wire())
    assert len(told["unmet"]) == 302
    assert told["tried"] > 300
