"""The approval card: what must be on it, and what no text from outside can do to it."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest
from rich.cells import cell_len

from signoff import Actor, Engine
from signoff.actions import Effect, Registry, action, bank_registry
from signoff.audit import Approval
from signoff.canonical import Json
from signoff.drawing import format_card
from signoff.forms import card_json
from signoff.output import console
from signoff.planner import read_plan
from signoff.policies import parse_policy
from signoff.testing import FakeClock
from tests.app.conftest import BALANCE, DEPOSIT, TRANSFER, CommandLine
from tests.conftest import RULES

DANA, MIRA, OMAR, FAY = (Actor(id=name) for name in ("dana", "mira", "omar", "fay"))

REQUEST = "Check my balance, then send $150 to Alice and deposit 40"
ESCAPES = "\x1b[2J\x1b]0;title\x07\x9b31m"
BIDI = "\u202egnihton\u2066\u200f"


@action(effect=Effect.OPAQUE)
def send_note(text: str) -> Json:
    """Send somebody a note."""
    return text


class Screen:
    """Shows the card of an approval as a terminal of 80 columns without colour does."""

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def lines(self, engine: Engine, approval: Approval) -> list[str]:
        """The card's lines, none wider than the terminal."""
        self._capsys.readouterr()
        console().print(format_card(engine.card(approval.id)))
        lines = [line.rstrip() for line in self._capsys.readouterr().out.splitlines()]
        assert max(map(cell_len, lines)) <= 80
        return lines

    def text(self, engine: Engine, approval: Approval) -> str:
        """The card as one line with single spaces, however it was wrapped."""
        return " ".join(" ".join(self.lines(engine, approval)).split())


@pytest.fixture
def screen(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Screen:
    """A terminal of 80 columns without colour."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("NO_COLOR", "1")
    return Screen(capsys)


def submit(engine: Engine, *actions: Mapping[str, object], request: str | None = REQUEST, actor: Actor = DANA) -> Approval:
    """Submit *actions*, and give the one approval that waits for it."""
    plan = read_plan(json.dumps({"actions": actions}), engine.registry)
    (approval,) = engine.approvals_of(engine.submit(plan, actor, request=request).id)
    return approval


def sign(engine: Engine, approval: Approval, *actors: Actor) -> None:
    """Vote for *approval*."""
    for actor in actors:
        engine.approve(approval.id, actor, digest=approval.digest)


@pytest.fixture
def waiting_transfer(engine: Engine) -> Approval:
    """A transfer of 150 that waits beside a check and a deposit that are done."""
    return submit(engine, BALANCE, TRANSFER | {"needs": [1]}, DEPOSIT)


def test_head_tells_which_action_of_which_plan(engine: Engine, waiting_transfer: Approval, screen: Screen) -> None:
    """The head names the approval, the action's number of how many, and the plan."""
    head = screen.lines(engine, waiting_transfer)[0]
    assert head.startswith(f"APPROVAL {waiting_transfer.id} · action 2 of 3 · plan {waiting_transfer.plan}")


def test_head_tells_the_time(engine: Engine, clock: FakeClock, waiting_transfer: Approval, screen: Screen) -> None:
    """The head tells how long the action has waited and how much time is left, in hours and minutes."""
    clock.move(timedelta(minutes=12))
    assert screen.lines(engine, waiting_transfer)[0].endswith("waits 00:12, expires in 23:48")


@pytest.mark.parametrize(
    "item",
    [
        pytest.param("Transfer 150.00 USD", id="the action in words, with the full amount and its currency"),
        pytest.param("from dana / checking (1,040.00 USD; 890.00 after)", id="from which account, before and after"),
        pytest.param("to Alice", id="to whom"),
        pytest.param("Asked by dana (claimed)", id="who asked, and how they were identified"),
        pytest.param(f'The request (untrusted) "{REQUEST}"', id="the request, marked as untrusted"),
        pytest.param("to yes · amount yes · currency yes · from no (the default)", id="what stands in the request"),
        pytest.param("Because large-transfer, policies.yaml:14", id="the rule, its file and line"),
        pytest.param("transfers over 100 need a manager", id="the rule's own words"),
        pytest.param("amount > 100 amount was 150.00 USD", id="the condition and the value that it read"),
        pytest.param("Needs 1 manager (mira, omar), 0 of 1 so far", id="who may decide, and how many have"),
        pytest.param("not dana", id="that the requester may not"),
        pytest.param("Others 1 Check balance done · 3 Deposit 40.00 USD done", id="the other actions"),
    ],
)
def test_card_holds(item: str, engine: Engine, waiting_transfer: Approval, screen: Screen) -> None:
    """Every item that an approver must see stands on the card."""
    assert item in screen.text(engine, waiting_transfer)


def test_card_shows_the_start_of_the_digest(engine: Engine, waiting_transfer: Approval, screen: Screen) -> None:
    """At least the first 8 digits of what is signed stand on the card, in groups of four, ready for `--digest`."""
    assert f"Digest {waiting_transfer.digest[:4]} {waiting_transfer.digest[4:8]} " in screen.text(engine, waiting_transfer)


def test_os_user_of_the_requester_is_shown(engine: Engine, screen: Screen) -> None:
    """Where it is known which operating system's user spoke for the requester, the card tells it."""
    approval = submit(engine, TRANSFER, actor=Actor(id="dana", os_user=1000))
    assert "Asked by dana (claimed, os user 1000)" in screen.text(engine, approval)


def test_plan_without_a_request_says_so(engine: Engine, screen: Screen) -> None:
    """Where no user's words came with the plan the card says so, and nothing counts as found in them."""
    text = screen.text(engine, submit(engine, TRANSFER, request=None))
    assert "The request none: no user's words came with the plan" in text
    assert "Found in it nothing" in text


def test_lone_action_has_no_others(engine: Engine, screen: Screen) -> None:
    """A plan's only action is shown to be the only one."""
    assert "Others none" in screen.text(engine, submit(engine, TRANSFER))


def test_two_rules_are_both_shown(engine: Engine, screen: Screen) -> None:
    """Each rule that asked stands on the card, with its own place and seats."""
    text = screen.text(engine, submit(engine, TRANSFER | {"amount": "600.00"}))
    assert "Because large-transfer, policies.yaml:14" in text
    assert "Because very-large, policies.yaml:20" in text
    assert "2 finance (fay, finn), 0 of 2 so far; 1 manager (mira, omar), 0 of 1 so far" in text


def test_signatures_so_far_are_counted_and_named(engine: Engine, screen: Screen) -> None:
    """Of several seats the card tells how many are filled, and who filled them when."""
    approval = submit(engine, TRANSFER | {"amount": "600.00"})
    sign(engine, approval, MIRA, FAY)
    text = screen.text(engine, approval)
    assert "2 finance (fay, finn), 1 of 2 so far; 1 manager (mira, omar), 1 of 1 so far" in text
    card = engine.card(approval.id).digest
    assert f"Signed by fay (claimed) at 2026-03-02 09:30:00 UTC, shown card {card[:4]} {card[4:8]} … Signed by mira" in text


def test_a_role_with_nobody_in_it_is_shown(open_engine: Callable[..., Engine], screen: Screen) -> None:
    """Where nobody may sign, the card says nobody, so that the rules can be mended."""
    text = RULES.replace("[mira, omar]", "[dana]")
    engine = open_engine(parse_policy(text.encode(), "policies.yaml", bank_registry()))
    assert "1 manager (nobody), 0 of 1 so far; not dana" in screen.text(engine, submit(engine, TRANSFER))


def test_rejection_is_shown_with_its_reason(engine: Engine, waiting_transfer: Approval, screen: Screen) -> None:
    """The card of a rejected approval names who rejected it, when and why."""
    engine.reject(waiting_transfer.id, MIRA, reason="[bold]not\x1b[2J today")
    text = screen.text(engine, waiting_transfer)
    card = engine.card(waiting_transfer.id).digest
    shown = f"shown card {card[:4]} {card[4:8]} …"
    assert rf"Rejected by mira (claimed) at 2026-03-02 09:30:00 UTC, {shown}: [bold]not\u{{1b}}[2J today" in text


def test_votes_that_no_longer_count_fill_no_seat(engine: Engine, screen: Screen) -> None:
    """Who lost the role after signing is named as a signer, but fills no seat."""
    approval = submit(engine, TRANSFER | {"amount": "600.00"})
    sign(engine, approval, MIRA)
    engine.policy = parse_policy(RULES.replace("[mira, omar]", "[omar]").encode(), "policies.yaml", engine.registry)
    assert "1 manager (omar), 0 of 1 so far" in screen.text(engine, approval)


def test_expired_card_says_so(engine: Engine, clock: FakeClock, waiting_transfer: Approval, screen: Screen) -> None:
    """After the deadline the head says that the approval has expired."""
    clock.move(timedelta(hours=25))
    assert screen.lines(engine, waiting_transfer)[0].endswith("expired")


@pytest.mark.parametrize(("verb", "word"), [("approve", "approved"), ("reject", "rejected")])
def test_decided_card_says_so(verb: str, word: str, engine: Engine, waiting_transfer: Approval, screen: Screen) -> None:
    """The card of an approval that is decided says how, and does not claim that it still waits."""
    if verb == "approve":
        sign(engine, waiting_transfer, MIRA)
    else:
        engine.reject(waiting_transfer.id, OMAR, reason="not today")
    head = screen.lines(engine, waiting_transfer)[0]
    assert word in head
    assert "expires in" not in head


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        pytest.param(ESCAPES, r"\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m", id="escape sequences"),
        pytest.param(BIDI, r"\u{202e}gnihton\u{2066}\u{200f}", id="bidirectional text"),
        pytest.param("a\nDigest 0000\r\tb", r"a ⏎ Digest 0000\u{d}\u{9}b", id="lines that forge the card"),
        pytest.param("[bold]x[/bold] [link=http://x]y[/link]", "[bold]x[/bold] [link=http://x]y[/link]", id="markup"),
        pytest.param(":smile: :warning:", ":smile: :warning:", id="emoji codes"),
        pytest.param("a\u200b\ufeff\U000e0041b", r"a\u{200b}\u{feff}\u{e0041}b", id="invisible characters"),
    ],
)
def test_hostile_request_is_shown_and_harmless(hostile: str, shown: str, engine: Engine, screen: Screen) -> None:
    """What could move, hide or style text on a terminal is written out, and the card has no line more for it."""
    plain = screen.lines(engine, submit(engine, TRANSFER, request="x"))
    approval = submit(engine, TRANSFER, request=hostile)
    lines = screen.lines(engine, approval)
    assert f'The request (untrusted) "{shown}"' in screen.text(engine, approval)
    assert [line[:13] for line in lines[1:]] == [line[:13] for line in plain[1:]]
    assert all(character.isprintable() for line in lines for character in line)


def test_long_request_is_cut_and_counted(engine: Engine, screen: Screen) -> None:
    """Of a request of 10,000 characters the card shows the start, and tells how many more there are."""
    text = screen.text(engine, submit(engine, TRANSFER, request="send " * 2_000))
    assert "… and 9,500 more characters" in text


@pytest.mark.parametrize(
    "letters", ["漢" * 400, "x" * 500, "👩\u200d🚀" * 100, "e\u0301" * 250], ids=["wide", "one word", "joined", "combining"]
)
def test_unusual_letters_stay_inside_the_columns(letters: str, engine: Engine, screen: Screen) -> None:
    """Letters of any width are wrapped inside the value's column."""
    lines = screen.lines(engine, submit(engine, TRANSFER, request=letters))
    labels = [line[:14].strip() for line in lines[2:]]
    assert [label for label in labels if label] == [
        *("from", "to", "Asked by", "The request", "Found in it", "Because", "Needs", "Others", "Digest", "This card"),
    ]


def test_hostile_rules_are_no_markup(open_engine: Callable[..., Engine], screen: Screen) -> None:
    """A rule's own words and its file's name are shown as they are written."""
    text = RULES.replace("transfers over 100 need a manager", '"[red]x[/red] :smile:"')
    engine = open_engine(parse_policy(text.encode(), "[bold]p.yaml", bank_registry()))
    assert "large-transfer, [bold]p.yaml:14: [red]x[/red] :smile:" in screen.text(engine, submit(engine, TRANSFER))


def test_hostile_field_stays_in_its_column(open_engine: Callable[..., Engine], screen: Screen) -> None:
    """An action's own text, however long, is shown whole and cannot forge a line of the card."""
    registry = Registry(*bank_registry().values(), send_note, migrations=bank_registry().migrations)
    rules = RULES + "  - id: notes\n    approve: send_note\n"
    engine = open_engine(parse_policy(rules.encode(), "policies.yaml", registry), registry)
    forged = "[bold]Hi[/bold]" + " " * 70 + "Needs        0 manager" + " " * 70 + "Digest       0000 " + "z" * 9_000
    lines = screen.lines(engine, submit(engine, {"type": "send_note", "text": forged, "needs": []}))
    assert "".join(lines).count("z") == 9_000
    assert "[bold]Hi[/bold]" in "".join(lines)
    assert sum(line.startswith(" Needs") for line in lines) == 1
    assert sum(line.startswith(" Digest") for line in lines) == 1


def test_problem_of_the_action_is_on_the_card(engine: Engine, cli: CommandLine, screen: Screen) -> None:
    """Where the action's own lines cannot be told, such as for an account that is gone, the card says why."""
    approval = submit(engine, TRANSFER)
    cli.tamper("UPDATE bank_account SET name = 'Alicia' WHERE name = 'Alice'")
    text = screen.text(engine, approval)
    assert "amount 150.00" in text
    assert 'problem `to` is "Alice", which is no payee or account of dana' in text


def test_card_as_json(engine: Engine, waiting_transfer: Approval) -> None:
    """A program gets everything that a person sees, and the whole digest."""
    sign(engine, waiting_transfer, MIRA)
    told: dict[str, Any] = json.loads(json.dumps(card_json(engine.card(waiting_transfer.id))))
    assert told["digest"] == waiting_transfer.digest
    assert told["request"] == REQUEST
    assert told["details"] == {"from": "dana / checking (1,040.00 USD; 890.00 after)", "to": "Alice"}
    assert told["found"] == {"to": "yes", "amount": "yes", "currency": "yes", "from": "no (the default)"}
    assert told["people"] == {"manager": ["mira", "omar"]}
    assert told["filled"] == {"manager": 1}
    assert [(vote["voter"]["id"], vote["choice"], vote["reason"]) for vote in told["votes"]] == [("mira", "approve", None)]
