"""What the planner's tests share: a user, and the demo bank's registry."""

import pytest

from signoff.actions import Registry, bank_registry
from signoff.actor import Actor
from signoff.planner import RulesPlanner


@pytest.fixture
def dana() -> Actor:
    """The customer of the demo bank."""
    return Actor(id="dana")


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The demo bank's actions."""
    return bank_registry()


@pytest.fixture(scope="session")
def rules(registry: Registry) -> RulesPlanner:
    """The rules planner of the demo bank."""
    return RulesPlanner(registry)
