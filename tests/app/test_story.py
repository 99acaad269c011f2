"""`signoff show`: all that is known of a plan, an action or an approval, in words and as JSON."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from rich.console import Console

from signoff import Actor, Engine
from signoff.log_view import EVENTS
from signoff.story import Story
from signoff.story_forms import story_json
from signoff.story_output import format_story, tell_event
from signoff.testing import FakeClock
from tests.app.banking import DANA, FAY, FINN, MIRA, OMAR, Open, message, only_approval, sign, statuses, submit, transfer
from tests.app.conftest import BALANCE, TRANSFER, CommandLine
from tests.app.outside import open_outside
from tests.conftest import RULES, rules
from tests.receiver import Receiver, Treatment

HANDED = RULES.replace("identity:", "delegation: 14d\nremind: 1h\nidentity:")
HOUR = timedelta(hours=1)
TWO = RULES.replace("    by: manager\n", "    by: {role: manager, count: 2}\n")


def text_of(engine: Engine, story: Story, columns: int = 400) -> str:
    """A story as it is shown, on lines so wide that nothing is wrapped."""
    console = Console(width=columns, no_color=True, markup=False, emoji=False, highlight=False)
    with console.capture() as capture:
        console.print(format_story(story, engine.policy))
    return "\n".join(line.rstrip() for line in capture.get().splitlines())


@pytest.fixture
def signed(open_engine: Open, clock: FakeClock) -> tuple[Engine, Story]:
    """A transfer that was refused to one, reminded of, signed by a delegate with a reason, and done; and its story."""
    engine = open_engine(rules(HANDED))
    plan = submit(engine, transfer("150.00"), request="send $150 to Alice")
    approval = only_approval(engine, plan)
    engine.delegate(MIRA, to="fay", until=engine.store.clock() + 30 * HOUR, reason="on holiday")
    with pytest.raises(Exception, match="finn may not decide"):
        sign(engine, approval, FINN)
    clock.move(23 * HOUR)
    engine.resume(OMAR)
    engine.approve(approval.id, FAY, digest=approval.digest, reason="I know Alice")
    engine.resume(FAY)
    return engine, engine.story(plan.id)


def test_all_of_it_is_told(signed: tuple[Engine, Story]) -> None:
    """The request, the decisions, who signed for whom and why, what that was used for, the reminder and the refusal are told."""
    engine, story = signed
    (action,) = story.actions
    text = text_of(engine, story)
    digest = " ".join(action.record.digest[at : at + 4] for at in (0, 4, 8, 12))
    for part in (
        "Asked by     dana (claimed) at 2026-03-02 09:30:00 UTC",
        '(untrusted) "send $150 to Alice"',
        "Planned by   given",
        "Action 1 · Transfer 150.00 USD to Alice · done",
        "transfer, effect local, revision 1",
        "2026-03-02 09:30:00, when it was asked for: approve by large-transfer",
        "2026-03-03 08:30:00, before attempt 1: approve by large-transfer",
        "policies.yaml says the same",
        "approved: asked 2026-03-02 09:30:00 for 1 manager, until 2026-03-03 09:30:00",
        "amount > 100     amount was 150.00 USD",
        "reminded at 2026-03-03 08:30:00",
        "signed by fay (claimed) for mira at 2026-03-03 08:30:00: I know Alice",
        f"for the action with the digest {digest} …, shown card",
        "…; used by attempt 1",
        "fay signs for mira (claimed) since 2026-03-02 09:30:00 until 2026-03-03 15:30:00 (entry 5): on holiday",
        "Attempt 1  started 2026-03-03 08:30:00 by fay, with the votes on",
        "finn (claimed): approve: finn may not decide",
    ):
        assert part in text, part


def test_what_happened_when(signed: tuple[Engine, Story]) -> None:
    """The timeline has a line for each Entry, with its time, its number, its actor, and what happened in words."""
    engine, story = signed
    lines = text_of(engine, story).partition("What happened")[2].splitlines()[1:]
    told = [re.sub(r"\s+", " ", line).strip() for line in lines]
    assert told == [
        "2026-03-02",
        '09:30:00 2 dana asked: "send $150 to Alice"',
        "09:30:00 3 dana decided: waiting by large-transfer",
        "09:30:00 4 signoff a0002 asks for 1 manager, until 2026-03-03 09:30:00",
        "09:30:00 6 finn refused approve: finn may not decide a0002: it needs 1 manager (mira, omar, fay for mira)",
        "2026-03-03",
        "08:30:00 7 signoff reminded mira, omar, fay of a0002",
        "08:30:00 8 fay signed a0002 for mira: I know Alice",
        "08:30:00 9 fay approved: every seat is filled",
        "08:30:00 10 fay executing: attempt 1, with the votes on a0002, decided by large-transfer",
        told[10],
    ]
    assert told[10].startswith("08:30:00 11 fay done: account checking")


def test_json_has_all_of_it(signed: tuple[Engine, Story]) -> None:
    """As JSON it is the same, and more: every decision, vote, attempt and Entry as it was stored."""
    _, story = signed
    told: Any = story_json(story)
    ((history,), timeline) = (told["history"], told["timeline"])
    ((approval,), (attempt,)) = (history["approvals"], history["attempts"])
    ((vote,), (given,)) = (approval["votes"], approval["delegations"])
    assert (vote["for"], vote["used"], vote["reason"], vote["shown"]) == (["mira"], 1, "I know Alice", approval["digest"])
    assert (given["to"], given["entry"], approval["reminded"]) == ("fay", 5, "2026-03-03T08:30:00.000000Z")
    assert (attempt["approval"], attempt["ended"]["event"]) == (approval["id"], "done")
    assert [decision["effect"] for decision in history["decisions"]] == ["approve", "approve"]
    assert (history["differs"], history["now"]["rules"]) == (False, ["large-transfer"])
    assert [entry["number"] for entry in timeline] == [2, 3, 4, 6, 7, 8, 9, 10, 11]
    assert timeline[5]["words"] == f"signed {approval['id']} for mira: I know Alice"


def waiting_story(engine: Engine, text: str) -> str:
    """What is shown of a transfer that waits, once the rules are *text*."""
    plan = submit(engine, transfer("150.00"))
    engine.policy = rules(text)
    return text_of(engine, engine.story(plan.id))


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        ("amount > 100", "amount > 200", "policies.yaml says allow by everyday"),
        ("amount > 100", "amount > 120", "amount > 120     amount was 150.00 USD"),
        ("[Mallory Ltd]", "[Alice]", "policies.yaml says deny by blocked"),
        ("[Mallory Ltd]", "[Eve]", "policies.yaml says the same"),
    ],
)
def test_then_and_now(engine: Engine, old: str, new: str, shown: str) -> None:
    """What the rules in force now say is shown beside what was decided, with its values, where it is something else."""
    told = waiting_story(engine, RULES.replace(old, new))
    assert "when it was asked for: approve by large-transfer, by policies of then" in told
    assert shown in told


STANDINGS: dict[str, tuple[Callable[[Engine, str], object], str]] = {
    "fills a seat": (lambda engine, id_: None, "counts, not used yet"),
    "lost the role": (
        lambda engine, id_: setattr(engine, "policy", rules(TWO.replace("[mira, omar]", "[omar, max]"))),
        "does not count by the rules in force now",
    ),
    "of what was cancelled": (lambda engine, id_: engine.cancel(id_, DANA), "not used"),
}


@pytest.mark.parametrize(("change", "standing"), STANDINGS.values(), ids=STANDINGS)
def test_what_became_of_a_vote(open_engine: Open, change: Callable[[Engine, str], object], standing: str) -> None:
    """Of each vote it is told whether it counts, or what used it."""
    engine = open_engine(rules(TWO))
    plan = submit(engine, transfer("150.00"))
    sign(engine, only_approval(engine, plan), MIRA)
    change(engine, plan.id)
    (vote,) = engine.story(plan.id).actions[0].signatures[0].votes
    assert (vote.entry.actor, vote.standing) == (MIRA, standing)


def test_a_passed_deadline_is_told(engine: Engine, clock: FakeClock) -> None:
    """An approval whose time is over is expired, before anybody records that."""
    plan = submit(engine, transfer("150.00"))
    clock.move(24 * HOUR)
    (signature,) = engine.story(plan.id).actions[0].signatures
    assert signature.status == "expired"
    assert "· expired" in text_of(engine, engine.story(plan.id))


def test_attempts_and_answers(open_engine: Open, clock: FakeClock, receiver: Receiver) -> None:
    """Each attempt is told with what came of it: what was tried again, what the receiver said, and how it ended."""
    outside = open_outside(open_engine, clock, receiver, "")
    receiver.script(Treatment.DROP, Treatment.LOSE)
    plan = outside.submit("pay", "book")
    story = outside.engine.story(plan.id)
    pay, book = story.actions
    assert [(one.number, [entry.event for entry in one.answers]) for one in pay.attempts] == [(1, ["retry"]), (2, [])]
    assert pay.attempts[1].ended is not None
    assert [(one.number, [entry.event for entry in one.answers]) for one in book.attempts] == [
        (1, ["retry", "probed"]),
        (2, []),
    ]
    text = text_of(outside.engine, story)
    assert "will be tried again: " in text
    assert "Attempt 2" in text


def test_what_was_found_out(open_wide: Engine) -> None:
    """What somebody said of an action in doubt is told, with who and why; of one in doubt, how to find out."""
    plan = submit(open_wide, message(how="badly"))
    assert "find out: signoff resolve" in text_of(open_wide, open_wide.story(plan.id))
    open_wide.resolve(plan.id, 1, MIRA, done=True, reason="it is in the outbox")
    told = text_of(open_wide, open_wide.story(plan.id))
    assert "Resolved   done: it is in the outbox, by mira (claimed)" in told
    assert "found out: done: it is in the outbox" in told


def test_what_the_program_does_not_know_any_more(open_wide: Engine, open_engine: Open) -> None:
    """An action whose type is gone is shown as it was stored, and that the rules can say nothing of it."""
    plan = submit(open_wide, message())
    narrow = open_engine()
    told = text_of(narrow, narrow.story(plan.id))
    assert "policies.yaml can say nothing: " in told
    assert "Send message" in told


def test_every_event_has_words(signed: tuple[Engine, Story]) -> None:
    """Whatever event an Entry tells of, with all that such Entries hold, there are words for it, on one line."""
    _, story = signed
    entry = story.entries[-1]
    data: dict[str, Any] = {
        "request": "a\nb", "status": "done", "decision": {"rules": ["x"]}, "id": "a1", "seats": {"manager": 1}, "expires": "2026",
        "choice": "approve", "approval": "a1", "reason": "\x1b[2J", "people": ["mira"], "attempt": 1, "ending": "done",
        "title": "t", "error": None, "result": None, "verb": "done",
        "due": "2026", "needs": "1 manager", "to": "fay", "until": "2026",
        "digest": "d", "name": "n", "change": None, "planner": "p", "rules": ["x"],
    }  # fmt: skip
    for event in EVENTS:
        words = tell_event(replace(entry, event=event, data=data)).plain
        assert words
        assert words.isprintable()


def test_hostile_texts_forge_no_line(engine: Engine) -> None:
    """A request or a reason with line breaks and escapes forges no line of the story."""
    plan = submit(engine, transfer("150.00"), request="hello\nAction 2 · done\x1b[2J")
    engine.reject(only_approval(engine, plan).id, MIRA, reason="no\n  10:00:00  9  mira  signed")
    told = text_of(engine, engine.story(plan.id))
    assert "\x1b" not in told
    assert [line for line in told.splitlines() if line.startswith(("Action 2", "  10:00:00"))] == []


def test_show_a_plan_an_action_and_an_approval(cli: CommandLine) -> None:
    """`signoff show` takes a plan, an action in it, or an approval, whose card stands first; each tells its part."""
    plan = cli.submit(BALANCE, TRANSFER)
    (approval,) = plan["approvals"]
    whole = cli.wide("show", plan["plan"]).out
    assert whole.startswith(f"Plan {plan['plan']}, asked by dana")
    assert "Action 1 · " in whole
    assert "Action 2 · " in whole
    alone = cli.wide("show", f"{plan['plan']}/2").out
    assert "Action 1 · " not in alone
    assert "decided: waiting by large-transfer" in alone
    card = cli.wide("show", approval["id"]).out
    assert card.startswith(f"APPROVAL {approval['id']}")
    assert "Action 2 · " in card
    assert [one["number"] for one in cli("show", f"{plan['plan']}/2", "--json").json["actions"]] == [2]
    assert [one["number"] for one in cli("show", approval["id"], "--json").json["history"]] == [2]
    assert len(cli("show", plan["plan"], "--json").json["timeline"]) == len(cli("audit", "log", plan["plan"], "--json").json)


@pytest.mark.parametrize("number", ["0", "3", "x", "", "1/2"])
def test_an_action_that_is_not_there(cli: CommandLine, number: str) -> None:
    """A number that no action of the plan has is wrong use."""
    plan = cli.submit(BALANCE, TRANSFER)["plan"]
    cli("show", f"{plan}/{number}").failed(2, "action")


@pytest.mark.parametrize("columns", [80, 120])
def test_on_a_terminal_it_stays_inside(cli: CommandLine, columns: int) -> None:
    """On a terminal no line is longer than that is wide, styles left out, and nothing is cut."""
    approval = cli.waiting()
    cli("approve", approval["id"], "--as", "mira", "--digest", approval["digest"], "--reason", "because " * 20)
    ran = cli.terminal("show", approval["plan"], typed="", columns=columns)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", ran.out)
    assert max(map(len, plain.splitlines())) <= columns
    assert plain.count("because") == 40
    assert "What happened" in plain


def test_an_actor_is_told_as_known(engine: Engine) -> None:
    """Who spoke is told with how that was established."""
    plan = submit(engine, transfer("1.00"), actor=Actor(id="dana", os_user=1000))
    assert statuses(plan) == ["done"]
    assert "Asked by     dana (claimed, os user 1000)" in text_of(engine, engine.story(plan.id))
