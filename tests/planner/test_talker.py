"""LLMTalker over a real HTTP server: what it makes of the streams of well-meaning models."""

import json
from typing import Any

import pytest

from signoff.canonical import canonical, digest
from signoff.planner import Call, Message, Outcome, Role, Turn
from tests.chat_server import MODEL, TOKENS, ChatServer, raw, tool_calls
from tests.chat_streams import call_part, chunk, event, stream, turn, usage
from tests.planner.conftest import KEY, TRANSFER, USER, Talk, no_turn, said

ARGUMENTS = {key: value for key, value in TRANSFER.items() if key != "type"}
END = (chunk({}, "tool_calls"), usage())


def calls(turn: Turn) -> list[tuple[str, str, str]]:
    """The calls of a turn that holds some."""
    assert (turn.outcome, turn.message) == (Outcome.PLAN, "")
    return [(call.id, call.name, call.arguments) for call in turn.calls]


def test_words_are_heard_as_they_come(talker: Talk, chat_server: ChatServer) -> None:
    """Each piece of the model's words is told on before the next one comes, and the turn holds all of them."""
    heard: list[str] = []
    seen: list[int] = []

    def pieces() -> Any:
        for word in ("Which ", "account ", "is it?"):
            yield event(chunk({"content": word}))
            while len("".join(heard)) < len(word):  # the server goes on only when this piece was heard
                seen.append(len(heard))
        yield event(chunk({}, "stop")) + event("[DONE]")

    answer = stream()
    chat_server.answer(type(answer)(body=b"", pieces=pieces(), content_type="text/event-stream"))
    turn = talker().turn(USER, heard.append)
    assert (turn.outcome, turn.words, turn.calls, turn.message) == (Outcome.QUESTION, "Which account is it?", (), "")
    assert heard == ["Which ", "account ", "is it?"]


def test_calls_come_whole(talker: Talk, chat_server: ChatServer) -> None:
    """Two calls and words in one turn: each call with its id, the type of its action and its arguments, as they were written."""
    chat_server.answer(turn("One moment.", ("transfer", ARGUMENTS), ("check_balance", '{"account":\tnull}')))
    found, heard = said(talker())
    assert (found.words, "".join(heard)) == ("One moment.", "One moment.")
    written = [("call_1_1", "transfer", json.dumps(ARGUMENTS)), ("call_1_2", "check_balance", '{"account":\tnull}')]
    assert calls(found) == written
    assert found.tokens == TOKENS


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(
            [
                call_part(0, "", id="a", name="transfer"),
                call_part(1, "", id="b", name="deposit"),
                *(call_part(0, '{"to"'), call_part(1, '{"am'), call_part(0, ': "A"}'), call_part(1, 'ount": "1"}')),
            ],
            id="interleaved",
        ),
        pytest.param(
            [call_part(1, '{"amount": "1"}', id="b", name="deposit"), call_part(0, '{"to": "A"}', id="a", name="transfer")],
            id="the second first",
        ),
        pytest.param(
            [call_part(0, '{"to": "A"}', id="a", name="transfer"), call_part(0, '{"amount": "1"}', id="b", name="deposit")],
            id="all with the number 0",
        ),
        pytest.param(
            [
                *(call_part(0, '{"to"', id="a", name="transfer"), call_part(0, ': "A"}', id="a", name="transfer")),
                *(call_part(1, '{"amount"', id="b", name="deposit"), call_part(1, ': "1"}', id="x7", name="")),
            ],
            id="names and ids in each part",
        ),
        pytest.param(
            [
                chunk({"tool_calls": [{"id": "a", "function": {"name": "transfer", "arguments": '{"to"'}}]}),
                chunk({"tool_calls": [{"function": {"arguments": ': "A"}'}}]}),
                chunk({"tool_calls": [{"id": "b", "function": {"name": "deposit", "arguments": '{"amount": "1"}'}}]}),
            ],
            id="without numbers",
        ),
        pytest.param(
            [
                chunk(
                    {
                        "tool_calls": [
                            {"id": "a", "function": {"name": "transfer", "arguments": '{"to": "A"}'}},
                            {"id": "b", "function": {"name": "deposit", "arguments": '{"amount": "1"}'}},
                        ]
                    }
                ),
            ],
            id="in one event",
        ),
    ],
)
def test_calls_are_put_together(talker: Talk, chat_server: ChatServer, parts: list[dict[str, Any]]) -> None:
    """The same two calls come out of the streams of servers that number them, number them all 0, or do not."""
    chat_server.answer(stream(*parts, *END))
    found, _ = said(talker())
    assert calls(found) == [("a", "transfer", '{"to": "A"}'), ("b", "deposit", '{"amount": "1"}')]


@pytest.mark.parametrize("done", [True, False])
@pytest.mark.parametrize("reason", ["tool_calls", "stop", "STOP", "function_call", "eos", "end_turn", "tool_use"])
def test_a_whole_stream_counts(talker: Talk, chat_server: ChatServer, reason: str, done: bool) -> None:
    """A turn is whole where the server says why it ends, in one of the words that are known, and the stream ends there."""
    chat_server.answer(stream(call_part(0, "{}", id="a", name="check_balance"), chunk({}, reason), done=done))
    found, _ = said(talker())
    assert calls(found) == [("a", "check_balance", "{}")]
    assert (found.tokens, found.record["finish"]) == (None, reason)


def test_an_empty_reason_is_none(talker: Talk, chat_server: ChatServer) -> None:
    """Some servers write an empty reason beside every piece: that ends nothing, and a stream that never says more is cut."""
    parts = [chunk({"content": "a"}, ""), chunk({"content": "b"}, "")]
    chat_server.answer(stream(*parts, chunk({}, "stop")), stream(*parts))
    assert said(talker())[0].words == "ab"
    assert "broke off before its end" in no_turn(said(talker())[0], Outcome.TRUNCATED)


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_pieces_of_the_stream_do_not_matter(talker: Talk, chat_server: ChatServer, size: int) -> None:
    """CRLF, comments, and cuts inside a character, a line end or a JSON text make no other turn."""
    events = [
        chunk({"content": "Zoë pays "}),
        chunk({"content": "5\u20ac \U0001f600"}),
        call_part(0, "{}", id="a", name="x"),
        *END,
    ]
    written = (json.dumps(one, ensure_ascii=False).encode() for one in events)
    text = b"".join(b": ping\r\n\r\ndata: " + one + b"\r\n\r\n" for one in written)
    text += b"data: [DONE]\r\n\r\n"
    chat_server.answer(stream(*(text[at : at + size] for at in range(0, len(text), size)), done=False))
    found, heard = said(talker())
    assert found.words == "".join(heard) == "Zoë pays 5\u20ac \U0001f600"
    assert calls(found) == [("a", "x", "{}")]
    assert found.record["answer"] in (digest(text), digest(text[:-1]))  # the end of the last line's end is not waited for


def test_halves_of_characters_are_put_together(talker: Talk, chat_server: ChatServer) -> None:
    """Servers that count in UTF-16 cut a character in two: its halves make one again, and one alone is shown as missing."""
    parts = [chunk({"content": "a\ud83d"}), chunk({"content": "\ude00b\ud83d"})]
    arguments = [call_part(0, '{"to": "\ud83d', id="a", name="x"), call_part(0, '\ude00"}')]
    chat_server.answer(stream(*parts, *arguments, *END))
    found, heard = said(talker())
    assert found.words == "".join(heard) == "a\U0001f600b\ufffd"
    assert calls(found) == [("a", "x", '{"to": "\U0001f600"}')]


def test_a_server_that_does_not_stream_is_understood(talker: Talk, chat_server: ChatServer) -> None:
    """An answer in one piece is taken as what it is: its words are heard at once, and its calls count."""
    chat_server.answer(tool_calls(("transfer", '{"to": "A"}'), ("deposit", "{}")))
    chat_server.answer(raw({"choices": [{"message": {"content": "Which?"}}]}))
    found, heard = said(talker())
    assert calls(found) == [("call_1", "transfer", '{"to": "A"}'), ("call_2", "deposit", "{}")]
    assert (found.tokens, found.record["model"]) == (TOKENS, MODEL)
    found, heard = said(talker())
    assert (found.outcome, found.words, heard) == (Outcome.QUESTION, "Which?", "Which?")


def test_ids_are_told_apart(talker: Talk, chat_server: ChatServer) -> None:
    """Ids that are empty, unusable or already there are replaced; all of a conversation are unlike each other."""
    made = (Call(id=id_, name="x", arguments="{}") for id_ in ("a", "call00001"))
    before = Message(role=Role.ASSISTANT, calls=tuple(made))
    ids = ["a", "", "b", "b", "c\u202e", "d e", "f" * 201, KEY.replace("3", "4")]
    parts = [call_part(place, "{}", id=id_, name="x") for place, id_ in enumerate(ids)]
    chat_server.answer(stream(*parts, *END))
    found, _ = said(talker(), (*USER, before))
    assert [id_ for id_, _, _ in calls(found)] == [
        *("call00002", "call00003", "b", "call00004", "call00005", "call00006", "call00007", ids[-1])
    ]


def test_what_whoever_listens_raises_is_theirs(talker: Talk, chat_server: ChatServer) -> None:
    """Where words cannot be shown, as on a terminal that lacks their letters, that is raised, and is no failure of the server."""

    def hear(piece: str) -> None:
        piece.encode("ascii")

    chat_server.answer(turn("Gr\u00fc\u00dfe"))
    with pytest.raises(UnicodeEncodeError):
        talker().turn(USER, hear)


def test_the_record_says_how_a_turn_came_about(talker: Talk, chat_server: ChatServer) -> None:
    """Digests of what was sent and what came, who answered, why it ended, and what it took: no words, and no secrets."""
    chat_server.answer(turn("Hello there"))
    record = said(talker())[0].record
    counted = {"attempts", "tokens", "seconds", "temperature", "seed", "answer_tokens"}
    assert record.keys() == {"planner", "prompt", "answer", "model", "finish", *counted}
    assert (record["model"], record["finish"], record["attempts"], record["tokens"]) == (MODEL, "stop", 1, TOKENS)
    assert len(str(record["prompt"])) == len(str(record["answer"])) == 64
    assert b"Hello" not in canonical(record)
