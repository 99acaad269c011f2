"""Rules that are edited while a model thinks, or while somebody reads a card, decide what comes after."""

from collections.abc import Callable

import pytest

from tests.app.conftest import TRANSFER, CommandLine
from tests.chat_server import Answer, Asked, ChatServer, plan

SMALL = TRANSFER | {"amount": "20.00", "from": None}
EDIT = ("everyday\n    allow", "everyday\n    deny")


@pytest.fixture
def thinking(cli: CommandLine, chat_server: ChatServer, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A model that plans a small transfer, during whose thinking transfers are forbidden."""
    monkeypatch.setenv("OPENAI_BASE_URL", chat_server.url)

    def think(asked: Asked) -> Answer:
        cli.policies.write_text(cli.policies.read_text().replace(*EDIT))
        return plan(SMALL)(asked)

    chat_server.answer_always(think)
    return cli


def test_run_decides_by_the_rules_after_the_model_answered(thinking: CommandLine) -> None:
    """`signoff run` denies what was forbidden while the model thought."""
    ran = thinking("run", "send $20 to Alice", "--json")
    assert (ran.code, ran.json["actions"][0]["status"]) == (4, "denied")


def test_plan_shows_the_rules_after_the_model_answered(thinking: CommandLine) -> None:
    """`signoff plan` shows what would be decided now."""
    ran = thinking("plan", "send $20 to Alice", "--json")
    assert (ran.code, ran.json["outcome"], ran.json["actions"][0]["decision"]) == (4, "plan", "deny")


def test_demo_decides_by_the_rules_after_the_model_answered(thinking: CommandLine) -> None:
    """The demo tells of the edit, and denies."""
    with thinking.session("demo") as session:
        session.wait_for("model gpt")
        session.wait_for("dana>")
        shown = session.say("send $20 to Alice", until="1 denied Transfer 20.00 USD to Alice")
        assert "decides from now on" in shown


@pytest.mark.parametrize(
    ("edit", "told", "code"),
    [
        (lambda text: text.replace(*EDIT), "denied", 4),
        (lambda text: text.replace("[mira, omar]", "[omar]"), "mira may not decide", 4),
        (lambda text: text.replace("rules:", "ruels:"), "error[unknown-key]", 5),
    ],
    ids=["forbidden", "no manager any more", "broken"],
)
def test_word_is_signed_under_the_rules_of_then(cli: CommandLine, edit: Callable[[str], str], told: str, code: int) -> None:
    """What was edited while the card stood at the terminal decides whether the word counts, and whether the action runs."""
    approval = cli.waiting()
    with cli.session("approve", approval["id"], "--as", "mira") as session:
        session.wait_for("to leave it:")
        cli.policies.write_text(edit(cli.policies.read_text()))
        session.type("approve\r")
        session.wait_for(told)
        assert session.ended() == code


def test_tour_has_its_own_planner(cli: CommandLine) -> None:
    """Without a terminal `--planner llm` is wrong use: the tour's plans come from the rules planner."""
    for planner in ("llm", "local"):
        cli("demo", "--planner", planner).failed(2, "a tour that the rules planner plans")
