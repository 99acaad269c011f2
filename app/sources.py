"""Sources: where each value of an action comes from: the user's own words, what the planner was given beside them, or nowhere.

Whatever wrote the plan, this is worked out by the Engine from the texts themselves, each time something is decided.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from signoff.actions import Action, Field
from signoff.audit import Conversation, PlanRecord
from signoff.planner import NONE, REQUEST, Context, Role, Trust

from .grounding import read_text, sought_fields, stands_in, values_of

NOWHERE = "not in the request"  # the mark of what stands nowhere


@dataclass(frozen=True, kw_only=True)
class Grounds:
    """Where the values of one action stand."""

    action: Action
    sources: Mapping[str, str]  # given field → "request", the source of a context, or "none"; a secret is not looked for
    trusted: frozenset[str]  # the fields whose value stands in the request, or in a trusted context
    disputed: bool = False  # whether a second opinion on the request was another plan

    @property
    def grounded(self) -> frozenset[str]:
        """The fields whose value the user wrote."""
        return frozenset(name for name, source in self.sources.items() if source == REQUEST)

    @property
    def marks(self) -> dict[str, str]:
        """What people are told of values that somebody gave, and not the user: `from invoice, untrusted`."""
        marks: dict[str, str] = {}
        for name, source in self.sources.items():
            if source not in (REQUEST, NONE):
                marks[name] = f"from {source}, {Trust.TRUSTED if name in self.trusted else Trust.UNTRUSTED}"
            elif source == NONE and not _is_default(self.action, self.action.fields[name]):
                marks[name] = NOWHERE
        return marks

    @property
    def found(self) -> dict[str, str]:
        """Field → whether its value stands in the request, and where else it does: `no (from invoice, untrusted)`."""
        elsewhere = {name: "no" if mark == NOWHERE else f"no ({mark})" for name, mark in self.marks.items()}
        return {name: "yes" if name in self.grounded else elsewhere.get(name, "no (the default)") for name in self.sources}


Grounding: TypeAlias = Callable[[Action], Grounds]  # where the values of an action stand


def grounded_in(request: str | None, context: Sequence[Context] = (), *, disputed: bool = False) -> Grounding:
    """Where the values of actions stand, of which the user wrote *request*, and their planner was given *context*, too."""
    return _grounding([] if request is None else [request], context, disputed)


def grounding_of(plan: PlanRecord, number: int) -> Grounding:
    """The same for action *number* of a stored plan, whose origin was verified with it, or for one that is about to be added."""
    return _grounding(plan.words_for(number), contexts_of(plan, number), bool(plan.disputed))


def _grounding(requests: Sequence[str], context: Sequence[Context], disputed: bool) -> Grounding:
    """*requests* are all that the user wrote, each a message of its own: no value is put together from two of them."""
    texts = [(REQUEST, True, request) for request in requests]
    texts += [(one.source, True, one.text) for one in context if one.trust is Trust.TRUSTED]
    texts += [(one.source, False, one.text) for one in context if one.trust is not Trust.TRUSTED]
    return partial(_grounds, texts, disputed)


def contexts_of(plan: PlanRecord, number: int) -> tuple[Context, ...]:
    """What the planner of a stored plan was given beside the request: in a conversation, what came of earlier calls."""
    if plan.conversation is not None:
        return tuple(_results(plan.conversation, number))
    return tuple(Context(source=one.source, text=one.text, trust=Trust(one.trust)) for one in plan.context)


def _results(talk: Conversation, number: int) -> Iterator[Context]:
    """What a model had been told of its calls when it called for action *number*: anybody may have written that."""
    actions = {call.id: call.action for call in talk.calls if call.action is not None}
    for message in talk.before(number):
        if message.role == Role.TOOL and message.answers in actions:
            yield Context(source=f"tool:{actions[message.answers]}", text=message.text)


def given_fields(action: Action) -> Grounds:
    """All fields that are given stand in a request: one is assumed that holds every value."""
    names = [field.name for field in sought_fields(action)]
    return Grounds(action=action, sources=dict.fromkeys(names, REQUEST), trusted=frozenset(names))


def _grounds(texts: Sequence[tuple[str, bool, str]], disputed: bool, action: Action) -> Grounds:
    """*texts* are those that are looked into, in this order, each with its source and whether that is trusted."""
    if not texts:
        nowhere = {field.name: NONE for field in sought_fields(action)}
        return Grounds(action=action, sources=nowhere, trusted=frozenset(), disputed=disputed)
    empty = 0 if texts[0][0] == REQUEST else len(texts)  # where a list without items stands
    found = {field.name: max(_places(texts, action, field), default=empty) for field in sought_fields(action)}
    names = [*(source for source, _, _ in texts), NONE]
    trusted = [*(trusted for _, trusted, _ in texts), False]
    return Grounds(
        action=action,
        sources={name: names[place] for name, place in found.items()},
        trusted=frozenset(name for name, place in found.items() if trusted[place]),
        disputed=disputed,
    )


def _is_default(action: Action, field: Field) -> bool:
    return bool(type(action).model_fields[field.attribute].default == getattr(action, field.attribute))


def _places(texts: Sequence[tuple[str, bool, str]], action: Action, field: Field) -> Iterator[int]:
    """For each item of a field's value the place of the first text in which it stands; behind the last where none holds it.

    So the last of them is where all of it comes from: a list is trusted only as far as the least trusted of its items.
    """
    for value in values_of(action, field):
        found = (place for place, (_, _, text) in enumerate(texts) if stands_in(read_text(text), action, field, value))
        yield next(found, len(texts))
