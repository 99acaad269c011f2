"""The same rules in every engine's words, and the actions that all of them are asked about.

A rule of a contest asks a few things of one transfer, all of which must hold. It is written here once; a policies file,
an if/elif chain and the files of other engines are made from it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from random import Random
from typing import TypeAlias

from signoff import Actor
from signoff.actions import Action, Registry
from signoff.policies import Context, DecisionEffect

CASES = 2_000  # actions of a contest, each with a context

Case: TypeAlias = tuple[Action, Context]
Request: TypeAlias = dict[str, object]  # a transfer as other engines are offered it: to, amount in cents, currency, ...

HEAD = """\
version: 1
currency: USD
default: deny
approvers: manager
identity: claimed
roles:
  manager: [mira, omar]
  finance: [fay, finn]
rules:
  - id: everyday
    allow: transfer
"""

CHAIN_HEAD = """\
ALLOW, APPROVE, DENY = DecisionEffect.ALLOW, DecisionEffect.APPROVE, DecisionEffect.DENY

def decide(action, context):
    to = action.to
    amount = action.amount
    source = action.from_
    dollars = action.currency == "USD"
    written = "amount" in context.grounded
    size = context.plan_size
"""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One rule of a contest: what it asks, all of which must hold, and what follows."""

    effect: DecisionEffect  # approve or deny: everything else is allowed
    to: str | None = None  # the payee
    source: str | None = None  # the account that the money is taken from
    unwritten: bool = False  # that the user did not write the amount
    over: int | None = None  # dollars that the amount is larger than; it holds for other currencies, too
    size: int | None = None  # actions that the plan has more of


@dataclass(frozen=True, kw_only=True)
class Contest:
    """The same rules for all, and what all are asked."""

    name: str  # `keyed` or `not keyed`
    asked: tuple[Asked, ...]  # the rules, without the one that allows everything
    cases: tuple[Case, ...]

    @property
    def size(self) -> int:
        """How many rules there are."""
        return len(self.asked) + 1

    @property
    def title(self) -> str:
        """What the contest is called in tables."""
        return f"{self.size:,}, {self.name}"

    @cached_property
    def strictest_first(self) -> tuple[Asked, ...]:
        """The rules in the order in which the first that matches decides."""
        return tuple(sorted(self.asked, key=lambda rule: rule.effect is not DecisionEffect.DENY))

    @cached_property
    def source(self) -> bytes:
        """The policies file."""
        return (HEAD + "".join(_written(number, rule) for number, rule in enumerate(self.asked, 1))).encode()

    @cached_property
    def chain_source(self) -> str:
        """The if/elif chain, as Python. Every branch returns, so `if` after `if` is the same code as `elif`."""
        branches = "".join(f"    if {_branch(rule)}:\n        return {rule.effect.upper()}\n" for rule in self.strictest_first)
        constants = "".join(f"{found} = Decimal({found[1:]})\n" for found in sorted(set(re.findall(r"\bD\d+", branches))))
        return constants + CHAIN_HEAD + branches + "    return ALLOW\n"

    @cached_property
    def requests(self) -> list[Request]:
        """The actions as other engines are offered them."""
        return [request_of(action, context) for action, context in self.cases]


def keyed(size: int, registry: Registry) -> Contest:
    """Rules that each name one payee and a threshold. Of ten actions, eight are for payees that a rule names."""
    random = Random(size)
    payees = [f"Payee {number:03}" for number in range(1, size)]
    asked = [Asked(effect=DecisionEffect.APPROVE, to=payee, over=50 + 7 * number % 400) for number, payee in enumerate(payees, 1)]
    cases = [
        _case(
            registry,
            to=random.choice(payees) if random.random() < 0.8 else f"Somebody {random.randrange(100)}",
            cents=random.randrange(100, 60_000),
            currency="EUR" if random.random() < 0.02 else "USD",
        )
        for _ in range(CASES)
    ]
    return Contest(name="keyed", asked=tuple(asked), cases=tuple(cases))


def mixed(size: int, registry: Registry) -> Contest:
    """Rules on amounts, accounts, the request and the plan, without a common key. Of ten actions, nine are simply allowed."""
    random = Random(size)
    cases = [
        _case(
            registry,
            to="Alice",
            cents=random.randrange(200_000, 1_200_000) if (high := random.random() < 0.09) else random.randrange(100, 200_000),
            source="savings" if random.random() < 0.3 else "checking",
            currency="EUR" if high and random.random() < 0.1 else "USD",
            written=random.random() < 0.8,
            size=random.randrange(1, 600) if random.random() < 0.01 else random.randrange(1, 6),
        )
        for _ in range(CASES)
    ]
    return Contest(name="not keyed", asked=tuple(map(_mixed, range(1, size))), cases=tuple(cases))


def request_of(action: Action, context: Context) -> Request:
    """An action and its context as one flat record: what an engine without exact decimals is offered, amounts in cents."""
    wire = action.wire()
    return {
        "to": wire["to"],
        "amount": int(str(wire["amount"]).replace(".", "")),
        "currency": wire["currency"],
        "source": wire["from"],
        "written": "amount" in context.grounded,
        "size": context.plan_size,
    }


def _mixed(number: int) -> Asked:
    approve, deny = DecisionEffect.APPROVE, DecisionEffect.DENY
    match number % 4:
        case 1:
            return Asked(effect=approve, over=9_000 + number)
        case 2:
            return Asked(effect=approve, source="savings", over=4_000 + number)
        case 3:
            return Asked(effect=approve, unwritten=True, over=2_000 + number)
    return Asked(effect=deny, size=20 + number)


def _written(number: int, rule: Asked) -> str:
    """The rule as the policies file has it."""
    conditions = [
        f'to == "{rule.to}"' if rule.to is not None else "",
        f'from == "{rule.source}"' if rule.source is not None else "",
        "not in_request(amount)" if rule.unwritten else "",
        f"amount > {rule.over}" if rule.over is not None else "",
        f"plan.size > {rule.size}" if rule.size is not None else "",
    ]
    by = "" if rule.effect is DecisionEffect.DENY else "    by: manager\n"
    condition = " and ".join(filter(None, conditions))
    return f"  - id: rule-{number}\n    {rule.effect}: transfer\n    when: {condition}\n{by}"


def _branch(rule: Asked) -> str:
    """The rule's condition in the chain. A number is a Decimal made once, which compares twice as fast as an int."""
    over = f"not dollars or amount > D{rule.over}"
    conditions = [
        f'to == "{rule.to}"' if rule.to is not None else "",
        f'source == "{rule.source}"' if rule.source is not None else "",
        "not written" if rule.unwritten else "",
        f"size > {rule.size}" if rule.size is not None else "",
        f"({over})" if rule.over is not None else "",
    ]
    return " and ".join(filter(None, conditions))


def _case(
    registry: Registry,
    *,
    to: str,
    cents: int,
    currency: str = "USD",
    source: str = "checking",
    written: bool = True,
    size: int = 1,
) -> Case:
    amount = f"{cents // 100}.{cents % 100:02}"
    action = registry.read({"type": "transfer", "to": to, "amount": amount, "currency": currency, "from": source})
    grounded = frozenset({"to", "amount"} if written else {"to"})
    return action, Context(actor=Actor(id="dana"), grounded=grounded, plan_size=size)


def count_effects(effects: Sequence[DecisionEffect]) -> dict[DecisionEffect, int]:
    """How many actions got which effect."""
    return {effect: effects.count(effect) for effect in DecisionEffect}
