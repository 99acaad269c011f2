"""`aplan`: the same planner, waiting in tasks; what is cancelled leaves nothing behind."""

import asyncio
import json
import ssl
import time

import httpx2
import pytest

from signoff.actions import Registry
from signoff.actor import Actor
from signoff.errors import PlanInvalid
from signoff.planner import LLMPlanner, Mode, Outcome, asking
from tests.chat_server import Answer, Asked, ChatServer, completion, plan, raw, wire
from tests.planner.conftest import KEY, TRANSFER, Ask, Way, failed

REQUEST = "send $150 to Alice"


def test_both_ways_are_one(llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode) -> None:
    """A request that is mended once is sent, read and told alike in a thread and in a task, but for the time that it took."""
    planner = llm(mode)
    wrong, right = plan(TRANSFER | {"amount": 150.5}), plan(TRANSFER)
    chat_server.answer(wrong, right, wrong, right)
    first, second = planner.plan(REQUEST, dana), asyncio.run(planner.aplan(REQUEST, dana))
    assert [asked.body for asked in chat_server.asked[:2]] == [asked.body for asked in chat_server.asked[2:]]
    assert [asked.headers for asked in chat_server.asked[:2]] == [asked.headers for asked in chat_server.asked[2:]]
    assert first.plan == second.plan
    assert first.attempts == second.attempts == 2
    assert {**first.record, "seconds": ""} == {**second.record, "seconds": ""}


def test_tasks_do_not_see_each_other(llm: Ask, chat_server: ChatServer, mode: Mode) -> None:
    """Many requests at once in one thread, each mended once, get each its own answer."""

    def answer(asked: Asked) -> Answer:
        mended = any(message["role"] == "assistant" for message in asked.body["messages"])
        return wire({"actions": [], "question": f"{asked.words}?"} if mended else {"actions": []})(asked)

    chat_server.answer_always(answer)
    planner = llm(mode)

    async def ask() -> list[str]:
        planned = await asyncio.gather(*(planner.aplan(f"request {number}", Actor(id="dana")) for number in range(20)))
        return [one.message for one in planned]

    assert asyncio.run(ask()) == [f"request {number}?" for number in range(20)]


def test_certificates_are_read_once(llm: Ask, chat_server: ChatServer, dana: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the certificates takes a tenth of a second in which no task goes on: a planner does it for its first request."""
    made: list[ssl.SSLContext] = []

    def create() -> ssl.SSLContext:
        made.append(httpx2.create_ssl_context())
        return made[-1]

    monkeypatch.setattr(asking, "create_ssl_context", create)
    chat_server.answer_always(plan(TRANSFER))
    planner = llm()
    assert made == []
    assert planner.plan(REQUEST, dana).plan
    assert planner.plan(REQUEST, dana).plan
    assert asyncio.run(planner.aplan(REQUEST, dana)).plan
    assert len(made) == 1


def test_requests_wait_at_the_same_time(registry: Registry, dana: Actor) -> None:
    """Ten requests are all at the server before the first is answered: none waits for another."""

    async def ask() -> list[Outcome]:
        arrived = asyncio.Barrier(10)  # opens when all ten are there

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _request(reader)
            await arrived.wait()
            await _answer(writer, '{"question": "Which?"}')
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            planner = _planner(registry, server)
            planned = await asyncio.gather(*(planner.aplan("check my balance", dana) for _ in range(10)))
        return [one.outcome for one in planned]

    assert asyncio.run(asyncio.wait_for(ask(), 30)) == [Outcome.QUESTION] * 10


@pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"], ids=["nothing", "a part"])
def test_a_cancelled_request_closes_its_connection(registry: Registry, dana: Actor, said: bytes) -> None:
    """A task that is cancelled while the model thinks, or speaks, ends as cancelled, and the server sees the line closed."""

    async def ask() -> bytes:
        there, closed = asyncio.Event(), asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await _request(reader)
            writer.write(said)
            await writer.drain()
            there.set()
            closed.set_result(await reader.read())  # empty: the other side has closed
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            task = asyncio.create_task(_planner(registry, server).aplan("check my balance", dana))
            await there.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            return bytes(await closed)

    assert asyncio.run(asyncio.wait_for(ask(), 30)) == b""


def test_an_answered_request_closes_its_connection(registry: Registry, dana: Actor) -> None:
    """A connection that the server would keep open for more is closed with the request's end, also where it is mended."""

    async def ask() -> tuple[Outcome, bytes]:
        closed = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            for content in ("no", '{"question": "Which?"}'):
                await _request(reader)
                await _answer(writer, content)
            closed.set_result(await reader.read())
            writer.close()

        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            planned = await _planner(registry, server).aplan("check my balance", dana)
            return planned.outcome, await closed

    assert asyncio.run(asyncio.wait_for(ask(), 30)) == (Outcome.QUESTION, b"")


def test_after_a_cancelled_request_the_planner_goes_on(llm: Ask, chat_server: ChatServer, dana: Actor) -> None:
    """What one task was cancelled in does not reach the next request, in the same task or another."""
    chat_server.answer(raw("", wait=20), plan(TRANSFER))
    planner = llm()

    async def ask() -> Outcome:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(planner.aplan(REQUEST, dana), 0.3)
        return (await planner.aplan(REQUEST, dana)).outcome

    assert asyncio.run(ask()) is Outcome.PLAN


def test_waiting_in_a_task_ends(llm: Ask, chat_server: ChatServer, dana: Actor, way: Way) -> None:
    """A server that sends a byte now and then is waited for as long as was said, in a task as in a thread."""
    chat_server.answer(raw(" " * 1_000, drip=0.05))
    started = time.monotonic()
    assert "within 0.3 seconds" in failed(way(llm(timeout=0.3), REQUEST, dana))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (raw(b" " * 50_000_000), Outcome.PROVIDER_ERROR),
        (raw(b"x", headers={"Content-Encoding": "gzip"}), Outcome.PROVIDER_ERROR),
        (raw({"error": {"message": KEY}}, 401), Outcome.PROVIDER_ERROR),
        (raw("", 307, headers={"Location": "http://nobody.invalid"}), Outcome.PROVIDER_ERROR),
        (raw({"choices": []}, headers={"Content-Length": "500"}), Outcome.PROVIDER_ERROR),
        (completion({"content": f"Your key is {KEY}"}), Outcome.MALFORMED),
        (completion({"content": "{}"}, finish_reason="length"), Outcome.TRUNCATED),
    ],
    ids=["huge", "packed", "refused", "redirected", "cut", "text", "truncated"],
)
def test_a_hostile_server_is_told_in_both_ways(
    llm: Ask, chat_server: ChatServer, dana: Actor, mode: Mode, way: Way, answer: Answer, outcome: Outcome
) -> None:
    """Answers that are too large, packed, refused, redirected, cut or no plan are outcomes, never errors, in any mode and way."""
    chat_server.answer_always(answer)
    failed(way(llm(mode), REQUEST, dana), outcome)


def test_a_way_that_cannot_be_used_is_told_in_both_ways(llm: Ask, dana: Actor, way: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that cannot be used, and a server that is not there, are told alike."""
    assert "no answer from 127.0.0.1:9: " in failed(way(llm(base_url="http://127.0.0.1:9/v1"), REQUEST, dana))
    monkeypatch.setenv("HTTP_PROXY", "gopher://ann:p4ss@localhost")
    assert "no way to model.invalid (" in failed(way(llm(base_url="http://model.invalid/v1"), REQUEST, dana))


def test_a_bad_request_is_not_sent_in_a_task(llm: Ask, chat_server: ChatServer, dana: Actor, way: Way) -> None:
    """A request that cannot be taken raises before anybody is asked."""
    with pytest.raises(PlanInvalid):
        way(llm(), "", dana)
    assert chat_server.asked == []


def _planner(registry: Registry, server: asyncio.Server) -> LLMPlanner:
    port = server.sockets[0].getsockname()[1]
    return LLMPlanner(registry, model="m", base_url=f"http://127.0.0.1:{port}/v1", timeout=20)


async def _request(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    (length,) = (int(line.partition(b":")[2]) for line in head.lower().splitlines() if line.startswith(b"content-length"))
    return await reader.readexactly(length)


async def _answer(writer: asyncio.StreamWriter, content: str) -> None:
    body = json.dumps({"choices": [{"message": {"content": content}}]}).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await writer.drain()
