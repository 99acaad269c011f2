"""A conversation that is stored: nobody alters it, reopens it, or goes on with it twice."""

import json
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from signoff import Engine
from signoff.actions import bank_registry
from signoff.audit import Store
from signoff.audit.told import Told
from signoff.chat import Chat, Standing, next_move, standing_of
from signoff.errors import Busy, LogInvalid, UsageError
from signoff.planner import Outcome, ScriptedTalker
from signoff.told_calls import conversation_of
from tests.app.banking import DANA, MIRA, assert_verifies, only_approval, sign, statuses
from tests.app.conftest import SQL, CommandLine
from tests.app.conversations import Listener, call, calls, failure, talking, words
from tests.conftest import rules

LARGE = call("transfer", to="Alice", amount="150.00")
SMALL = call("transfer", to="Alice", amount="20.00")
Open = Callable[..., Engine]


@pytest.fixture
def waiting(open_engine: Open, database: Path, cli: CommandLine) -> str:
    """The id of a conversation in which something waits and something was denied, and nobody has it open."""
    engine = open_engine()
    record = talking(engine, calls(LARGE, call("transfer", to="Mallory Ltd", amount="5.00"), words="Right away.")).chat.say(
        "send 150"
    )
    engine.store.close()
    return record.id


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE messages SET text = 'send 1500' WHERE number = 1",
        "UPDATE messages SET text = 'I did nothing' WHERE number = 2",
        "UPDATE messages SET role = 'user' WHERE number = 2",
        "UPDATE messages SET calls = replace(calls, '\"action\":1', '\"action\":2') WHERE number = 2",
        "UPDATE messages SET calls = '[]' WHERE number = 2",
        "UPDATE messages SET calls = 'no JSON' WHERE number = 2",
        "UPDATE messages SET tokens = 0 WHERE number = 2",
        "UPDATE messages SET number = 3 WHERE number = 2",
        "DELETE FROM messages WHERE number = 2",
        "INSERT INTO messages (plan, number, role, text, calls) SELECT plan, 3, 'user', 'and 20 to Bob', '[]' FROM conversations",
        "UPDATE conversations SET last = 1",
        "UPDATE conversations SET ended = 'by me'",
        "DELETE FROM conversations",
        "UPDATE plans SET request = 'send 1500'",
    ],
)
def test_a_conversation_that_was_altered_is_refused(open_engine: Open, cli: CommandLine, waiting: str, sql: str) -> None:
    """Whatever is altered of what was said: nobody goes on with it, signs in it or reads it, and `verify` tells."""
    cli.tamper(sql)
    engine = open_engine()
    with pytest.raises(LogInvalid, match=waiting):
        talking(engine, words("Done."), plan=waiting).chat.go_on()
    with pytest.raises(LogInvalid, match=waiting):
        engine.resume(DANA, plan=waiting)
    with pytest.raises(LogInvalid, match=waiting):
        talking(engine, words("Done."), plan=waiting).chat.say("and 20 to Bob")
    assert cli("audit", "verify").code == 6


def test_an_ended_conversation_is_not_reopened_by_hand(open_engine: Open, cli: CommandLine) -> None:
    """Whoever takes its end out of the file has altered it."""
    engine = open_engine()
    talk = talking(engine, words("Hello."))
    talk.chat.say("hello")
    record = talk.chat.end("dana left")
    engine.store.close()
    cli.tamper("UPDATE conversations SET ended = NULL")
    with pytest.raises(LogInvalid, match="was edited: the log tells another ended"):
        talking(open_engine(), words("Hello."), plan=record.id).chat.say("hello again")


def test_messages_of_no_plan_are_told(open_engine: Open, cli: CommandLine, waiting: str) -> None:
    """What stands in the tables of conversations and belongs to none is told by `verify`."""
    cli.script(
        f"{SQL}connection.execute('PRAGMA foreign_keys = OFF')\n"
        "connection.execute(\"INSERT INTO conversations (plan, last) VALUES ('p-none', 0)\")"
    )
    ran = cli("audit", "verify")
    assert (ran.code, "p-none" in ran.out) == (6, True)


def test_two_that_go_on_with_the_same_conversation(open_engine: Open) -> None:
    """Both ask the model, one stores its turn; the other is told, has run nothing, and goes on from there when it looks again."""
    record = talking(open_engine(), words("To whom?")).chat.say("send 20")
    late = open_engine()
    first = talking(open_engine(), words("-"), calls(SMALL), words("Done."), plan=record.id)

    def meanwhile(_: object) -> Any:
        first.chat.go_on()
        return calls(SMALL)

    second = talking(late, words("-"), meanwhile, words("Done, too."), plan=record.id)
    late.conversing.say(record.id, 2, DANA, "to Alice")
    with pytest.raises(Busy, match=f"{record.id} was continued by another process; look again"):
        second.chat.go_on()
    record = second.chat.go_on()
    assert (statuses(record), conversation_of(record).last) == (["done"], 6)
    assert_verifies(late)


@pytest.mark.parametrize("last", [0, 1, 3, 99])
def test_whoever_names_another_last_message_adds_nothing(engine: Engine, last: int) -> None:
    """Each way to add to a conversation wants the number of its last message."""
    record = talking(engine, words("To whom?")).chat.say("send 20")
    adding = engine.conversing
    for verb in (
        lambda: adding.say(record.id, last, DANA, "to Alice"),
        lambda: adding.take(record.id, last, DANA, calls(SMALL), "a model"),
        lambda: adding.answer(record.id, last, DANA),
        lambda: adding.end(record.id, last, DANA, "no reason"),
    ):
        with pytest.raises(Busy, match="was continued by another process"):
            verb()
    assert engine.plan(record.id) == record


def test_no_turn_is_taken_before_calls_are_answered(engine: Engine) -> None:
    """A second turn cannot come between calls and what came of them."""
    record = talking(engine, calls(LARGE)).chat.say("send 150")
    with pytest.raises(UsageError, match="calls that were not answered"):
        engine.conversing.take(record.id, 2, DANA, calls(SMALL), "a model")


def test_many_go_on_at_once(open_engine: Open, database: Path) -> None:
    """Where many go on with the same conversation at the same time, each turn is stored once, and run once."""
    record = talking(open_engine(), words("To whom?")).chat.say("send 20 to Alice, twice")
    open_engine().conversing.say(record.id, 2, DANA, "go on")
    script = [words("-"), calls(SMALL), calls(call("transfer", id_="again", to="Alice", amount="20.00")), words("Done.")]
    errors: list[BaseException] = []

    def go_on() -> None:
        registry = bank_registry()
        with Store.open(database, migrations=registry.migrations) as store:
            chat = Chat(
                Engine(store, rules(registry=registry), registry), ScriptedTalker(*script), DANA, Listener(), plan=record.id
            )
            while chat.record().conversation.last < 8:  # type: ignore[union-attr]  # it is one
                try:
                    chat.go_on()
                except Busy:
                    continue
                except BaseException as error:
                    errors.append(error)
                    return

    threads = [threading.Thread(target=go_on) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert errors == []
    engine = open_engine()
    record = engine.plan(record.id)
    assert ([one.attempt for one in record.actions], statuses(record)) == ([1, 1], ["done", "done"])
    roles = [one.role for one in conversation_of(record).messages]
    assert roles == ["user", "assistant", "user", "assistant", "tool", "assistant", "tool", "assistant"]
    assert_verifies(engine)


def test_a_backup_cannot_reopen_a_conversation(open_engine: Open, database: Path, tmp_path: Path) -> None:
    """A copy from before the conversation ended, or from before an action of it was done, is refused: it cannot be opened."""
    engine = open_engine()
    talk = talking(engine, calls(LARGE), words("Done."))
    record = talk.chat.say("send 150")
    engine.store.close()
    backup = tmp_path / "backup.db"
    shutil.copy(database, backup)
    engine = open_engine()
    sign(engine, only_approval(engine, record), MIRA)
    talk = talking(engine, calls(LARGE), words("Done."), plan=record.id)
    talk.chat.go_on()
    talk.chat.end("dana left")
    engine.store.close()
    for suffix in ("", "-wal", "-shm"):
        Path(f"{database}{suffix}").unlink(missing_ok=True)
    shutil.copy(backup, database)
    with pytest.raises(LogInvalid, match="the database is not the newest"):
        open_engine()


def test_a_conversation_survives_the_export_and_the_auditor(cli: CommandLine, waiting: str) -> None:
    """An export holds what was said, and an independent reader of it finds nothing wrong."""
    from tests.app.auditor import audit_export, entries_of

    assert cli("audit", "export", "--to", str(cli.folder / "export")).code == 0
    key = cli("audit", "key", "--json").json["public_key"]
    assert audit_export(cli.folder / "export", key) > 0
    told = [json.loads(body) for body in entries_of(cli.folder / "export")]
    said = [one["data"] for one in told if one["event"] == "said"]
    assert [(one["role"], one["text"]) for one in said] == [("user", "send 150"), ("assistant", "Right away.")]
    assert [one[2] for one in said[1]["calls"]] == [1, 2]
    assert {one["data"]["call"] for one in told if one["event"] == "decided"} == {one[0] for one in said[1]["calls"]}


def test_an_edited_call_is_verified_with_its_conversation(engine: Engine) -> None:
    """An edit, a rejection and what the model is told of them verify together."""
    talk = talking(engine, calls(LARGE), words("I see."))
    record = talk.chat.say("send 150")
    engine.edit(only_approval(engine, record).id, MIRA, {"amount": "50.00"}, reason="less")
    record = talk.chat.go_on()
    assert (standing_of(record), statuses(record), next_move(record)) == (Standing.OPEN, ["done"], "user")
    assert_verifies(engine)


def test_a_log_that_goes_on_after_the_end_is_no_log(engine: Engine) -> None:
    """Whoever has the key cannot write a log, either, in which something was said after the end, or a message is left out."""
    record = talking(engine, failure(Outcome.MALFORMED)).chat.say("hello")
    talk = talking(engine, words("Hello."), plan=record.id)
    talk.chat.go_on()
    record = talk.chat.end("dana left")
    with engine.store.read() as tx:
        submitted, first, unused, second, end = tx.entries(record.id)
    for entries, problem in (
        ((submitted, first, second, end, first), "goes on with a conversation that has ended, or is none"),
        ((submitted, first, end, second), "goes on with a conversation that has ended, or is none"),
        ((first,), "goes on with a conversation that has ended, or is none"),
        ((submitted, first, second, end, unused), "goes on with a conversation that has ended, or is none"),
        ((unused,), "goes on with a conversation that has ended, or is none"),
        ((submitted, second), "is not the next of what was said"),
        ((submitted, first, first), "is not the next of what was said"),
    ):
        told = Told()
        with pytest.raises(ValueError, match=problem):
            for entry in entries:
                told.read(entry)
