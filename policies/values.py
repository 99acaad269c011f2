"""What a condition read, as text for people."""

from decimal import Decimal

from signoff.actions import Action, Field, format_money

from .decision import Context
from .rule import Document, Rule

_SHOWN = 5  # items of a list


def values_read(
    rule: Rule, action: Action, context: Context, document: Document, roles: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """The name and the value of everything that the conditions of *rule* read, in the order written."""
    return tuple((name, _value(name, action, context, document, roles)) for name in rule.reads)


def _value(name: str, action: Action, context: Context, document: Document, roles: frozenset[str]) -> str:
    match name:
        case "actor.id":
            return context.actor.id
        case "actor.roles":
            return _several(sorted(roles))
        case "plan.size":
            return str(context.plan_size)
    if name.startswith("lists."):
        return _several(document.lists[name.removeprefix("lists.")])
    if name.startswith("counters."):
        return counter_text(name.removeprefix("counters."), action, context, document)
    if name.startswith("in_request("):
        return "yes" if name.removeprefix("in_request(").removesuffix(")") in context.grounded else "no"
    field = action.fields.get(name)
    return f"not a field of {action.type}" if field is None else _field(field, action)


def counter_text(name: str, action: Action, context: Context, document: Document) -> str:
    """The value of a counter for *action*."""
    value, key = context.counters.get(name), document.counters[name].currency
    if value is None:
        return "unknown"
    return _text(value, getattr(action, action.fields[key].attribute) if key and key in action.fields else None)


def _field(field: Field, action: Action) -> str:
    value = getattr(action, field.attribute, None)
    if value is None:
        return "not given"
    currency = getattr(action, action.fields[field.currency].attribute, None) if field.currency else None
    if field.many:
        return _several([_text(item, currency) for item in value])
    return _text(value, currency)


def _text(value: object, currency: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal() if isinstance(currency, str):
            try:
                return format_money(value, currency)
            except ValueError:  # only in an action that was made without validation
                return f"{value} {currency}"
    return str(value)


def _several(texts: tuple[str, ...] | list[str]) -> str:
    if not texts:
        return "none"
    more = len(texts) - _SHOWN
    return ", ".join(texts[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
