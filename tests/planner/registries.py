"""Registries of any shape: what a schema is made from, drawn by Hypothesis."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from hypothesis import strategies as st
from pydantic import Field

from signoff.actions import Action, Execution, Money, Names, Registry, Secret
from signoff.canonical import Json

_MONEY = Annotated[Decimal, Money("currency")]
# A field's type, its default where it has one, and what its author says of it.
_FIELDS: list[tuple[Any, Mapping[str, Any]]] = [
    (str, {}),
    (str, {"default": "checking"}),
    (str, {"default": 'a "quoted" \\ default', "description": "what it is\nin two lines"}),
    (str | None, {"default": None}),
    (str | None, {}),
    (tuple[str, ...], {}),
    (tuple[str, ...], {"default": ()}),
    (Literal["red", "blue"], {}),
    (Literal["größe", "naïve 'x'"], {"default": "größe"}),
    (Literal['say "yes"', "a\\b", "c"], {}),
    (bool, {}),
    (int, {"ge": 1, "le": 5}),
    (Decimal, {"default": Decimal("0.5")}),
    (_MONEY, {}),
    (_MONEY | None, {"default": None}),
    (tuple[_MONEY, ...], {}),
    (Secret, {}),
    (Annotated[Secret, Names("CARD_PIN", "SPARE_PIN")] | None, {"default": None}),
]
_NAMES = ["to", "from_", "amount", "items", "properties", "enum", "anyOf", "required", "const", "x1", "actions", "question"]


class _Run:
    def run(self, execution: Execution) -> Json:
        return None


@st.composite
def _actions(draw: st.DrawFn, type_: str) -> type[Action]:
    names = draw(st.lists(st.sampled_from(_NAMES), max_size=6, unique=True))
    drawn = {name: draw(st.sampled_from(_FIELDS)) for name in names}
    members: dict[str, Any] = {name: Field(**options) for name, (_, options) in drawn.items()}
    annotations: dict[str, Any] = {name: kind for name, (kind, _) in drawn.items()}
    if any("Money" in repr(kind) for kind in annotations.values()):
        annotations["currency"] = str
        members["currency"] = draw(st.sampled_from([Field(default="USD"), Field()]))
    annotations["type"] = Literal[type_]
    text = draw(st.sampled_from([None, "Do it.", "x" * 2_000, "Two\n  lines of {it}."]))
    body = {**members, "__annotations__": annotations, "__module__": __name__, "__doc__": text}
    return type(type_, (_Run, Action), body)


@st.composite
def registries(draw: st.DrawFn) -> Registry:
    """A registry of one to four actions."""
    types = draw(st.lists(st.sampled_from(["send", "items", "type", "x_1", "Plan"]), min_size=1, max_size=4, unique=True))
    return Registry(*(draw(_actions(type_)) for type_ in types))
