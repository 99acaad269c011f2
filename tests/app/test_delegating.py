"""Delegation: whose seats a delegate fills, for how long, and what the log tells of it."""

from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from signoff import Actor, Engine
from signoff.actor import Identification
from signoff.audit import verify_store
from signoff.errors import Refused, UsageError
from signoff.testing import FakeClock
from tests.app.banking import (
    DANA,
    FAY,
    FINN,
    MIRA,
    OMAR,
    Open,
    assert_verifies,
    events,
    only_approval,
    sign,
    statuses,
    submit,
    transfer,
)
from tests.app.conftest import TRANSFER, CommandLine
from tests.conftest import RULES, rules

DELEGATING = RULES.replace("identity:", "delegation: 14d\nidentity:")
TWO_MANAGERS = DELEGATING.replace("    by: manager\n", "    by: {role: manager, count: 2}\n")
DAY = timedelta(days=1)


def hand(engine: Engine, by: Actor, to: Actor, span: timedelta = DAY) -> None:
    """Let *to* sign for *by*."""
    engine.delegate(by, to=to.id, until=engine.store.clock() + span, reason="on holiday")


@pytest.fixture
def delegating(open_engine: Open) -> Engine:
    """An engine under whose rules seats may be handed over."""
    return open_engine(rules(DELEGATING))


def test_a_delegate_fills_the_seat(delegating: Engine) -> None:
    """While it holds, the delegate's vote fills the delegator's seat, and says for whom; the card tells who may."""
    approval = only_approval(delegating, submit(delegating, transfer("150.00")))
    with pytest.raises(Refused, match="fay may not decide"):
        sign(delegating, approval, FAY)
    hand(delegating, MIRA, FAY)
    assert delegating.needed(approval) == "1 manager (mira, omar, fay for mira)"
    assert delegating.card(approval.id).people == {"manager": ("mira", "omar", "fay")}
    sign(delegating, approval, FAY)
    assert delegating.card(approval.id).spoken_for == {"fay": ("mira",)}
    (plan,) = delegating.resume(FAY)
    assert statuses(plan) == ["done"]
    with delegating.store.read() as tx:
        (voted,) = [entry for entry in tx.entries(plan.id) if entry.event == "voted"]
    assert voted.data["for"] == ["mira"]
    assert events(delegating, "system") == ["policy", "delegated"]
    assert_verifies(delegating)


def test_a_delegate_rejects(delegating: Engine) -> None:
    """Who may approve may reject, also for somebody else."""
    approval = only_approval(delegating, submit(delegating, transfer("150.00")))
    hand(delegating, MIRA, FAY)
    delegating.reject(approval.id, FAY, reason="no")
    assert statuses(delegating.plan(approval.plan)) == ["rejected"]


@pytest.mark.parametrize("order", [(MIRA, FAY), (FAY, MIRA)], ids=["delegator first", "delegate first"])
def test_both_fill_one_seat(open_engine: Open, order: tuple[Actor, Actor]) -> None:
    """Somebody and their delegate together never fill two seats of theirs, whoever signs first."""
    engine = open_engine(rules(TWO_MANAGERS))
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    hand(engine, MIRA, FAY)
    sign(engine, approval, order[0])
    with pytest.raises(Refused, match="fills no seat of"):
        sign(engine, approval, order[1])
    sign(engine, approval, OMAR)
    assert statuses(engine.plan(approval.plan)) == ["approved"]


def test_one_delegate_of_two_fills_one_seat(open_engine: Open) -> None:
    """One person fills one seat, though two handed theirs to them."""
    engine = open_engine(rules(TWO_MANAGERS))
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    hand(engine, MIRA, FAY)
    hand(engine, OMAR, FAY)
    sign(engine, approval, FAY)
    assert engine.card(approval.id).filled == {"manager": 1}
    assert engine.card(approval.id).spoken_for == {"fay": ("mira", "omar")}


def test_a_delegate_hands_nothing_on(delegating: Engine) -> None:
    """What somebody was handed goes no further: the delegate of a delegate signs nothing for the first."""
    approval = only_approval(delegating, submit(delegating, transfer("150.00")))
    hand(delegating, MIRA, FAY)
    hand(delegating, FAY, FINN)
    with pytest.raises(Refused, match="finn may not decide"):
        sign(delegating, approval, FINN)


def test_who_asked_gets_and_gives_nothing(open_engine: Open) -> None:
    """Who asked signs it for nobody else, and nobody signs it for them."""
    engine = open_engine(rules(DELEGATING.replace("[mira, omar]", "[mira, omar, dana]")))
    hand(engine, MIRA, DANA)
    hand(engine, DANA, FAY)
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    assert engine.needed(approval) == "1 manager (mira, omar)"
    with pytest.raises(Refused, match="dana asked for"):
        sign(engine, approval, DANA)
    with pytest.raises(Refused, match="fay may not decide"):
        sign(engine, approval, FAY)


def test_an_own_vote_that_counts_is_for_nobody_else(open_engine: Open) -> None:
    """Where the requester's own vote counts, it fills seats of their own roles only, and none that they were handed."""
    own = DELEGATING.replace("    by: manager\n", "    by: {role: manager, count: 2}\n    self: allowed\n")
    engine = open_engine(rules(own.replace("[fay, finn]", "[fay, finn, dana]")))
    hand(engine, MIRA, DANA)
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    with pytest.raises(Refused, match="dana may not decide"):
        sign(engine, approval, DANA)


def test_where_ones_own_vote_counts_nobody_else_casts_it(open_engine: Open) -> None:
    """Though the requester's own vote counts, whoever they handed their seats to does not sign it for them."""
    own = DELEGATING.replace("[mira, omar]", "[mira, omar, dana]").replace(
        "    by: manager\n", "    by: manager\n    self: allowed\n"
    )
    engine = open_engine(rules(own))
    hand(engine, DANA, FAY)
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    with pytest.raises(Refused, match="fay may not decide"):
        sign(engine, approval, FAY)
    sign(engine, approval, DANA)
    assert statuses(engine.plan(approval.plan)) == ["approved"]


def test_nobody_signs_their_own_by_a_delegator_of_another_name(open_engine: Open) -> None:
    """Under `identity: os` the user who asked as dana gives nothing to a delegate of their own for that."""
    engine = open_engine(rules(DELEGATING.replace("identity: claimed", "identity: os")))
    mira, fay = (Actor(id=name, how=Identification.OS, os_user=uid) for name, uid in (("mira", 7), ("fay", 8)))
    approval = only_approval(engine, submit(engine, transfer("150.00"), actor=replace(DANA, os_user=7)))
    hand(engine, mira, fay)
    with pytest.raises(Refused, match="fay may not decide"):
        sign(engine, approval, fay)
    others = only_approval(engine, submit(engine, transfer("150.00"), actor=replace(DANA, os_user=9)))
    sign(engine, others, fay)
    assert statuses(engine.plan(others.plan)) == ["approved"]


def test_a_vote_from_before_is_for_nobody_else(open_engine: Open, clock: FakeClock) -> None:
    """What somebody signed before they were handed a seat does not fill it."""
    both = DELEGATING.replace("    by: manager\n", "    by: [manager, finance]\n")
    engine = open_engine(rules(both))
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    sign(engine, approval, FAY)
    clock.move(timedelta(seconds=1))
    hand(engine, MIRA, FAY)
    with pytest.raises(Refused, match="finn fills no seat"):  # fay's does not move to mira's seat to make room
        sign(engine, approval, FINN)
    assert engine.card(approval.id).filled == {"finance": 1, "manager": 0}


@dataclass(frozen=True, kw_only=True)
class Later:
    """What happens between a vote and its use."""

    revoked: bool = False
    replaced: bool = False
    passed: timedelta = timedelta(0)
    rules: str = DELEGATING

    def come(self, engine: Engine, clock: FakeClock) -> None:
        clock.move(self.passed)
        if self.revoked:
            engine.revoke(MIRA)
        if self.replaced:
            hand(engine, MIRA, FINN)
        engine.policy = rules(self.rules)


LATER = {
    "taken back": Later(revoked=True),
    "replaced": Later(replaced=True),
    "over": Later(passed=timedelta(hours=2)),
    "forbidden by now": Later(rules=RULES),
    "allowed for less by now": Later(passed=timedelta(hours=1), rules=DELEGATING.replace("14d", "1h")),
    "of one without a role": Later(rules=DELEGATING.replace("[mira, omar]", "[omar]")),
    "to one without a role": Later(rules=DELEGATING.replace("[fay, finn]", "[finn, gil]")),
    "claimed by now": Later(rules=DELEGATING.replace("identity: claimed", "identity: os")),
}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
def test_a_vote_counts_only_while_it_holds(delegating: Engine, clock: FakeClock, later: Later) -> None:
    """A vote that was cast for somebody else is not used once that does not hold any more: it waits for others."""
    approval = only_approval(delegating, submit(delegating, transfer("150.00")))
    hand(delegating, MIRA, FAY, timedelta(hours=2))
    sign(delegating, approval, FAY)
    later.come(delegating, clock)
    (plan,) = delegating.resume(OMAR, plan=approval.plan)
    assert statuses(plan) == ["waiting"]
    assert_verifies(delegating)


def test_what_was_taken_back_and_given_again_revives_no_vote(open_engine: Open, clock: FakeClock) -> None:
    """A vote counts under the delegation under which it was cast, not under a later one to the same person."""
    engine = open_engine(rules(TWO_MANAGERS))
    approval = only_approval(engine, submit(engine, transfer("150.00")))
    hand(engine, MIRA, FAY)
    sign(engine, approval, FAY)
    clock.move(timedelta(seconds=1))
    engine.revoke(MIRA)
    hand(engine, MIRA, FAY)
    assert engine.card(approval.id).filled == {"manager": 0}


REFUSED = {
    "a stranger's": (DANA, FAY, DAY, "dana has no role in"),
    "to a stranger": (MIRA, DANA, DAY, "does not name dana"),
    "to oneself": (MIRA, Actor(id="MIRA"), DAY, "mira signs for themselves anyway"),
    "for too long": (MIRA, FAY, 15 * DAY, "for 336h at most"),
}


@pytest.mark.parametrize(("by", "to", "span", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_may_not_be_handed_over(delegating: Engine, by: Actor, to: Actor, span: timedelta, reason: str) -> None:
    """Who signs may hand their seats to another whom the file names, for as long as it says; what is refused is recorded."""
    with pytest.raises(Refused, match=reason):
        hand(delegating, by, to, span)
    assert events(delegating, "system") == ["policy", "refused"]
    assert delegating.delegations() == ()


def test_only_where_the_file_allows_it(engine: Engine) -> None:
    """Without `delegation` in the file nobody hands anything over, and nobody claims to under rules that check."""
    with pytest.raises(Refused, match="write `delegation: 14d` there"):
        hand(engine, MIRA, FAY)
    engine.policy = rules(DELEGATING.replace("identity: claimed", "identity: os"))
    with pytest.raises(Refused, match="mira is only claimed"):
        hand(engine, MIRA, FAY)


def test_wrong_use(delegating: Engine) -> None:
    """A time that is over, and nothing to take back, are wrong use, of which nothing is recorded."""
    with pytest.raises(UsageError, match="is over"):
        hand(delegating, MIRA, FAY, -DAY)
    with pytest.raises(UsageError, match="mira has handed no seats"):
        delegating.revoke(MIRA)
    with pytest.raises(UsageError, match="--to: "):
        delegating.delegate(MIRA, to=" ", until=delegating.store.clock() + DAY)
    assert events(delegating, "system") == []


def test_the_command(cli: CommandLine) -> None:
    """`signoff delegate` hands over, lists and takes back; a delegate then signs on the command line, and all of it is told."""
    cli.policies.write_text(DELEGATING)
    approval = cli.waiting(TRANSFER)
    said = cli("delegate", "--as", "mira", "--to", "fay", "--until", "2d", "--reason", "on holiday")
    assert (said.code, said.out[:34]) == (0, "fay signs for mira, too, until 202")
    (listed,) = cli("delegate", "--list", "--json").json
    assert (listed["from"]["id"], listed["to"], listed["holds"], listed["reason"]) == ("mira", "fay", True, "on holiday")
    assert cli.wide("delegate", "--list").out.splitlines()[1].split()[:2] == ["mira", "fay"]
    assert cli("approve", approval["id"], "--as", "fay", "--digest", approval["digest"]).code == 0
    assert "Signed" in (card := cli.wide("show", approval["id"]).out)
    assert "for mira at" in card
    (vote,) = cli("show", approval["id"], "--json").json["votes"]
    assert vote["for"] == ["mira"]
    assert "approve " + approval["id"] + " for mira" in cli.wide("audit", "log").out
    assert cli("delegate", "--as", "mira", "--revoke").out == "fay does not sign for mira any more.\n"
    assert cli("delegate", "--list").out == "Nobody signs for anybody else.\n"
    told = cli("audit", "log", "--status", "delegated").out
    assert "to fay until" in told
    assert cli("audit", "verify").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["--to", "fay"],
        ["--to", "fay", "--until", "yesterday"],
        ["--to", "fay", "--until", "2020-01-01"],
        ["--revoke", "--until", "2d"],
        ["--list", "--reason", "x"],
    ],
    ids=" ".join,
)
def test_wrong_use_of_the_command(cli: CommandLine, arguments: list[str]) -> None:
    """What does not fit together, or is no time to come, is wrong use."""
    cli.policies.write_text(DELEGATING)
    cli.waiting(TRANSFER)
    cli("delegate", "--as", "mira", *arguments).failed(2)


TAMPERED = {
    "to another": ('"to":"fay"', '"to":"eve"'),
    "for longer": ('"until":"20', '"until":"30'),
    "of another event": ('"event":"delegated"', '"event":"delegates"'),
}


@pytest.mark.parametrize(("old", "new"), TAMPERED.values(), ids=TAMPERED)
def test_an_edited_delegation_is_found(cli: CommandLine, old: str, new: str) -> None:
    """Who edits a delegation in the file gets nothing signed by it: the log does not hold together any more."""
    cli.policies.write_text(DELEGATING)
    approval = cli.waiting(TRANSFER)
    cli("delegate", "--as", "mira", "--to", "fay", "--until", "2d")
    cli.tamper(f"UPDATE entries SET body = CAST(replace(CAST(body AS TEXT), '{old}', '{new}') AS BLOB) WHERE chain = 'system'")
    assert cli("approve", approval["id"], "--as", "fay", "--digest", approval["digest"]).code == 6
    assert cli("show", approval["id"]).code == 6
    assert cli("audit", "verify").code == 6


def test_a_log_that_tells_no_delegation_does_not_verify(delegating: Engine) -> None:
    """An Entry that hands something over in no way that Signoff writes is a problem of the log, whoever wrote it."""
    submit(delegating, transfer("1.00"))
    with delegating.store.write() as tx:
        tx.log("revoked", MIRA, {"to": "fay", "reason": None})
    with delegating.store.read() as tx:
        assert "takes back what mira had not given" in verify_store(tx).problems[0]
