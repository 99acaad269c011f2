"""Deciding what cannot be decided: the refusal is an Entry, and nothing else changes."""

from collections.abc import Callable
from typing import Any

import pytest

from signoff.actions import show_text
from tests.app.conftest import BALANCE, TRANSFER, CommandLine, Ran

AN_HOUR_LATER = """
from datetime import timedelta
from signoff.audit.store import Store, system_clock
Store.open.__func__.__kwdefaults__["clock"] = lambda: system_clock() + timedelta(hours=1)
"""
LARGE = TRANSFER | {"amount": "600.00"}  # needs a manager and two from finance

LOG = ("entries", "chains", "heads", "log")  # what a refusal adds to


@pytest.fixture
def refused(cli: CommandLine) -> Callable[..., Ran]:
    """Run a command whose verb must be refused: all that changes in the database is one Entry that tells it."""

    def run(*arguments: str) -> Ran:
        before = cli.dump()
        count = len(before["entries"])
        ran = cli(*arguments)
        after = cli.dump()
        assert len(after["entries"]) == count + 1
        assert after["entries"][:count] == before["entries"]
        assert {name: rows for name, rows in after.items() if name not in LOG} == {
            name: rows for name, rows in before.items() if name not in LOG
        }
        entry = cli("audit", "log", "--json").json[-1]
        assert (entry["event"], entry["data"]["verb"]) == ("refused", arguments[0])
        assert show_text(entry["data"]["reason"]) in ran.err
        assert entry["actor"]["id"] == arguments[arguments.index("--as") + 1]
        assert cli("audit", "verify").code == 0
        return ran

    return run


def approving(approval: dict[str, Any], who: str) -> list[str]:
    return ["approve", approval["id"], "--as", who, "--digest", approval["digest"]]


def rejecting(approval: dict[str, Any], who: str) -> list[str]:
    return ["reject", approval["id"], "--as", who, "--reason", "no"]


VOTES = pytest.mark.parametrize("vote", [approving, rejecting], ids=["approve", "reject"])
Vote = Callable[[dict[str, Any], str], list[str]]


@VOTES
def test_own_request(cli: CommandLine, refused: Callable[..., Ran], vote: Vote) -> None:
    """Nobody decides what they asked for themselves; the error says who can, or what else to do."""
    approval = cli.waiting()
    ran = refused(*vote(approval, "dana"))
    ran.failed(4, f"dana asked for {approval['id']} and cannot decide it", f"cancel {approval['plan']}")


def test_own_request_though_with_the_role(cli: CommandLine, refused: Callable[..., Ran]) -> None:
    """A manager's own request is decided by another manager."""
    cli.policies.write_text(cli.policies.read_text().replace("[mira, omar]", "[mira, omar, dana]"))
    refused(*approving(cli.waiting(), "dana")).failed(4, "dana asked for")


@VOTES
@pytest.mark.parametrize("who", ["fay", "zed"], ids=["another role", "no role"])
def test_without_the_role(cli: CommandLine, refused: Callable[..., Ran], vote: Vote, who: str) -> None:
    """Who has not the role that is asked for is refused, and told who has."""
    approval = cli.waiting()
    ran = refused(*vote(approval, who))
    ran.failed(4, f"{who} may not decide {approval['id']}: it needs 1 manager (mira, omar)")


@VOTES
def test_claimed_identity_where_it_does_not_count(cli: CommandLine, refused: Callable[..., Ran], vote: Vote) -> None:
    """Without `identity: claimed` in the policies, nobody decides by just saying who they are."""
    approval = cli.waiting()
    cli.policies.write_text(cli.policies.read_text().replace("identity: claimed\n", ""))
    cli("resume")  # takes up the changed file, which is an Entry of its own
    refused(*vote(approval, "mira")).failed(4, "mira is only claimed", '"identity: claimed"')


def test_voting_twice(cli: CommandLine, refused: Callable[..., Ran]) -> None:
    """One person has one vote on an approval."""
    approval = cli.waiting(LARGE)
    assert cli(*approving(approval, "mira")).code == 3
    refused(*approving(approval, "mira")).failed(4, f"mira has already voted on {approval['id']}", "somebody else")


def test_seat_that_is_filled(cli: CommandLine, refused: Callable[..., Ran]) -> None:
    """Who could only fill a seat that is filled is refused, and told what is still needed."""
    approval = cli.waiting(LARGE)
    assert cli(*approving(approval, "mira")).code == 3
    refused(*approving(approval, "omar")).failed(4, "omar fills no seat", "2 finance (fay, finn)")


@VOTES
@pytest.mark.parametrize("ending", ["approve", "reject", "cancel"])
def test_deciding_twice(cli: CommandLine, refused: Callable[..., Ran], vote: Vote, ending: str) -> None:
    """What is decided or cancelled stays so; the error says how it ended."""
    approval = cli.waiting()
    endings = {
        "approve": approving(approval, "mira"),
        "reject": rejecting(approval, "mira"),
        "cancel": ["cancel", approval["plan"], "--as", "dana"],
    }
    assert cli(*endings[ending]).code == 0
    status = {"approve": "approved", "reject": "rejected", "cancel": "cancelled"}[ending]
    refused(*vote(approval, "omar")).failed(4, f"{approval['id']} is decided: it is {status}")


@pytest.mark.parametrize(
    ("digest", "seen"),
    [("0" * 64, "0000"), ("00000000", "00000000"), ("f2ee298", "f2ee298"), ("x\x1b[2J" * 3, r"\u{1b}[2J")],
    ids=["another", "another's start", "7 digits", "none"],
)  # fmt: skip
def test_unseen(cli: CommandLine, refused: Callable[..., Ran], digest: str, seen: str) -> None:
    """Who gives another digest, or less than 8 digits of it, has not seen what is signed, and is told where to look."""
    approval = cli.waiting()
    ran = refused("approve", approval["id"], "--as", "mira", "--digest", digest)
    ran.failed(4, seen, f"is not the digest of {approval['id']}", "8 digits or more", f"`signoff show {approval['id']}`")


def test_too_few_digits_of_the_right_digest(cli: CommandLine, refused: Callable[..., Ran]) -> None:
    """Seven right digits are not enough."""
    approval = cli.waiting()
    refused("approve", approval["id"], "--as", "mira", "--digest", approval["digest"][:7]).failed(4, "8 digits or more")


@pytest.mark.parametrize("digest", ["", " "], ids=["empty", "blank"])
def test_no_digest(cli: CommandLine, digest: str) -> None:
    """An empty digest signs nothing."""
    approval = cli.waiting()
    assert cli("approve", approval["id"], "--as", "mira", "--digest", digest).code in (2, 4)
    assert cli("queue").code == 3


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "a9999"],
        ["show", "p-9999"],
        ["approve", "a9999", "--as", "mira", "--digest", "00000000"],
        ["approve", "p-9999", "--as", "mira", "--digest", "00000000"],
        ["reject", "a9999", "--as", "mira", "--reason", "no"],
        ["cancel", "p-9999", "--as", "dana"],
        ["resume", "p-9999"],
        ["audit", "log", "p-9999"],
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_what_does_not_exist(cli: CommandLine, unchanged: Callable[..., Ran], arguments: list[str]) -> None:
    """An id that is not there is wrong use: it is named, with the command that lists those that are."""
    cli.waiting()
    identifier = next(one for one in arguments if "9999" in one)
    unchanged(arguments).failed(2, f'"{identifier}"', "`signoff audit log`")


def test_absurdly_long_id(cli: CommandLine, unchanged: Callable[..., Ran]) -> None:
    """Of an id of 100,000 characters the error repeats only the start."""
    cli.waiting()
    assert len(unchanged(["show", "a" * 100_000]).failed(2, "there is no")) < 300


@pytest.mark.parametrize("reason", ["", "  \n"], ids=["empty", "blank"])
def test_rejecting_without_a_reason(cli: CommandLine, unchanged: Callable[..., Ran], reason: str) -> None:
    """A rejection says why."""
    approval = cli.waiting()
    unchanged(["reject", approval["id"], "--as", "mira", "--reason", reason]).failed(2, "a rejection needs a reason")


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_reason_that_is_too_long(cli: CommandLine, unchanged: Callable[..., Ran], verb: str) -> None:
    """A reason has a bound, and the error tells it."""
    approval = cli.waiting()
    digest = ["--digest", approval["digest"]] if verb == "approve" else []
    ran = unchanged([verb, approval["id"], "--as", "mira", "--reason", "x" * 1_001, *digest])
    ran.failed(2, "the reason holds 1,001 characters", "at most 1,000")


def test_cancelling_somebody_elses_plan(cli: CommandLine, refused: Callable[..., Ran]) -> None:
    """Who neither asked for a plan nor may approve in it cannot cancel it, and is told whom to ask."""
    plan = cli.waiting()["plan"]
    refused("cancel", plan, "--as", "zed").failed(4, f"zed did not ask for {plan}", "ask dana")


def test_cancelling_what_is_done(cli: CommandLine, refused: Callable[..., Ran]) -> None:
    """Where nothing waits any more, there is nothing to cancel."""
    plan = cli.submit(BALANCE)["plan"]
    refused("cancel", plan, "--as", "dana").failed(4, f"nothing in {plan} is left to cancel")


def test_expired_approval(cli: CommandLine) -> None:
    """After the deadline nobody can sign: the approval is expired, and so is its action."""
    cli.policies.write_text(cli.policies.read_text().replace("within: 24h", "within: 1m"))
    approval = cli.waiting()
    cli.main_after(AN_HOUR_LATER, *approving(approval, "mira")).failed(4, f"{approval['id']} is decided: it is expired")
    (action,) = cli.main_after(AN_HOUR_LATER, "show", approval["plan"], "--json").json["actions"]
    assert action["status"] == "expired"
    assert cli.main_after(AN_HOUR_LATER, "queue").code == 0


def test_refusals_leave_the_money_alone(cli: CommandLine) -> None:
    """After every kind of refusal the account holds what it held."""
    approval = cli.waiting()
    for who in ("dana", "fay", "zed"):
        assert cli(*approving(approval, who)).code == 4
    assert cli.balance() == "1000.00"
