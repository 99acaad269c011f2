"""Plans and requests that cannot be accepted: one clear error each, and nothing is changed."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.app.conftest import BALANCE, DEPOSIT, TRANSFER, CommandLine, Ran

Unchanged = Callable[..., Ran]


@pytest.fixture(autouse=True)
def used_database(cli: CommandLine) -> None:
    """The database holds something that could be changed."""
    cli.submit(BALANCE, TRANSFER)


def without(action: Mapping[str, object], field: str) -> dict[str, object]:
    return {name: value for name, value in action.items() if name != field}


@pytest.mark.parametrize(
    ("action", "told"),
    [
        pytest.param(
            TRANSFER | {"type": "transfr"},
            ['action 1: "transfr" is not an action type', "did you mean `transfer`?"],
            id="misspelt type",
        ),
        pytest.param(
            {"type": "fly", "needs": []},
            ['"fly" is not an action type', "known are check_balance, deposit, withdraw, transfer, pay_bill"],
            id="unknown type",
        ),
        pytest.param({"type": 7, "needs": []}, ["action 1: `type` must be text"], id="type of the wrong type"),
        pytest.param(without(TRANSFER, "type"), ["action 1: `type` is missing", "known are check_balance"], id="no type"),
        pytest.param(without(TRANSFER, "to"), ["action 1 (transfer): `to` is missing"], id="missing field"),
        pytest.param(
            TRANSFER | {"note": "hi"},
            ["action 1 (transfer): `note` is not a field of this action", "leave it out"],
            id="extra field",
        ),
        pytest.param(TRANSFER | {"to": 7}, ["action 1 (transfer): `to`"], id="number for text"),
        pytest.param(TRANSFER | {"to": None}, ["action 1 (transfer): `to`"], id="null for text"),
        pytest.param(TRANSFER | {"amount": 150.5}, ["`amount` must be a decimal written as text"], id="float for money"),
        pytest.param(TRANSFER | {"amount": True}, ["`amount` must be a decimal written as text"], id="boolean for money"),
        pytest.param(TRANSFER | {"amount": "1e3"}, ["action 1 (transfer): `amount`"], id="exponent"),
        pytest.param(TRANSFER | {"amount": "-5"}, ["`amount` must be more than 0"], id="negative amount"),
        pytest.param(TRANSFER | {"amount": "0.00"}, ["`amount` must be more than 0"], id="amount of zero"),
        pytest.param(TRANSFER | {"amount": "1.005"}, ["`amount` has more decimals than USD has (2)"], id="three decimals"),
        pytest.param(TRANSFER | {"currency": "XXQ"}, ["action 1 (transfer)", "XXQ"], id="unknown currency"),
        pytest.param(
            TRANSFER | {"to": "Alise"},
            ['`to` is "Alise", which is no payee or account of dana', "did you mean Alice?"],
            id="misspelt payee",
        ),
        pytest.param(
            TRANSFER | {"to": "Eve"},
            ['`to` is "Eve", which is no payee', "known are checking, savings, Alice"],
            id="unknown payee",
        ),
        pytest.param(
            TRANSFER | {"from": "holiday"},
            ['`from` is "holiday", which is no account of dana', "known are checking, savings"],
            id="unknown account",
        ),
        pytest.param(without(DEPOSIT, "needs"), ["`needs` is missing", "write []"], id="no needs"),
        pytest.param(DEPOSIT | {"needs": [1]}, ["`needs` names the action itself", "earlier"], id="needs itself"),
        pytest.param(DEPOSIT | {"needs": [0]}, ["`needs` names action 0", "numbered 1 to 1"], id="needs nothing that is there"),
        pytest.param(DEPOSIT | {"needs": [9]}, ["`needs` names action 9", "numbered 1 to 1"], id="needs beyond the end"),
        pytest.param(DEPOSIT | {"needs": ["1"]}, ["`needs` may hold only numbers"], id="needs a text"),
        pytest.param(DEPOSIT | {"needs": 1}, ["`needs` must be a list"], id="needs is no list"),
    ],
)
def test_wrong_action(cli: CommandLine, unchanged: Unchanged, action: dict[str, object], told: list[str]) -> None:
    """An action that is wrong gets one line that names it, its field and what to write; nothing is stored."""
    unchanged(["run", "--plan", cli.plan_file(action)]).failed(1, *told)


def test_needs_that_point_forward(cli: CommandLine, unchanged: Unchanged) -> None:
    """An action cannot need a later one."""
    ran = unchanged(["run", "--plan", cli.plan_file(DEPOSIT | {"needs": [2]}, BALANCE)])
    ran.failed(1, "action 1 (deposit): `needs` names action 2, which comes later", "name only earlier actions")


def test_every_wrong_action_is_told_at_once(cli: CommandLine, unchanged: Unchanged) -> None:
    """Of several mistakes each gets its own line, in the order of the plan, and the right actions are not run."""
    ran = unchanged(["run", "--plan", cli.plan_file(BALANCE, DEPOSIT | {"amount": "0"}, TRANSFER | {"to": 5})])
    assert ran.code == 1
    lines = ran.err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["signoff", "signoff"]
    assert "action 2 (deposit)" in lines[0]
    assert "action 3 (transfer)" in lines[1]


def test_stranger_has_no_account(cli: CommandLine, unchanged: Unchanged) -> None:
    """Who is no customer of the bank cannot ask for anything."""
    ran = unchanged(["run", "--plan", cli.plan_file(DEPOSIT), "--as", "eve"])
    ran.failed(1, "action 1 (deposit)", '"eve" is no customer of this bank')


def test_too_little_money_moves_nothing(cli: CommandLine) -> None:
    """An action that the account cannot pay for is recorded as failed with both amounts, and moves no money."""
    ran = cli("run", "--plan", cli.plan_file({"type": "withdraw", "amount": "1000.01", "needs": []}), "--json")
    (action,) = ran.json["actions"]
    assert (ran.code, action["status"]) == (1, "failed")
    assert "1,000.00 USD" in action["error"]
    assert "1,000.01 USD" in action["error"]
    assert cli.balance() == "1000.00"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param('{"actions": []}', ["the plan is empty", "write at least one action"], id="empty plan"),
        pytest.param("", ["the plan is not JSON: line 1, column 1"], id="empty file"),
        pytest.param('{"actions": [}', ["the plan is not JSON: line 1, column 14"], id="not JSON"),
        pytest.param("[]", ["the plan is not a JSON object", 'write {"actions"'], id="no object"),
        pytest.param(json.dumps({"plan": 1, "actions": [BALANCE]}), ["`plan` is not part of a plan"], id="unknown key"),
        pytest.param("{}", ["`actions` is missing", 'write {"actions"'], id="no actions"),
        pytest.param('{"actions": [7]}', ["action 1: is not a JSON object"], id="action is no object"),
        pytest.param("[" * 30_000, ["the plan is nested too deeply", "at most 8"], id="nested 30,000 deep"),
    ],
)
def test_wrong_plan(cli: CommandLine, unchanged: Unchanged, text: str, told: list[str]) -> None:
    """A file that holds no plan gets an error that names the place or the key, and what to write."""
    unchanged(["run", "--plan", cli.text_file("plan.json", text)]).failed(1, *told)


def test_duplicate_keys(cli: CommandLine, unchanged: Unchanged) -> None:
    """A field that is written twice is refused: which of the two was meant cannot be known."""
    text = '{"actions": [{"type": "deposit", "amount": "1", "amount": "900", "needs": []}]}'
    unchanged(["run", "--plan", cli.text_file("plan.json", text)]).failed(1, "`amount` is written twice", "write it once")


def test_ten_thousand_actions(cli: CommandLine, unchanged: Unchanged) -> None:
    """A plan of 10,000 actions is refused as a whole, with the number that is accepted."""
    ran = unchanged(["run", "--plan", cli.plan_file(*[DEPOSIT] * 10_000)])
    ran.failed(1, "the plan holds 10,000 actions", "at most 100", "split it")


def test_large_plan_file(cli: CommandLine, unchanged: Unchanged) -> None:
    """A file of more than 1 MB is refused before it is read as JSON."""
    text = json.dumps({"actions": [DEPOSIT]}) + " " * 2**20
    unchanged(["run", "--plan", cli.text_file("plan.json", text)]).failed(1, "at most 1,048,576 bytes")
    unchanged(["run", "--plan", "-"], stdin=text.encode()).failed(1, "at most 1,048,576 bytes")


@pytest.mark.parametrize("command", ["plan", "run"])
@pytest.mark.parametrize(
    ("request_", "told"),
    [
        pytest.param("deposit 5 " * 2**17, ["the request holds 1,310,720 characters", "at most 10,000"], id="1 MB"),
        pytest.param("", ["the request is empty", 'such as "send $20 to Alice"'], id="empty"),
        pytest.param(" \n ", ["the request is empty"], id="blank"),
    ],
)
def test_wrong_request(unchanged: Unchanged, command: str, request_: str, told: list[str]) -> None:
    """A request of 1 MB, or an empty one, is refused with what is accepted."""
    unchanged([command, request_]).failed(1, *told)


@pytest.mark.parametrize(
    ("name", "told"), [("nothing.json", "no such file"), (".", "is a directory")], ids=["missing", "a folder"]
)
def test_plan_file_that_cannot_be_read(cli: CommandLine, unchanged: Unchanged, name: str, told: str) -> None:
    """A plan's file that is missing or a folder is wrong use, and is named."""
    error = unchanged(["run", "--plan", str(cli.folder / name)]).failed(2, str(Path(cli.folder / name)), "that holds a plan")
    assert told in error.lower()


@pytest.mark.parametrize(
    "request_", ["send $-5 to Alice", "send $1.005 to Alice", "send $0 to Alice", "send $5", "fly me to the moon"]
)
def test_request_that_cannot_be_planned(unchanged: Unchanged, request_: str) -> None:
    """A request that is not understood to the last word is asked about, never guessed."""
    ran = unchanged(["run", request_])
    assert (ran.code, ran.err) == (1, "")
    assert ran.out.startswith("No plan: question. ")


def test_unknown_payee_in_a_request(unchanged: Unchanged) -> None:
    """A payee that is not registered is named, with those that are."""
    unchanged(["run", "send $5 to Eve"]).failed(1, '"Eve"', "known are checking, savings, Alice, Bob, Carol, Mallory Ltd")


def test_empty_actor_is_nobody(unchanged: Unchanged) -> None:
    """`--as` with nothing, such as from an unset variable, is wrong use and never stands for the default customer."""
    assert unchanged(["run", "deposit 5", "--as", ""]).code == 2


@pytest.mark.parametrize("wrong", ["a\nsignoff: all is well", "\x1b[2J", "\u202ea"], ids=["line", "escape", "bidi"])
def test_error_about_hostile_text_is_one_line(unchanged: Unchanged, wrong: str) -> None:
    """Text that an error repeats can neither add a line to it nor move what stands there."""
    error = unchanged(["show", wrong]).failed(2, "there is no ")
    assert error.rstrip("\n").isprintable()
