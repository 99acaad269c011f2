"""The registry: which action types there are, and what they need from the database."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from inspect import isabstract
from typing import Literal, get_args, get_origin

from pydantic import ValidationError

from signoff.canonical import Json, parse
from signoff.errors import ActionInvalid

from .effect import declaration_problem
from .field import Kind
from .model import Action, problems_of
from .redacting import Redaction
from .text import show_text


@dataclass(frozen=True)
class Migration:
    """One numbered step of a schema. Once released, it never changes."""

    name: str  # unique in its registry: "bank.1"
    sql: str  # statements, run in one transaction


class Registry(Mapping[str, type[Action]]):
    """The action types that plans may use, by their `type`."""

    def __init__(self, *actions: type[Action], migrations: Sequence[Migration] = ()) -> None:
        self.migrations = tuple(migrations)
        self._actions: dict[str, type[Action]] = {}
        for action in actions:
            name = _type_of(action)
            if name in self._actions:
                raise TypeError(f"two actions have the type `{name}`")
            self._actions[name] = action

    def __getitem__(self, type_: str) -> type[Action]:
        return self._actions[type_]

    def __iter__(self) -> Iterator[str]:
        return iter(self._actions)

    def __len__(self) -> int:
        return len(self._actions)

    def read(self, wire: Mapping[str, Json]) -> Action:
        """The action that *wire* (`{"type": ..., field: ...}`) describes. Raises ActionInvalid with every problem."""
        if "type" not in wire:
            raise ActionInvalid(["`type` is missing; " + self._known()])
        type_ = wire["type"]
        if not isinstance(type_, str) or type_ not in self._actions:
            close = get_close_matches(str(type_), self._actions, n=1)
            hint = f"did you mean `{close[0]}`?" if close else self._known()
            raise ActionInvalid([f'"{show_text(str(type_)[:40])}" is not an action type; {hint}'])
        try:
            return self._actions[type_].model_validate(wire, by_alias=True, by_name=False)
        except ValidationError as error:
            hidden = _redaction(self._actions[type_], wire)
            problems = [hidden.text(problem) for problem in problems_of(error)]
            raise ActionInvalid(problems) from None  # a validator of the action's own may have told it of a secret

    def load(self, data: bytes) -> Action:
        """The action whose canonical bytes are *data*. Raises ActionInvalid where they are not exactly that."""
        try:
            action = self.read(parse(data))
        except ValueError as error:
            raise ActionInvalid([str(error)]) from error
        if action.canonical() != data:
            raise ActionInvalid(["the stored action is not in its canonical form"])
        return action

    def _known(self) -> str:
        return "known are " + ", ".join(self._actions)


def _redaction(action: type[Action], wire: Mapping[str, Json]) -> Redaction:
    """Takes the secrets that *wire* holds out of what a validator of the action's own says of them."""
    given = (wire.get(field.name) for field in action.fields.values() if field.kind is Kind.SECRET)
    return Redaction(*(value for value in given if isinstance(value, str)))


def _type_of(action: type[Action]) -> str:
    annotation = action.model_fields["type"].annotation
    if get_origin(annotation) is not Literal or len(get_args(annotation)) != 1:
        raise TypeError(f'{action.__name__} needs its type: write `type: Literal["name"] = "name"`')
    problem = declaration_problem(action, has_probe=action.probe is not Action.probe)
    if problem is not None:
        raise TypeError(f"{action.__name__}: {problem}")
    if isabstract(action):
        raise TypeError(f"{action.__name__} has no `run`; write what it does")
    name = str(get_args(annotation)[0])
    if not (name.isascii() and name.isidentifier()):
        raise TypeError(f'{action.__name__}: rules cannot name the type "{name}"; use letters, digits and underscores')
    return name
