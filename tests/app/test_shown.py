"""What a voter was shown: a vote holds the digest of the card, and the log vouches for it."""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from signoff import Engine, UsageError
from signoff.actions import Effect, Registry, action, bank_registry
from signoff.audit import Approval, Vote
from signoff.canonical import Json, canonical, digest
from signoff.errors import ActionInvalid
from signoff.testing import FakeClock
from tests.app.banking import FAY, MIRA, OMAR, Open, assert_verifies, only_approval, sign, submit, transfer
from tests.app.conftest import TRANSFER, CommandLine
from tests.conftest import RULES, rules


@action(effect=Effect.OPAQUE)
def whisper(text: str) -> Json:
    """Tell somebody something."""
    return text


@pytest.fixture
def waiting(engine: Engine) -> Approval:
    """A transfer of 600 to Alice that one manager and two of finance must sign."""
    return only_approval(engine, submit(engine, transfer("600.00"), transfer("5.00", needs=(1,)), request="send Alice 600"))


def votes(engine: Engine, approval: Approval) -> list[Vote]:
    with engine.store.read() as tx:
        return tx.votes(approval.id)


def voted(engine: Engine, approval: Approval) -> list[Json]:
    """What the Entries of votes tell of cards."""
    with engine.store.read() as tx:
        return [entry.data["card"] for entry in tx.entries(approval.plan) if entry.event == "voted"]


def test_a_vote_holds_the_card_as_it_stood(engine: Engine, waiting: Approval) -> None:
    """Where nothing was drawn, the vote, for or against, and its Entry hold the digest of the card at that moment."""
    card = engine.card(waiting.id).digest
    sign(engine, waiting, MIRA)
    engine.reject(waiting.id, FAY, reason="no")
    assert [vote.card for vote in votes(engine, waiting)] == [card, card]
    assert voted(engine, waiting) == [card, card]
    assert_verifies(engine)


def test_a_vote_holds_the_card_that_was_drawn(engine: Engine, waiting: Approval) -> None:
    """What was drawn is kept, though the balance that it showed is another one by now."""
    drawn = engine.card(waiting.id).digest
    submit(engine, {"type": "deposit", "amount": "1.00"})
    assert engine.card(waiting.id).digest != drawn
    engine.approve(waiting.id, MIRA, digest=waiting.digest, card=drawn)
    assert [vote.card for vote in votes(engine, waiting)] == [drawn]
    assert_verifies(engine)


def test_each_vote_of_a_batch_holds_its_card(engine: Engine, waiting: Approval) -> None:
    """In a batch each vote holds the digest of its own card."""
    other = only_approval(engine, submit(engine, transfer("150.00")))
    batch = engine.batch([waiting.id, other.id])
    engine.approve_all([waiting.id, other.id], MIRA, digest=batch.digest, cards=batch.card_digests)
    held = [vote.card for one in (waiting, other) for vote in votes(engine, one)]
    assert held == [card.digest for card in batch.cards]
    assert len(set(held)) == 2


def test_votes_and_time_do_not_change_a_card(engine: Engine, clock: FakeClock, waiting: Approval) -> None:
    """What goes on by itself is no part of it: the time left, the votes, and who holds a role."""
    before = engine.card(waiting.id)
    clock.move(timedelta(hours=3))
    sign(engine, waiting, MIRA)
    engine.policy = rules(RULES.replace("[fay, finn]", "[fay, finn, zoe]"))
    after = engine.card(waiting.id)
    assert (after.digest, after.now == before.now, after.votes == before.votes) == (before.digest, False, False)


@pytest.mark.parametrize(
    "differ",
    [
        pytest.param(lambda engine, one: submit(engine, transfer("600.00"), transfer("5.00"), request="send it"), id="request"),
        pytest.param(lambda engine, one: submit(engine, transfer("600.00"), request="send Alice 600"), id="other actions"),
        pytest.param(lambda engine, one: engine.edit(one.id, OMAR, {"amount": "601.00"}, reason="x"), id="an edit"),
    ],
)
def test_another_card_has_another_digest(differ: Callable[[Engine, Approval], object], engine: Engine, waiting: Approval) -> None:
    """Two approvals, and two revisions, have two digests."""
    before = engine.card(waiting.id).content
    differ(engine, waiting)
    with engine.store.read() as tx:
        newest = [approval.id for approval, _ in tx.queue()][-1]
    after = engine.card(newest).content
    changed = {name for name in after if after[name] != before[name]}
    assert changed - {"approval", "plan", "asked", "expires"}
    assert digest(canonical(after)) != digest(canonical(before))


def test_the_content_is_what_the_digest_is_of(engine: Engine, waiting: Approval) -> None:
    """Whoever kept the content, as `show --json` tells it, can prove what was shown: its digest is in the log."""
    content = json.loads(json.dumps(engine.card(waiting.id).content))
    sign(engine, waiting, MIRA)
    assert voted(engine, waiting) == [digest(canonical(content))]
    assert content["action"]["amount"] == "600.00"
    assert content["seats"] == {"finance": 2, "manager": 1}
    assert (content["requester"]["id"], content["request"]) == ("dana", "send Alice 600")
    assert content["details"][0] == ["from", "dana / checking (1,000.00 USD; 400.00 after)"]
    assert [reason["rule"] for reason in content["reasons"]] == ["large-transfer", "very-large"]
    assert content["others"] == [[2, 1, "Transfer 5.00 USD to Alice"]]


@pytest.mark.parametrize("card", ["", "0" * 63, "G" * 64, "\ud800" * 64])
def test_what_is_no_digest_is_not_kept(card: str, engine: Engine, waiting: Approval) -> None:
    """A card's digest is 64 hexadecimal digits; anything else is wrong use, and nobody has voted."""
    with pytest.raises(UsageError, match="is not the digest of a card"):
        engine.approve(waiting.id, MIRA, digest=waiting.digest, card=card)
    with pytest.raises(UsageError, match="is not the digest of a card"):
        engine.approve_all([waiting.id], MIRA, digest=waiting.digest, cards={"azzzz": "0" * 64})
    assert votes(engine, waiting) == []


def test_what_nobody_can_read_is_rejected_and_not_signed(open_engine: Open) -> None:
    """An action whose type is gone can be rejected, by a vote without a card, and not signed."""
    wide = Registry(*bank_registry().values(), whisper, migrations=bank_registry().migrations)
    asked = RULES + "  - {id: ask, approve: whisper}\n"
    engine = open_engine(rules(asked, wide), wide)
    approval = only_approval(engine, submit(engine, {"type": "whisper", "text": "psst"}))
    narrow = open_engine(rules(RULES))
    with pytest.raises(ActionInvalid):
        narrow.approve(approval.id, MIRA, digest=approval.digest)
    narrow.reject(approval.id, MIRA, reason="what is it?")
    assert [vote.card for vote in votes(narrow, approval)] == [None]
    assert_verifies(narrow)


def test_the_terminal_keeps_what_it_drew(cli: CommandLine) -> None:
    """The digest that stands on the card at the terminal is the one that the vote holds, and `show` tells it."""
    asked = cli.waiting()
    drawn = cli("show", asked["id"], "--json").json["card"]["digest"]
    ran = cli.terminal("approve", asked["id"], "--as", "mira", "--no-run", typed="approve\n")
    assert f"{drawn[:4]} {drawn[4:8]}" in ran.out
    (vote,) = cli("show", asked["id"], "--json").json["votes"]
    assert (vote["voter"]["id"], vote["voter"]["how"], vote["card"]) == ("mira", "claimed", drawn)
    assert f"shown card {drawn[:4]} {drawn[4:8]}" in " ".join(cli("show", asked["id"]).out.split())


@pytest.mark.parametrize("instead", ["NULL", "'" + "0" * 64 + "'"])
def test_a_tampered_card_is_found(cli: CommandLine, instead: str) -> None:
    """Whoever changes or removes what a voter was shown is found out."""
    asked = cli.waiting(TRANSFER | {"amount": "600.00"})
    cli("approve", asked["id"], "--as", "mira", "--digest", asked["digest"])
    assert cli("audit", "verify").code == 0
    cli.tamper(f"UPDATE votes SET card = {instead}")
    assert "vote" in cli("audit", "verify").out
    assert cli("audit", "verify").code == 6
