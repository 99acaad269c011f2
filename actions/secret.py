"""Secret: a field of an action that only the action's own code ever sees.

In plans, decisions and the log stands a reference, a name that is looked up right before the action runs, or a salted
commitment to the value. The value itself is apart from the action until it runs.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from signoff.canonical import Json
from signoff.commitment import COMMITMENT, Opening

from .text import REFERENCE, show_field

if TYPE_CHECKING:
    from .model import Action

MAX_SECRET = 8_192  # bytes of one value
NAME = r"[A-Za-z][A-Za-z0-9_-]{0,63}"  # of what a reference names

_NAME = re.compile(NAME, re.ASCII)
_COMMITMENT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_FORM = f'must be {{"{REFERENCE}": "NAME"}}, the name of a secret that is set up'


@dataclass(frozen=True)
class Names:
    """Marks a Secret that may only refer to these names: `Annotated[Secret, Names("CARD_PIN", "SPARE_PIN")]`."""

    allowed: tuple[str, ...]

    def __init__(self, *allowed: str) -> None:
        for name in allowed:
            _check_name(name)
        object.__setattr__(self, "allowed", allowed)


class Secret:
    """A password, token or PIN. Only the action that it belongs to can `reveal` it, while it runs."""

    __slots__ = ("_commitment", "_name", "_opening")

    def __init__(self, value: str) -> None:
        """Raises ValueError where *value* is no text, empty or too long."""
        _check_value(value)
        self._name: str | None = None
        self._opening: Opening | None = Opening.of(value)
        self._commitment: str | None = self._opening.commitment

    @classmethod
    def reference(cls, name: str) -> Self:
        """What is looked up by *name* right before the action runs. Raises ValueError where that can be no name."""
        _check_name(name)
        return cls._made(name=name)

    @classmethod
    def read(cls, value: object) -> "Secret":
        """The secret that *value* stands for in a plan. Raises ValueError, which repeats nothing of it."""
        match value:
            case Secret():
                return value
            case str():
                return cls(value)
            case Mapping() if list(value) == [REFERENCE]:
                return cls.reference(value[REFERENCE])
            case Mapping() if list(value) == [COMMITMENT] and _is_commitment(value[COMMITMENT]):
                return cls._made(commitment=value[COMMITMENT])
        raise ValueError(_FORM)

    @property
    def name(self) -> str | None:
        """The name that a reference looks up; None where it holds, or stands for, a value of its own."""
        return self._name

    @property
    def opening(self) -> Opening | None:
        """The value, with the salt of its commitment, where it is here."""
        return self._opening

    @property
    def commitment(self) -> str | None:
        """What stands for the value; None of a reference."""
        return self._commitment

    def reveal(self) -> str:
        """The value. Raises ValueError everywhere but in the action's own `run` and `probe`, and where it was just made."""
        if self._opening is None:
            raise ValueError("is a secret whose value is not here; only `run` and `probe` are given it")
        return self._opening.value

    def closed(self) -> "Secret":
        """The same without its value."""
        return self._made(name=self._name, commitment=self._commitment)

    def opened(self, opening: Opening) -> "Secret":
        """The same with its value. Raises ValueError where that is not the one to which it is committed."""
        if self._commitment is not None and opening.commitment != self._commitment:
            raise ValueError("is not the value that was decided")
        return self._made(name=self._name, commitment=self._commitment, opening=opening)

    def wire(self) -> Json:
        """What stands for it in JSON: the name, or the commitment."""
        return {REFERENCE: self._name} if self._name is not None else {COMMITMENT: self._commitment}

    @classmethod
    def _made(cls, *, name: str | None = None, commitment: str | None = None, opening: Opening | None = None) -> Self:
        made = cls.__new__(cls)
        made._name, made._commitment, made._opening = name, commitment, opening
        return made

    def __str__(self) -> str:
        return show_field(self.wire())

    def __repr__(self) -> str:
        return f"Secret.reference({self._name!r})" if self._name is not None else "Secret(...)"

    def __eq__(self, other: object) -> bool:
        return self.wire() == other.wire() if isinstance(other, Secret) else NotImplemented

    def __hash__(self) -> int:
        return hash((self._name, self._commitment))

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, _: object) -> Self:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: its value would be written down")

    @classmethod
    def __get_pydantic_core_schema__(cls, _: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(Secret.wire)
        return core_schema.is_instance_schema(cls, serialization=written)

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return dict(reference_schema())


def reference_schema(choices: tuple[str, ...] = ()) -> dict[str, Json]:
    """The JSON schema of a reference. No schema offers to write a value."""
    name: dict[str, Json] = {"type": "string", "enum": list(choices)} if choices else {"type": "string", "pattern": f"^{NAME}$"}
    return {"type": "object", "properties": {REFERENCE: name}, "required": [REFERENCE], "additionalProperties": False}


def secrets_in(action: "Action") -> dict[str, Secret]:
    """The secrets of *action* that are given, by the name of their field."""
    found = ((field.name, getattr(action, field.attribute)) for field in action.fields.values())
    return {name: value for name, value in found if isinstance(value, Secret)}


def with_secrets(action: "Action", secrets: Mapping[str, Secret]) -> "Action":
    """*action* with these secrets, by the name of their field, in the place of those that it has."""
    if not secrets:
        return action
    return action.model_copy(update={action.fields[name].attribute: secret for name, secret in secrets.items()})


class Unreadable:
    """Stands in the place of what was given for a secret and is none, so that no error can show it."""

    def __init__(self, problem: str) -> None:
        self.problem = problem


def hide_secret(value: object, allowed: tuple[str, ...]) -> object:
    """*value*, given for a secret, as something that shows nothing of it. *allowed* are the names it may refer to; empty: all."""
    try:
        secret = Secret.read(value)
    except ValueError as error:
        return Unreadable(str(error))
    if allowed and secret.name is not None and secret.name not in allowed:
        return Unreadable(f"may only refer to {', '.join(allowed)}")
    return secret


def _check_value(value: object) -> None:
    if not isinstance(value, str):
        raise ValueError(_FORM)
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise ValueError("holds a lone surrogate, which is no character") from None
    if not 0 < size <= MAX_SECRET:
        raise ValueError(f"is empty, or longer than {MAX_SECRET:,} bytes")


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(_FORM + ": letters, digits, _ and -, at most 64")


def _is_commitment(value: object) -> bool:
    return isinstance(value, str) and _COMMITMENT.fullmatch(value) is not None
