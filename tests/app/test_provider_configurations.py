"""What docs/planners.md tells people to set for each provider is what reaches that provider's address."""

import re
import shlex
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from signoff.actions import bank_registry
from signoff.planner import Outcome
from signoff.planners import choose_planner
from signoff.settings import Settings
from tests.chat_server import ChatServer, plan
from tests.planner.conftest import TRANSFER

PAGE = (Path(__file__).parents[2] / "docs/planners.md").read_text()
BLOCK = next(block for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) if "# OpenRouter" in block)
CONFIGURATIONS = {
    name: dict(word.split("=", 1) for word in shlex.split(line) if "=" in word)
    for name, line in re.findall(r"^# ([^,\n']+).*\nexport (.*)$", BLOCK, re.MULTILINE)
}
HOSTS = {
    "OpenAI": "api.openai.com",
    "Azure OpenAI": "YOUR-RESOURCE.openai.azure.com",
    "Ollama": "localhost:11434",
    "vLLM": "localhost:8000",
    "llama.cpp": "localhost:8080",
    "LM Studio": "localhost:1234",
    "OpenRouter": "openrouter.ai",
    "Groq": "api.groq.com",
    "Gemini": "generativelanguage.googleapis.com",
    "Anthropic": "api.anthropic.com",
}


def test_every_provider_has_a_configuration() -> None:
    """The page configures each provider that it names, and no other."""
    assert CONFIGURATIONS.keys() == HOSTS.keys()


@pytest.mark.parametrize("name", HOSTS)
def test_a_configuration_reaches_its_provider(name: str, chat_server: ChatServer) -> None:
    """What the page says to set names the provider's host, and with only the host changed a request is planned there."""
    environment = CONFIGURATIONS[name]
    said = choose_planner(Settings.read(environment), bank_registry()).label
    assert said == f"model {environment['SIGNOFF_MODEL']} at {HOSTS[name]}"
    path = urlsplit(environment.get("OPENAI_BASE_URL", "https://api.openai.com/v1")).path
    settings = Settings.read(environment | {"OPENAI_BASE_URL": chat_server.url.removesuffix("/v1") + path})
    chat_server.answer_always(plan(TRANSFER))
    planned = choose_planner(settings, bank_registry()).plan("send $150 to Alice", settings.requester)
    assert (planned.outcome, planned.message) == (Outcome.PLAN, "")
    (asked,) = chat_server.asked
    assert asked.path == f"{path}/chat/completions"
    assert asked.body["model"] == environment["SIGNOFF_MODEL"]
    assert asked.headers["authorization"] == f"Bearer {environment.get('OPENAI_API_KEY', 'none')}"
    assert ("tools" in asked.body) is (environment.get("SIGNOFF_MODE") == "tools")
