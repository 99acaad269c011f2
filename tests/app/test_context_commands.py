"""Contexts given by command and in the demo, and values that are marked as not the user's."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from rich.console import Console

from signoff import Engine
from signoff.output import format_judgements, format_plan
from tests.app.conftest import CommandLine
from tests.app.talks import Talk

from .banking import DANA, plan_of, transfer
from .sourced import INVOICE, PAYEES


@pytest.fixture
def files(cli: CommandLine) -> Sequence[str]:
    """The options that name an invoice, and the payees."""
    cli.text_file("invoice.txt", INVOICE.text)
    cli.text_file("payees.txt", PAYEES.text)
    return ["--context", f"invoice={cli.folder}/invoice.txt", "--trusted-context", f"payees={cli.folder}/payees.txt"]


@pytest.fixture
def bill(cli: CommandLine, files: Sequence[str]) -> Any:
    """A plan from a file, made with what is beside it, as `--json` tells it."""
    return cli(
        "run", "--plan", cli.plan_file({"type": "transfer", "to": "Bob", "amount": "150.00", "needs": []}), *files, "--json"
    )


def test_the_command_line_gives_contexts(cli: CommandLine, files: Sequence[str]) -> None:
    """`plan` and `run` take files beside the request, and tell where the values stand and what the planner says of its work."""
    told = cli("plan", "send $20 to Bob", *files, "--json").json
    (action,) = told["actions"]
    assert action["sources"]["to"] == {"source": "request", "trusted": True}
    assert action["sources"]["from"] == {"source": "none", "trusted": False}
    assert (told["record"], told["disputed"]) == ({"planner": "rules"}, [])
    told = cli("run", "send $20 to Bob", *files, "--json").json
    assert told["planned"] == {"model": None, "attempts": 1, "tokens": None, "record": {"planner": "rules"}}
    assert [(one["source"], one["trust"], one["length"]) for one in told["context"]] == [
        ("payees", "trusted", len(PAYEES.text)),
        ("invoice", "untrusted", len(INVOICE.text)),
    ]
    assert told["actions"][0]["sources"]["to"] == {"source": "request", "trusted": True}
    assert cli("audit", "verify").code == 0


def test_a_plan_from_a_file_is_marked(cli: CommandLine, bill: Any) -> None:
    """A plan that comes with contexts and no request is marked wherever it is shown, and explained."""
    assert bill.json["actions"][0]["sources"]["amount"] == {"source": "invoice", "trusted": False}
    id_, approval = bill.json["plan"], bill.json["approvals"][0]["id"]
    shown = cli.wide("show", id_).out
    assert "amount 150.00 (from invoice, untrusted), currency USD (from invoice, untrusted), from checking" in shown
    assert "to Bob (from payees, trusted)" in shown
    assert "Beside it    payees (trusted, 29 characters) · invoice (untrusted, 45 characters)" in shown
    assert cli("show", f"{id_}/1", "--json").json["actions"][0]["sources"]["to"] == {"source": "payees", "trusted": True}
    assert "amount no (from invoice, untrusted)" in cli.wide("show", approval).out
    explained = cli.wide("policies", "explain", id_).out
    assert (
        "Not in it    to: payees (trusted), amount: invoice (untrusted), currency: invoice (untrusted), from: nowhere"
        in explained
    )
    told = cli("policies", "explain", id_, "--json").json
    assert told["sources"]["to"] == {"source": "payees", "trusted": True}
    assert told["disputed"] is False


@pytest.mark.parametrize(
    ("option", "code", "words"),
    [
        ("invoice", 2, "names no context; write SOURCE=FILE"),
        ("invoice=", 2, "names no context; write SOURCE=FILE"),
        ("=file", 2, "names no context; write SOURCE=FILE"),
        ("invoice=nowhere.txt", 2, "cannot be read"),
        ("invoice=.", 2, "cannot be read"),
        ("request={}", 1, '"request" cannot name a source, since rules mean something else by it; write another'),
        ("none={}", 1, '"none" cannot name a source'),
        ("Invoice={}", 1, "cannot name a source"),
        ("binary={}", 2, "is no UTF-8 text"),
        ("long={}", 1, "at most 50,000 are accepted"),
        ("accents={}", 1, "accents in a row"),
    ],
)
def test_a_context_that_cannot_be_given_is_told(cli: CommandLine, option: str, code: int, words: str) -> None:
    """A context without a source or a file, with a reserved source, or with what is no text, stops before anything is stored."""
    texts = {"binary": b"\xff\xfe\xfa", "long": b"x" * 50_001, "accents": b"e" + "\u0301".encode() * 31}
    (cli.folder / "file").write_bytes(texts.get(option.partition("=")[0], b"text"))
    ran = cli("run", "send $20 to Bob", "--context", option.format(cli.folder / "file"))
    assert words in ran.err
    assert ran.code in (1, 2)
    assert ran.code == code
    assert not cli.database.exists()


def test_two_contexts_of_one_source_are_refused(cli: CommandLine, files: Sequence[str]) -> None:
    """A source names one text: two files under one name could not be told apart."""
    ran = cli("run", "send $20 to Bob", *files, "--context", f"payees={cli.folder}/invoice.txt")
    assert 'two contexts have the source "payees"' in ran.err
    assert not cli.database.exists()


def test_the_demo_gives_contexts_and_drops_them(demo: Talk) -> None:
    """What /context and /trust name is beside every request from then on, until it is dropped; a wrong name changes nothing."""
    demo.cli.text_file("bill.txt", INVOICE.text)
    demo.cli.text_file("who.txt", PAYEES.text)
    folder = demo.cli.folder
    demo.say("/context", until="Planners read nothing beside the request.")
    demo.say(f"/context invoice {folder}/bill.txt", until="invoice: untrusted, 45 characters")
    demo.say(f"/trust payees {folder}/who.txt", until="payees: trusted, 29 characters")
    demo.say(f"/context request {folder}/bill.txt", until="cannot name a source")
    demo.say("/context other nowhere.txt", until="cannot be read")
    demo.say("send $1 to Bob", until="1 done")
    demo.say("/drop invoice", until="payees: trusted")
    demo.say("/drop invoice", until='there is no context "invoice"; there is payees')
    demo.say("send $2 to Bob", until="1 done")
    given = [entry["data"].get("context", []) for entry in demo.cli("audit", "log", "--json", "--status", "submitted").json]
    assert [[one["source"] for one in one_plan] for one_plan in given] == [["invoice", "payees"], ["payees"]]


def test_the_demo_marks_what_the_user_did_not_write(demo: Talk) -> None:
    """In the table of a plan a value that the user did not write has its source in brackets, where there is no colour, too."""
    shown = demo.say("pay Acme Utilities", until="It waits.")
    assert "biller Acme Utilities, amount 84.20 (not in the request), currency USD, from checking" in shown


def test_marked_values_have_another_colour(engine: Engine) -> None:
    """Where there is colour, a value that the user did not write has one of its own, before and after the plan is accepted."""
    plan = plan_of(engine, transfer("15.00"))
    judged = engine.preview(plan, DANA, request="send something to Alice")
    stored = engine.submit(plan, DANA, request="send something to Alice")
    for table in (format_judgements(judged), format_plan(stored, engine.sources(stored))):
        terminal = Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=400, no_color=False)
        terminal.print(table)
        shown = terminal.file.getvalue()  # type: ignore[attr-defined]  # of a StringIO
        assert "\x1b[33mamount 15.00 (not in the request)" in shown
        assert "\x1b[2m, currency USD, from checking" in shown


def test_json_of_a_plan_holds_no_text_of_a_context(bill: Any) -> None:
    """What is told of a context is its digest and length: the text itself may be long, and is somebody else's."""
    assert "INVOICE" not in json.dumps(bill.json)
