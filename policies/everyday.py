"""Everyday situations: for an action type the least that is valid, to start from."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from signoff.actions import Action, Field, Kind, Secret
from signoff.actor import Actor

from .cases import ANYBODY
from .dates import time_zone
from .policy import Policy
from .samples import sample_texts
from .situations import Situation

NOON = datetime(2026, 3, 2, 12, 0)  # a Monday, far from any limit of a day
STRANGER = "Somebody"  # a text that no condition names
OTHER_CURRENCIES = ("USD", "EUR", "JPY", "KWD")  # tried where rules name no others

_BOUNDS = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")


def first_situation(type_: str, policy: Policy) -> Situation | None:
    """An everyday situation of an action type: the least that is valid, asked for by nobody in particular at noon.

    None where no valid action could be made.
    """
    action = _first_action(policy.document.types[type_], policy.currency)
    if action is None:
        return None
    zone = time_zone(policy.zone)
    given = frozenset(found.name for found in action.fields.values() if getattr(action, found.attribute) is not None)
    now = NOON.replace(tzinfo=zone or UTC)
    return Situation(action=action, actor=Actor(id=ANYBODY), now=now, zone=zone, grounded=given)


def _first_action(action: type[Action], currency: str | None) -> Action | None:
    """A valid action: each field that is refused is given its next value."""
    schema = action.model_json_schema()["properties"]
    needed = [found for found in action.fields.values() if action.model_fields[found.attribute].is_required()]
    tries = {found.name: [*_first_values(found, schema[found.name], currency)] for found in needed}
    places = dict.fromkeys(tries, 0)
    for _ in range(1 + sum(map(len, tries.values()))):
        wire: dict[str, Any] = {name: values[places[name]] for name, values in tries.items()}
        try:
            return action.model_validate({"type": action.model_fields["type"].default, **wire}, by_alias=True, by_name=False)
        except ValidationError as error:
            wrong = [str(detail["loc"][0]) for detail in error.errors() if detail["loc"]] or list(tries)
        except Exception:  # the action's own code
            wrong = list(tries)
        name = next((one for one in wrong if one in tries and places[one] + 1 < len(tries[one])), None)
        name = name or next((one for one in tries if places[one] + 1 < len(tries[one])), None)
        if name is None:
            return None
        places[name] += 1
    return None


def _first_values(found: Field, schema: Mapping[str, Any], currency: str | None) -> Iterator[Any]:
    if found.many:
        inner = _keyword(schema, "items") or {}
        yield ()
        yield from ((value,) for value in _one_first(found, inner, currency))
    else:
        yield from _one_first(found, schema, currency)
    if found.optional:
        yield None


def _one_first(found: Field, schema: Mapping[str, Any], currency: str | None) -> Iterator[Any]:
    match found.kind:
        case Kind.BOOLEAN:
            yield from (False, True)
        case Kind.SECRET:
            yield Secret.reference((*found.choices, "SECRET")[0])
        case Kind.CURRENCY:
            yield from found.choices or dict.fromkeys([*([currency] if currency else []), *OTHER_CURRENCIES])
        case Kind.TEXT:
            least, pattern = int(_keyword(schema, "minLength") or 0), _keyword(schema, "pattern")
            yield from found.choices or (STRANGER, "x" * max(1, least), *(sample_texts(pattern) if pattern else ()))
        case _:
            bounds = [Decimal(str(value)) for key in _BOUNDS if (value := _keyword(schema, key)) is not None]
            numbers = [Decimal(10), Decimal(1), Decimal(100), *(b + d for b in bounds for d in (0, 1, -1)), Decimal("0.5")]
            step = Decimal(str(_keyword(schema, "multipleOf") or 1))
            numbers += [step * times for times in range(1, 13)]
            yield from (int(number) for number in numbers if number == int(number)) if found.kind is Kind.INTEGER else numbers


def _keyword(schema: Mapping[str, Any], name: str) -> Any:
    """What *name* says in a JSON schema, or in one of its alternatives."""
    if name in schema:
        return schema[name]
    return next((part[name] for part in schema.get("anyOf", ()) if name in part), None)
