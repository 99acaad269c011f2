"""How the difference of two policies is shown: in words, and as `--json` has it."""

import json
from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from signoff.actions import show_text
from signoff.policies import EXTRA, Consequence, Decision, Differences, Policy, Way, prover_installed

from .canonical import Json
from .output import group_digest, plain, plain_lines
from .telling import situation_json, tell_outcome, tell_time

SHOWN_WAYS = 30


def format_differences(found: Differences, old: Policy, new: Policy) -> RenderableType:
    """Every way with its example, what no example shows, and one line that says whether *new* lets more through."""
    parts: list[RenderableType] = [plain(f"OLD is {_name(old)}"), plain(f"NEW is {_name(new)}")]
    for number, way in enumerate(found.ways[:SHOWN_WAYS], 1):
        parts += _way(number, way, old, new)
    if len(found.ways) > SHOWN_WAYS:
        parts.append(plain(f"and {len(found.ways) - SHOWN_WAYS:,} more ways: --json has all"))
    parts += [plain(line) for line in _notes(found)]
    return Group(*parts, Text(show_text(verdict(found)), style="bold"))


def verdict(found: Differences) -> str:
    """Whether the new file lets anything through that the old one did not, in one line."""
    looser, total = len(found.lets_through), len(found.ways)
    if looser:
        more = ", and there are more" if found.more else ""
        return f"NEW lets through what OLD did not: {looser} of {total} {'way' if total == 1 else 'ways'}{more}"
    if found.beyond:
        return f"NEW may let through what OLD did not: {'; '.join(found.beyond)}"
    if not found.tried and not found.untried:
        return "NEW decides every action as OLD does: nothing that decides differs"
    if found.proved:
        tried = f"who signs, and for how long, is no looser in {found.tried:,} actions tried"
        return f"NEW lets nothing through that OLD did not: proved of every effect; {tried}"
    why = "the solver could not tell" if prover_installed() else f"that takes `{EXTRA}`"
    return f"NEW lets nothing through that OLD did not, in {found.tried:,} actions tried; this is no proof: {why}"


def lets_more_through(found: Differences) -> bool:
    """Whether the new file lets more through, or may and nothing here can tell."""
    return bool(found.lets_through or found.beyond)


def differences_json(found: Differences, old: Policy, new: Policy) -> dict[str, Json]:
    """A difference in `--json` output."""
    return {
        "old": {"name": old.name, "digest": old.digest},
        "new": {"name": new.name, "digest": new.digest},
        "ways": [_way_json(way) for way in found.ways],
        "lets_through": len(found.lets_through),
        "may_let_through": list(found.beyond),
        "renamed": dict(found.renamed),
        "unshown": list(found.unshown),
        "untried": list(found.untried),
        "tried": found.tried,
        "proved": found.proved,
        "more": found.more,
        "change": found.change.to_json(),
        "verdict": verdict(found),
    }


def _name(policy: Policy) -> str:
    return f"{policy.name} (digest {group_digest(policy.digest)})"


def _way(number: int, way: Way, old: Policy, new: Policy) -> list[RenderableType]:
    kind, style = ("looser", "yellow") if way.looser else ("stricter", "cyan")
    requester = way.example.actor.id
    head = Text.assemble(f"{number}. ", (kind, style), plain(f": {_title(way)}"))
    lines = [
        " ".join(_asked(way, old, new)),
        json.dumps(way.example.action.wire(), ensure_ascii=False),
        f"OLD: {tell_outcome(way.was, requester)}{_rules(way.before)}",
        f"NEW: {tell_outcome(way.becomes, requester)}{_rules(way.after)}",
    ]
    if way.looser and way.was.effect is way.becomes.effect:
        lines.append(f"looser: {'; '.join(way.looser)}")
    return [head, Padding(plain_lines(lines), (0, 0, 0, 3))]


def _title(way: Way) -> str:
    return f"{way.type}, {way.was.effect} before, {way.becomes.effect} now"


def _asked(way: Way, old: Policy, new: Policy) -> Iterator[str]:
    """The action, and of its circumstances those that rules for it may read."""
    example = way.example
    yield example.action.title()
    yield f"asked by {example.actor.id}"
    if any(name.startswith("now.") for policy in (old, new) for name in _read(policy, way.type)):
        yield tell_time(example.now, new, example)
    if example.plan_size > 1:
        yield f"in a plan of {example.plan_size}"
    for name, value in example.before.items():
        if value:
            yield f"where {name} was {value:f} before"
    missing = [name for name in example.action.fields if example.value(name) is not None and name not in example.grounded]
    if missing:
        yield f"where the request does not hold {', '.join(missing)}"
    for name, source in sorted(example.sources.items()):
        yield f"where {name} stands in {source}, which is {'' if name in example.trusted else 'not '}trusted"
    if example.disputed:
        yield "where the plan is disputed"


def _read(policy: Policy, type_: str) -> Iterator[str]:
    """What the rules for one action type read."""
    return (name for rule in policy.document.rules if type_ in rule.types for name in rule.reads)


def _rules(decision: Decision) -> str:
    return f", {', '.join(decision.rules) or 'the default'}"


def _notes(found: Differences) -> Iterator[str]:
    for old, new in found.renamed.items():
        yield f"the rule {old} is called {new} now, and decides as before"
    if found.unshown:
        yield f"no action was found that shows: {'; '.join(found.unshown)}"
    if found.beyond and found.lets_through:
        yield f"no single action can show, and it may let more through: {'; '.join(found.beyond)}"
    if found.more:
        yield "there are more ways than are kept; these come first"
    if found.untried:
        yield f"no valid action could be made of: {', '.join(found.untried)}"


def _way_json(way: Way) -> dict[str, Json]:
    return {
        "type": way.type,
        "looser": list(way.looser),
        "example": situation_json(way.example),
        "before": _decided_json(way.was, way.before),
        "after": _decided_json(way.becomes, way.after),
        "rules_gone": list(way.rules_gone),
        "rules_new": list(way.rules_new),
    }


def _decided_json(outcome: Consequence, decision: Decision) -> dict[str, Json]:
    return outcome.to_json() | {"rules": list(decision.rules)}
