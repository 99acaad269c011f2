"""What LLMTalker asks a server for: the conversation so far, the actions as tools, and nothing that the server refuses."""

from typing import Annotated, Any, Literal

import pytest
from httpx2 import create_ssl_context
from jsonschema import Draft202012Validator
from pydantic import Field

from signoff.actions import Action, Execution, Registry, action
from signoff.canonical import Json
from signoff.errors import UsageError
from signoff.planner import Call, Message, Role, llm_talker
from signoff.planner.limits import MAX_TOOLS
from tests.chat_server import MODEL, ChatServer, raw
from tests.chat_streams import turn
from tests.planner.conftest import KEY, TRANSFER, USER, Talk, no_turn, said

ARGUMENTS = {key: value for key, value in TRANSFER.items() if key != "type"}


def test_what_is_asked(talker: Talk, chat_server: ChatServer) -> None:
    """Instructions, what was said, the actions as tools and a stream: that is sent, with the listed headers, and no more."""
    chat_server.answer(turn("Hello"))
    said(talker())
    asked = chat_server.asked[0]
    assert asked.path == "/v1/chat/completions"
    assert asked.body.keys() == {"model", "messages", "tools", "stream", "stream_options", "temperature", "seed", "max_tokens"}
    assert [message["role"] for message in asked.body["messages"]] == ["system", "user"]
    assert "never claim more" in asked.body["messages"][0]["content"]
    assert asked.body["stream_options"] == {"include_usage": True}
    sent = {"accept", "accept-encoding", "content-type", "user-agent", "authorization", "host", "content-length"}
    assert asked.headers.keys() <= sent | {"connection"}
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_what_is_not_to_be_said_is_not(talker: Talk, chat_server: ChatServer) -> None:
    """Temperature, seed and a bound on tokens are left out where they are none."""
    chat_server.answer(turn("Hello"))
    said(talker(temperature=None, seed=None, answer_tokens=None))
    body = chat_server.asked[0].body
    assert body.keys() == {"model", "messages", "tools", "stream", "stream_options"}


def test_each_action_is_a_tool(talker: Talk, chat_server: ChatServer, registry: Registry) -> None:
    """A tool takes the fields of its action and nothing beside them, all required, null for not given."""
    chat_server.answer(turn("Hello"))
    said(talker())
    tools = {tool["function"]["name"]: tool["function"] for tool in chat_server.asked[0].body["tools"]}
    assert list(tools) == list(registry)
    assert {tool["strict"] for tool in tools.values()} == {True}
    transfer = tools["transfer"]["parameters"]
    assert (transfer["required"], transfer["additionalProperties"]) == (["to", "amount", "currency", "from"], False)
    assert tools["transfer"]["description"]
    valid = Draft202012Validator(transfer)
    assert valid.is_valid(ARGUMENTS)
    assert not valid.is_valid(ARGUMENTS | {"needs": []})
    assert not valid.is_valid({key: value for key, value in ARGUMENTS.items() if key != "from"})
    assert not valid.is_valid(ARGUMENTS | {"amount": 150})


LONG = "transfer_" + "x" * 60


class Long(Action):
    """An action with a long type."""

    type: Literal["transfer_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"]
    count: Annotated[int, Field(description="how many")]

    def run(self, execution: Execution) -> Json:
        return None


class Longer(Action):
    """Another one, which begins alike."""

    type: Literal["transfer_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxy"]

    def run(self, execution: Execution) -> Json:
        return None


def test_a_long_type_has_a_tool_of_its_own(talker: Talk, chat_server: ChatServer) -> None:
    """OpenAI takes names of 64 characters: a longer type has a shorter name, and comes back as itself in both directions."""
    registry = Registry(Long, Longer)
    called = Message(role=Role.ASSISTANT, calls=(Call(id="1", name=LONG, arguments="{}"),))
    asked = (*USER, called, Message(role=Role.TOOL, text="done", answers="1"))
    names: list[str] = []

    def script(asked: Any) -> Any:
        names.extend(tool["function"]["name"] for tool in asked.body["tools"])
        return turn("", *((name, {"count": 1}) for name in names))(asked)

    chat_server.answer(script)
    found, _ = said(talker(registry=registry), asked)
    assert [len(name) for name in names] == [64, 64]
    assert len({*names}) == 2
    assert [call.name for call in found.calls] == list(registry)
    assert chat_server.asked[0].messages[1]["tool_calls"][0]["function"]["name"] == names[0]


def test_certificates_are_read_once(talker: Talk, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading the certificates takes a tenth of a second: a talker does it for its first turn, not for each."""
    made: list[object] = []

    def create() -> object:
        made.append(create_ssl_context())
        return made[-1]

    monkeypatch.setattr(llm_talker, "create_ssl_context", create)
    chat_server.answer_always(turn("Hello"))
    asked = talker()
    for _ in range(3):
        said(asked)
    assert (len(made), len(chat_server.asked)) == (1, 3)


def test_a_field_may_have_any_name(talker: Talk, chat_server: ChatServer) -> None:
    """A call whose arguments have the name of what servers tell an error by goes back to the model as it was made."""
    made = Call(id="a", name="transfer", arguments='{"error": "disk full"}')
    chat_server.answer(turn("Yes"))
    said(talker(), (*USER, Message(role=Role.ASSISTANT, calls=(made,)), Message(role=Role.TOOL, answers="a", text="done")))
    assert chat_server.asked[0].messages[1]["tool_calls"][0]["function"]["arguments"] == made.arguments


def test_a_conversation_is_sent_as_it_was(talker: Talk, chat_server: ChatServer) -> None:
    """Words, calls and results go back in the form of chat completions; calls that servers cannot read go in one they can."""
    made = (
        Call(id="a", name="transfer", arguments='{"to": "Alice"}'),
        Call(id="b", name="no such\ntool", arguments='{"to": '),
        Call(id="c", name="check_balance", arguments='["checking"]'),
    )
    talk = (
        *USER,
        Message(role=Role.ASSISTANT, calls=made),
        *(Message(role=Role.TOOL, answers=call.id, text=f"result {call.id}") for call in made),
        Message(role=Role.ASSISTANT, text="Two of these failed."),
        Message(role=Role.USER, text="{{ 7 * 7 }}"),
    )
    chat_server.answer(turn("Yes"))
    said(talker(), talk)
    asked = chat_server.asked[0]
    first = asked.messages[1]
    assert first["content"] is None
    assert [call["function"] for call in first["tool_calls"]] == [
        {"name": "transfer", "arguments": '{"to": "Alice"}'},
        {"name": "no_such_tool", "arguments": "{}"},
        {"name": "check_balance", "arguments": "{}"},
    ]
    assert [message["tool_call_id"] for message in asked.messages[2:5]] == ["a", "b", "c"]
    assert asked.messages[5:] == [
        {"role": "assistant", "content": "Two of these failed."},
        {"role": "user", "content": "{{ 7 * 7 }}"},
    ]


REFUSALS = [
    ("Unknown parameter: 'stream_options.include_usage'.", "stream_options"),
    ("property 'stream_options' is unsupported, did you mean 'stream'?", "stream_options"),
    (
        "Unsupported value: 'temperature' does not support 0.0 with this model.",
        "temperature",
    ),
    ("Extra inputs are not permitted: body.seed", "seed"),
]


@pytest.mark.parametrize(("said_of_it", "name"), REFUSALS)
@pytest.mark.parametrize("status", [400, 422])
def test_what_a_server_does_not_take_is_left_out(
    talker: Talk, chat_server: ChatServer, status: int, said_of_it: str, name: str
) -> None:
    """A parameter that a server refuses by name is left out of another request, and of all that follow."""
    chat_server.answer(raw({"error": {"message": said_of_it}}, status), turn("Hello"), turn("Again"))
    made = talker()
    found, _ = said(made)
    assert (found.words, found.record["attempts"]) == ("Hello", 2)
    assert said(made)[0].words == "Again"
    assert [name in asked.body for asked in chat_server.asked] == [True, False, False]


def test_other_ways_to_say_it(talker: Talk, chat_server: ChatServer) -> None:
    """OpenAI's newer models want another name for the bound on tokens, and tools only without reasoning."""
    refused = [
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        "Function tools with reasoning_effort are not supported for gpt-5.6-luna in /v1/chat/completions. "
        "To use function tools, use /v1/responses or set reasoning_effort to 'none'.",
        "Unknown parameter: 'tools[0].function.strict'.",
    ]
    chat_server.answer(*(raw({"error": {"message": text}}, 400) for text in refused), turn("Hello"))
    assert said(talker(answer_tokens=9))[0].words == "Hello"
    body = chat_server.asked[-1].body
    assert ("max_tokens" in body, body["max_completion_tokens"], body["reasoning_effort"]) == (False, 9, "none")
    assert not [tool for tool in body["tools"] if "strict" in tool["function"]]


def test_a_refusal_that_stays_is_told(talker: Talk, chat_server: ChatServer) -> None:
    """A server that refuses whatever is left out is asked once for each thing, and none of them is forgotten for it."""
    names = "stream_options temperature seed max_completion_tokens strict reasoning_effort"
    chat_server.answer_always(raw({"error": {"message": f"no: {names}"}}, 400))
    made = talker()
    assert "refuses the request (HTTP 400)" in no_turn(said(made)[0])
    assert len(chat_server.asked) == 7
    said(made)
    assert "temperature" in chat_server.asked[7].body


def test_a_server_without_tools_is_told(talker: Talk, chat_server: ChatServer) -> None:
    """A request that is refused for no parameter that can be left out is told once, with what helps in a conversation."""
    chat_server.answer(raw({"error": {"message": "this model does not support tools"}}, 400))
    message = no_turn(said(talker())[0])
    assert message.endswith("the server or the model may know no tool calls: try another SIGNOFF_MODEL")
    assert len(chat_server.asked) == 1


def test_more_tools_than_a_server_takes_are_refused(talker: Talk) -> None:
    """OpenAI takes 128 tools, and each in a schema that is bounded: more is told when the talker is made."""

    def act(number: int) -> type[Action]:
        def run() -> None:
            """Do nothing."""

        run.__name__ = f"act_{number}"
        return action(run)

    actions = [act(number) for number in range(MAX_TOOLS + 1)]
    assert talker(registry=Registry(*actions[1:]))
    with pytest.raises(
        UsageError, match=r"each of 129 actions is a tool; a model takes at most 128: register fewer \(--actions\)"
    ):
        talker(registry=Registry(*actions))

    def choose(one: str) -> None:
        """Choose."""

    choose.__annotations__["one"] = Literal[tuple(f"a{number}" for number in range(1_001))]
    with pytest.raises(UsageError, match="values to choose from"):
        talker(registry=Registry(action(choose)))


def test_the_label_names_model_and_server(talker: Talk, chat_server: ChatServer) -> None:
    """Who talks is shown with the model and its server, and without the key."""
    assert talker().label == f"model {MODEL} at 127.0.0.1:{chat_server.port}"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"model": " "}, "SIGNOFF_MODEL"),
        ({"model": "x" * 201}, "SIGNOFF_MODEL"),
        ({"timeout": 0}, "SIGNOFF_MODEL_TIMEOUT"),
        ({"answer_tokens": 0}, "SIGNOFF_ANSWER_TOKENS"),
        ({"temperature": 3}, "SIGNOFF_TEMPERATURE"),
        ({"registry": Registry()}, "holds no action"),
        ({"base_url": None, "api_key": None}, "OPENAI_API_KEY"),
        ({"base_url": "ftp://x"}, "OPENAI_BASE_URL"),
    ],
)
def test_wrong_options_are_refused(talker: Talk, options: dict[str, Any], reason: str) -> None:
    """What no turn could be asked for with is refused when the talker is made."""
    with pytest.raises(UsageError, match=reason):
        talker(**options)
