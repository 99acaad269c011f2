"""Actions whose own code says too much of a secret, or asks for its value when it is not there."""

from typing import Literal, Self

import pytest
from pydantic import field_validator

from signoff.actions import Action, Execution, Lookup, Registry, Secret
from signoff.canonical import Json
from signoff.errors import ActionInvalid, PlanInvalid
from signoff.planner import ActionPlan
from signoff.policies import parse_policy
from tests.app.banking import DANA, Open
from tests.app.test_secrets_nowhere import VALUE


class Enter(Action):
    """Opens a door."""

    type: Literal["enter"] = "enter"
    pin: Secret

    def run(self, execution: Execution) -> Json:
        """Do nothing."""
        return None

    def resolve(self, lookup: Lookup) -> Self:
        """Refuse it."""
        raise ActionInvalid([f"{self.pin.reveal()} opens no door"])


def test_a_name_that_is_unknown_tells_no_secret(open_engine: Open) -> None:
    """An action whose `resolve` refuses it in words that hold its secret is refused without it."""
    wide = Registry(Enter)
    rules = b"version: 1\nidentity: claimed\nrules: [{id: all, allow: enter}]\n"
    engine = open_engine(parse_policy(rules, "policies.yaml", wide), wide)
    for verb in (engine.preview, engine.submit):
        with pytest.raises(PlanInvalid) as caught:
            verb(ActionPlan.of(Enter.model_validate({"pin": VALUE})), DANA)
        assert list(caught.value.problems) == ["action 1 (enter): *** opens no door"]


class Careless(Enter):
    """Its validator asks for a value that is not there when it is read again."""

    type: Literal["careless"] = "careless"  # type: ignore[assignment]  # another type

    @field_validator("pin")
    @classmethod
    def _long_enough(cls, pin: Secret) -> Secret:
        if len(pin.reveal()) < 4:
            raise ValueError("is too short")
        return pin

    def resolve(self, lookup: Lookup) -> Self:
        """As it is."""
        return self


def test_an_action_that_could_not_be_read_again_is_not_accepted(open_engine: Open) -> None:
    """A validator that cannot do without the value is told of when the plan is submitted, and not when it should run."""
    wide = Registry(Careless)
    engine = open_engine(
        parse_policy(b"version: 1\nidentity: claimed\nrules: [{id: a, allow: careless}]\n", "p.yaml", wide), wide
    )
    with pytest.raises(PlanInvalid, match="read without its secrets: `pin` is a secret whose value is not here"):
        engine.submit(ActionPlan.of(Careless.model_validate({"pin": VALUE})), DANA)
