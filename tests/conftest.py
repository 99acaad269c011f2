"""The demo bank in a file of its own, under rules of its own, with a clock that stands still."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import settings

from signoff import Engine
from signoff.actions import Registry, bank_registry
from signoff.audit import Store
from signoff.policies import Policy, parse_policy
from signoff.testing import CountingIds, FakeClock
from tests.chat_server import ChatServer
from tests.receiver import Receiver, receiver_running

EXAMPLES = 50  # of a law; with --hypothesis-profile=long, LONG times as many, and others each time
LONG = 20

settings.register_profile("short", max_examples=EXAMPLES, derandomize=True, database=None, deadline=None)
settings.register_profile("long", max_examples=EXAMPLES * LONG, database=None, deadline=None)
settings.load_profile("short")

RULES = """\
version: 1
currency: USD
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira, omar]
  finance: [fay, finn]
lists:
  blocked: [Mallory Ltd]
rules:
  - id: everyday
    allow: "*"
  - id: large-transfer
    approve: transfer
    when: amount > 100
    by: manager
    within: 24h
    because: transfers over 100 need a manager
  - id: very-large
    approve: transfer
    when: amount > 500
    by: {role: finance, count: 2}
  - id: blocked
    deny: transfer
    when: to in lists.blocked
"""


def rules(text: str = RULES, registry: Registry | None = None) -> Policy:
    """The policy in *text*."""
    return parse_policy(text.encode(), "policies.yaml", registry or bank_registry())


@pytest.fixture
def changed_rules() -> Callable[[str, str], Policy]:
    """The test's rules with one text in them replaced by another."""

    def change(old: str, new: str, registry: Registry | None = None) -> Policy:
        assert old in RULES
        return rules(RULES.replace(old, new), registry)

    return change


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the test's database is, or will be."""
    return tmp_path / "signoff.db"


@pytest.fixture
def open_engine(database: Path, clock: FakeClock) -> Iterator[Callable[..., Engine]]:
    """Open the test's database, again and again if need be."""
    stores: list[Store] = []
    ids = CountingIds()

    def open_(policy: Policy | None = None, registry: Registry | None = None) -> Engine:
        registry = registry or bank_registry()
        store = Store.open(database, migrations=registry.migrations, clock=clock, ids=ids)
        stores.append(store)
        return Engine(store, policy or rules(registry=registry), registry)

    yield open_
    for store in stores:
        store.close()


@pytest.fixture
def engine(open_engine: Callable[..., Engine]) -> Engine:
    """An engine over a new demo bank."""
    return open_engine()


@pytest.fixture
def chat_server() -> Iterator[ChatServer]:
    """A server that speaks chat completions, on this machine; the test tells it what to answer."""
    with ChatServer().running() as server:
        yield server


@pytest.fixture(scope="session")
def receiver_port() -> Iterator[int]:
    """Where a receiver of effects listens, on this machine."""
    with receiver_running() as port:
        yield port


@pytest.fixture
def receiver(receiver_port: int, tmp_path: Path) -> Receiver:
    """A receiver at which nothing has happened yet."""
    return Receiver(receiver_port, quote(str(tmp_path), safe=""))


@pytest.fixture(scope="session", autouse=True)
def _no_model_outside() -> Iterator[None]:
    """No test finds a model or a proxy in the environment that the tests were started in."""
    with pytest.MonkeyPatch.context() as patch:
        ours = ("MODE", "PLANNER", "TEMPERATURE", "SEED", "ANSWER_TOKENS", "TOKEN_BUDGET", "NARROW")
        for name in list(os.environ):
            if name.startswith(("OPENAI_", *(f"SIGNOFF_{one}" for one in ours))) or name.upper().endswith("_PROXY"):
                patch.delenv(name)
        yield
