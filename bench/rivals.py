"""Other engines, each with the rules of a contest as its users would write them.

A rival is prepared once, outside of what is timed: it reads the rules and gives a function that takes requests and
returns effects, through the engine's own batch interface where it has one that says what is needed. Requests are plain
records with amounts in cents. What each was given, and why, stands in its docstring and is printed beside the table.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TypeAlias

from bench.contests import Asked, Request
from signoff.policies import DecisionEffect

Answer: TypeAlias = Callable[[Sequence[Request]], list[DecisionEffect]]
Prepare: TypeAlias = Callable[[Sequence[Asked]], Answer]  # of rules, the strictest first

ALLOW, APPROVE, DENY = DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY


@dataclass(frozen=True, kw_only=True)
class Rival:
    """Another engine."""

    distribution: str  # its name on the package index
    prepare: Prepare
    strict: Prepare | None = None  # with the types of a request declared, where the engine can be told them

    @property
    def version(self) -> str | None:
        """The version that is installed; None where it is not."""
        try:
            return version(self.distribution)
        except PackageNotFoundError:
            return None

    @property
    def how(self) -> str:
        """How the rules were put to it, and how it was asked."""
        return " ".join((self.prepare.__doc__ or "").split())


class Unanswered(Exception):
    """An engine gave an error instead of an answer."""


def cedar(rules: Sequence[Asked], schema: bool = False) -> Answer:
    """One `permit` for all, one `forbid` for each rule with the effect in its `@id`, the payee as resource; one parsed
    PolicySet, `is_authorized_batch`; what asks for approval is told from a denial by the ids of the policies behind it."""
    cedarpy = import_module("cedarpy")
    lines = ["permit(principal, action, resource);"]
    for rule in rules:
        resource = "resource" if rule.to is None else f"resource == Payee::{json.dumps(rule.to)}"
        when = _expression(replace(rule, to=None), fields="context.")
        body = f" when {{ {when} }}" if when else ""
        lines.append(f'@id("{rule.effect}") forbid(principal, action == Action::"transfer", {resource}){body};')
    policies = cedarpy.PolicySet.from_str("\n".join(lines))
    entities = cedarpy.Entities.from_json_str("[]")
    known = cedarpy.Schema.from_str(_CEDAR_SCHEMA) if schema else None

    def answer(requests: Sequence[Request]) -> list[DecisionEffect]:
        asked = [
            {
                "principal": {"type": "User", "id": "dana"},
                "action": {"type": "Action", "id": "transfer"},
                "resource": {"type": "Payee", "id": request.get("to")},
                "context": {name: value for name, value in request.items() if name != "to"},
            }
            for request in requests
        ]
        return [_cedar_effect(result) for result in cedarpy.is_authorized_batch(asked, policies, entities, known)]

    return answer


def cel(rules: Sequence[Asked]) -> Answer:
    """Two programs, compiled once: all deny rules joined by `||`, and all approve rules; a Context for each request. (One
    program for each rule takes longer.)"""
    module = import_module("cel")
    programs = [(effect, module.compile(_joined(rules, effect))) for effect in (DENY, APPROVE)]

    def answer(requests: Sequence[Request]) -> list[DecisionEffect]:
        found = []
        for request in requests:
            context = module.Context(variables=request)
            found.append(next((effect for effect, program in programs if program.execute(context)), ALLOW))
        return found

    return answer


def zen(rules: Sequence[Asked], schema: bool = False) -> Answer:
    """A decision table, the first matching row decides, the strictest rows first, an empty row last; `evaluate_batch`.
    Where every rule names a payee, other currencies have rows of their own; else the amount's column holds expressions:
    whichever is faster."""
    apart = all(rule.to is not None for rule in rules)
    rows = [row for number, rule in enumerate(rules) for row in _zen_rows(number, rule, apart=apart)]
    rows.append(_zen_row("others", ALLOW))
    fields = ["to", "source", "written", "size", *(("currency", "amount") if apart else ())]
    inputs = [{"id": name, "name": name, "field": name} for name in fields] + (
        [] if apart else [{"id": "money", "name": "money"}]
    )
    outputs = [{"id": "effect", "name": "effect", "field": "effect"}]
    table = {"hitPolicy": "first", "inputs": inputs, "outputs": outputs, "rules": rows}
    nodes = [
        ("input", "inputNode", {"schema": _ZEN_SCHEMA} if schema else {}),
        ("table", "decisionTableNode", table),
        ("output", "outputNode", {}),
    ]
    content = {
        "nodes": [
            {"id": name, "type": kind, "name": name, "position": {"x": 0, "y": 0}, "content": content}
            for name, kind, content in nodes
        ],
        "edges": [
            {"id": f"{start}-{end}", "sourceId": start, "targetId": end, "type": "edge"}
            for start, end in (("input", "table"), ("table", "output"))
        ],
    }
    engine = import_module("zen").ZenEngine({"loader": {"type": "static", "content": {"rules": content}}})

    def answer(requests: Sequence[Request]) -> list[DecisionEffect]:
        results = engine.evaluate_batch([{"key": "rules", "context": request} for request in requests])
        return [_zen_effect(result) for result in results]

    return answer


def casbin(rules: Sequence[Asked]) -> Answer:
    """A policy line for each rule, a column for each thing asked, `*` for what is not. Where every rule names a payee
    (and asks for approval): a FastEnforcer with the payee as cache key, deny-override, `batch_enforce`. Else `enforce_ex`
    with priority, because only the line behind a refusal says whether approval would do."""
    module = import_module("casbin")
    if all(rule.to is not None and rule.effect is APPROVE for rule in rules):
        model = import_module("casbin.model").FastModel([0])
        model.load_model_from_text(_CASBIN_KEYED)
        enforcer = module.FastEnforcer(model, enable_log=False, cache_key_order=[0])
        enforcer.add_policies([[rule.to, _cents(rule), "deny"] for rule in rules])
        return lambda requests: [
            ALLOW if allowed else APPROVE
            for allowed in enforcer.batch_enforce([(one["to"], one["currency"], one["amount"]) for one in requests])
        ]
    enforcer = module.Enforcer(module.Enforcer.new_model(text=_CASBIN), enable_log=False)
    lines = [_casbin_line(number, rule) for number, rule in enumerate(rules)]
    enforcer.add_policies([*lines, [str(len(lines)), "*", "*", "*", "*", "*", "allow", str(ALLOW)]])
    return lambda requests: [_casbin_effect(enforcer.enforce_ex(_Transfer(request))) for request in requests]


def rule_engine(rules: Sequence[Asked], typed: bool = False) -> Answer:
    """A Chain of the rules, the strictest first; amounts in cents, which its exact numbers hold as they are."""
    module = import_module("rule_engine")
    kinds = module.DataType
    types = {"to": kinds.STRING, "amount": kinds.FLOAT, "currency": kinds.STRING, "source": kinds.STRING}
    types |= {"written": kinds.BOOLEAN, "size": kinds.FLOAT}
    context = module.Context(type_resolver=module.type_resolver_from_dict(types)) if typed else module.Context()
    entries = [(_expression(rule, negation="not ", conjunction=" and ", disjunction=" or "), rule.effect) for rule in rules]
    chain = module.Chain(entries, default_value=ALLOW, context=context)
    return lambda requests: list(map(chain.evaluate, requests))


RIVALS = (
    Rival(distribution="cedarpy", prepare=cedar, strict=lambda rules: cedar(rules, schema=True)),
    Rival(distribution="common-expression-language", prepare=cel),
    Rival(distribution="zen-engine", prepare=zen, strict=lambda rules: zen(rules, schema=True)),
    Rival(distribution="casbin", prepare=casbin),
    Rival(distribution="rule-engine", prepare=rule_engine, strict=lambda rules: rule_engine(rules, typed=True)),
)

_CEDAR_SCHEMA = """\
entity User;
entity Payee;
action transfer appliesTo {
  principal: User, resource: Payee,
  context: { amount: Long, currency: String, source: String, written: Bool, size: Long }
};
"""

_ZEN_SCHEMA = json.dumps(
    {
        "type": "object",
        "required": ["to", "amount", "currency", "source", "written", "size"],
        "properties": {
            **{name: {"type": "string"} for name in ("to", "currency", "source")},
            **{name: {"type": "integer"} for name in ("amount", "size")},
            "written": {"type": "boolean"},
        },
    }
)

_CASBIN = """\
[request_definition]
r = transfer
[policy_definition]
p = priority, to, source, unwritten, over, size, eft, effect
[policy_effect]
e = priority(p.eft) || deny
[matchers]
m = (p.to == '*' || r.transfer.to == p.to) && (p.source == '*' || r.transfer.source == p.source) && \
(p.unwritten == '*' || !r.transfer.written) && (p.size == '*' || r.transfer.size > p.size) && \
(p.over == '*' || r.transfer.currency != 'USD' || r.transfer.amount > p.over)
"""

_CASBIN_KEYED = """\
[request_definition]
r = to, currency, amount
[policy_definition]
p = to, over, eft
[policy_effect]
e = !some(where (p.eft == deny))
[matchers]
m = r.to == p.to && (r.currency != 'USD' || r.amount > p.over)
"""


class _Transfer:
    """A request with attributes, as casbin's matchers read them."""

    def __init__(self, request: Request) -> None:
        self.__dict__.update(request)


def _cents(rule: Asked) -> int:
    assert rule.over is not None
    return rule.over * 100


def _expression(rule: Asked, fields: str = "", negation: str = "!", conjunction: str = " && ", disjunction: str = " || ") -> str:
    """The rule's condition as an expression over a request, whose fields are read with *fields* before the name."""
    conditions = [
        f'{fields}to == "{rule.to}"' if rule.to is not None else "",
        f'{fields}source == "{rule.source}"' if rule.source is not None else "",
        f"{negation}{fields}written" if rule.unwritten else "",
        f"{fields}size > {rule.size}" if rule.size is not None else "",
        f'({fields}currency != "USD"{disjunction}{fields}amount > {rule.over * 100})' if rule.over is not None else "",
    ]
    return conjunction.join(filter(None, conditions))


def _joined(rules: Sequence[Asked], effect: DecisionEffect) -> str:
    return " || ".join(f"({_expression(rule)})" for rule in rules if rule.effect is effect) or "false"


def _cedar_effect(result: Any) -> DecisionEffect:
    if result.allowed:
        return ALLOW
    if result.decision.value == "NoDecision":
        raise Unanswered("; ".join(result.diagnostics.errors))
    reasons = set(result.diagnostics.id_annotations_by_reason.values())
    return APPROVE if reasons == {str(APPROVE)} else DENY


def _zen_row(id_: str, effect: DecisionEffect, **cells: str) -> dict[str, str]:
    empty = dict.fromkeys(("to", "source", "written", "size", "currency", "amount", "money"), "")
    return empty | cells | {"_id": id_, "effect": f'"{effect}"'}


def _zen_rows(number: int, rule: Asked, *, apart: bool) -> list[dict[str, str]]:
    """The rule as rows. With *apart*, money in another currency has a row of its own."""
    cells = {
        "to": f'"{rule.to}"' if rule.to is not None else "",
        "source": f'"{rule.source}"' if rule.source is not None else "",
        "written": "false" if rule.unwritten else "",
        "size": f"> {rule.size}" if rule.size is not None else "",
    }
    if rule.over is None:
        return [_zen_row(f"{number}", rule.effect, **cells)]
    if not apart:
        return [_zen_row(f"{number}", rule.effect, money=f'currency != "USD" or amount > {_cents(rule)}', **cells)]
    return [
        _zen_row(f"{number}", rule.effect, amount=f"> {_cents(rule)}", **cells),
        _zen_row(f"{number} other", rule.effect, currency='not in ["USD"]', **cells),
    ]


def _zen_effect(result: Any) -> DecisionEffect:
    if not result["success"]:
        raise Unanswered(str(result["error"]))
    return DecisionEffect(result["data"]["result"]["effect"])


def _casbin_line(number: int, rule: Asked) -> list[object]:
    asked: list[object] = [
        rule.to or "*",
        rule.source or "*",
        "yes" if rule.unwritten else "*",
        "*" if rule.over is None else _cents(rule),
        "*" if rule.size is None else rule.size,
    ]
    return [str(number), *asked, "deny", str(rule.effect)]


def _casbin_effect(result: Any) -> DecisionEffect:
    allowed, line = result
    return ALLOW if allowed else DecisionEffect(line[-1])
