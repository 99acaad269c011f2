"""What a condition read, as text for people."""

from decimal import Decimal

from signoff.actions import Action, Field, fold_name, format_money

from .comparing import compares_exactly
from .content import Document
from .decision import Context
from .reasons import tell
from .rule import Rule
from .sources import is_trusted, source_of
from .syntax import (
    Call,
    Counted,
    Default,
    Entry,
    Expression,
    InRequest,
    Keys,
    Known,
    Listed,
    Name,
    SourceOf,
    Text,
    Trusted,
    parts_read,
)
from .tables import show_cell
from .world import ConditionFailed, World

_SHOWN = 5  # items of a list


def values_read(rule: Rule, action: Action, context: Context, document: Document, world: World) -> tuple[tuple[str, str], ...]:
    """The name and the value of everything that the conditions of *rule* read, in the order written."""
    value = _Values(action, context, document, world)
    return tuple((name, value.show(tree)) for name, tree in rule.parts.items())


def values_in(
    tree: Expression, action: Action, context: Context, document: Document, world: World
) -> tuple[tuple[str, str], ...]:
    """The name and the value of everything that *tree*, a part of a condition, reads."""
    value = _Values(action, context, document, world)
    return tuple((name, value.show(part)) for name, part in parts_read(tree).items())


def reason_of(rule: Rule, action: Action, context: Context, document: Document, world: World) -> str:
    """The reason that *rule* gives, with the values in it."""
    return tell(rule.reason, _Values(action, context, document, world).show)


class _Values:
    """The values that one action has in one context."""

    def __init__(self, action: Action, context: Context, document: Document, world: World) -> None:
        self._action, self._context, self._document, self._world = action, context, document, world

    def show(self, tree: Expression) -> str:
        """The value of a part of a condition, as people read it."""
        match tree:
            case Known(name=name):
                return self._known(name)
            case Listed(name=name):
                return _several(self._document.lists[name])
            case Keys(name=name):
                return _several(self._document.tables[name].keys)
            case Counted(name=name):
                return counter_text(name, self._action, self._context, self._document)
            case InRequest(field=Name(name=name)):
                return _answer(name in self._context.grounded)
            case Trusted(field=Name(name=name)):
                return _answer(is_trusted(self._context, name))
            case SourceOf(field=Name(name=name)):
                return source_of(self._context, name)
            case Entry():
                return self._entry(tree)
            case Default(field=field, otherwise=otherwise):
                return self.show(otherwise if self._get(field.name) is None else field)
            case Name(name=name):
                found = self._action.fields.get(name)
                return f"not a field of {self._action.type}" if found is None else self._field(found)
        return _constant(tree)

    def _known(self, name: str) -> str:
        world, context = self._world, self._context
        try:
            match name:
                case "actor.id":
                    return context.actor.id
                case "actor.roles":
                    return _several(sorted(world.roles.get(context.actor.id, ())))
                case "now.hour":
                    return str(world.hour(context))
                case "now.weekday":
                    return world.weekday(context)
                case "now.date":
                    return world.date(context)
                case "disputed":
                    return _answer(context.disputed)
        except ConditionFailed as error:
            return str(error)
        return str(context.plan_size)

    def _entry(self, tree: Entry) -> str:
        column = self._document.tables[tree.table].columns[tree.column]
        key, exact = self._key(tree.key), compares_exactly((tree.key,), self._action.fields)
        cells = column.cells if exact else {fold_name(name): cell for name, cell in column.cells.items()}
        cell = cells.get(key if exact else fold_name(key))
        if cell is None:
            return "not in the table"
        if column.shape.plain and isinstance(cell, Decimal):
            return _text(cell, self._document.currency)
        return show_cell(cell)

    def _key(self, tree: Expression) -> str:
        """The text that a table is asked for."""
        match tree:
            case Text(value=text):
                return text
            case Call(operands=(operand,)):
                return self._key(operand)
            case Default(field=field, otherwise=otherwise) if self._get(field.name) is None:
                return self._key(otherwise)
            case Name(name=name) | Default(field=Name(name=name)):
                return str(self._get(name))
        return self.show(tree)

    def _get(self, name: str) -> object:
        found = self._action.fields.get(name)
        return None if found is None else getattr(self._action, found.attribute, None)

    def _field(self, field: Field) -> str:
        value = getattr(self._action, field.attribute, None)
        if value is None:
            return "not given"
        currency = self._get(field.currency) if field.currency else None
        if field.many:
            return _several([_text(item, currency) for item in value])
        return _text(value, currency)


def _answer(truth: bool) -> str:
    return "yes" if truth else "no"


def _constant(tree: Expression) -> str:
    value = getattr(tree, "value", None)
    return show_cell(value) if isinstance(value, str | bool | Decimal) else ""


def counter_text(name: str, action: Action, context: Context, document: Document) -> str:
    """The value of a counter for *action*."""
    value, key = context.counters.get(name), document.counters[name].currency
    if value is None:
        return "unknown"
    return _text(value, getattr(action, action.fields[key].attribute) if key and key in action.fields else None)


def _text(value: object, currency: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal() if isinstance(currency, str):
            try:
                return format_money(value, currency)
            except ValueError:  # a constant with more decimals, or an action that was made without validation
                return f"{value} {currency}"
    return str(value)


def _several(texts: tuple[str, ...] | list[str]) -> str:
    if not texts:
        return "none"
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
