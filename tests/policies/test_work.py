"""The work that a file makes grows with its length: counted in calls of functions, and in characters that are compared."""

import sys
from collections.abc import Callable
from itertools import pairwise

import pytest

from signoff.actions import Registry
from signoff.policies import PoliciesInvalid, parse_policy

HEAD = "version: 1\ncurrency: USD\napprovers: m\nroles: {m: [x]}\n"


def rules(count: int, when: str) -> str:
    """So many rules; `{n}` in a condition is the rule's number."""
    return "rules:\n" + "".join(
        f"- id: r{n}\n  deny: transfer\n  when: |\n    {when.replace('{n}', str(n))}\n" for n in range(count)
    )


def listed(count: int) -> str:
    return f"lists:\n  l: [{', '.join(f'X{n}' for n in range(4 * count))}]\n"


def table(count: int) -> str:
    return f"tables:\n  t: {{{', '.join(f'X{n}: {n}' for n in range(4 * count))}}}\n"


def people(count: int) -> str:
    return HEAD.replace("[x]", f"[{', '.join(f'x{n}' for n in range(4 * count))}]")


def one(when: str) -> str:
    return HEAD + "rules:\n- id: a\n  deny: transfer\n  when: |\n    " + when + "\n"


# Each a file that grows with a number; twice the number is at most twice the file.
SHAPES: dict[str, Callable[[int], str]] = {
    "rules": lambda n: HEAD + rules(n, 'to == "P{n}" and amount > {n}'),
    "rules on one line": lambda n: (
        HEAD + "rules: [" + ", ".join(f'{{id: r{k}, deny: transfer, when: "amount > {k}"}}' for k in range(n)) + "]\n"
    ),
    "rules with an error each": lambda n: HEAD + rules(n, "amuont > {n}"),
    "rules with a doubt each": lambda n: HEAD + rules(n, "amount < 0"),
    "rules that ask for a list": lambda n: HEAD + listed(n) + rules(n, "to in lists.l"),
    "rules that ask whether a currency is in a list": lambda n: HEAD + listed(n) + rules(n, "currency in lists.l"),
    "rules that ask whether a day is in a list": lambda n: HEAD + listed(n) + rules(n, "now.date in lists.l"),
    "rules that ask whether somebody is in a list": lambda n: HEAD + listed(n) + rules(n, "actor.id in lists.l"),
    "rules that look up a field": lambda n: HEAD + table(n) + rules(n, "to in tables.t and amount > tables.t[to]"),
    "rules that look up a currency": lambda n: HEAD + table(n) + rules(n, "amount > tables.t[currency]"),
    "rules that look up a key": lambda n: HEAD + table(n) + rules(n, 'amount > tables.t["x1"]'),
    "rules that look up a key that is not there": lambda n: HEAD + table(n) + rules(n, 'amount > tables.t["y{n}"]'),
    "rules that many people sign": lambda n: (
        people(n)
        + "rules:\n"
        + "".join(f"- {{id: r{k}, approve: transfer, by: {{role: m, count: {k % 50 + 1}}}}}\n" for k in range(n))
    ),
    "rules with a counter": lambda n: (
        HEAD + "counters: {c: {sum: amount, of: transfer, by: [currency], window: day}}\n" + rules(n, "counters.c > {n}")
    ),
    "rules with a reason": lambda n: (
        HEAD + "rules:\n" + "".join(f"- {{id: r{k}, deny: transfer, because: 'so {{to}} and {{amount}}'}}\n" for k in range(n))
    ),
    "lists": lambda n: HEAD + "lists: {" + ", ".join(f"l{k}: [a, b]" for k in range(n)) + "}\n" + rules(n, "to in lists.l{n}"),
    "tables": lambda n: (
        HEAD + "tables: {" + ", ".join(f"t{k}: {{a: 1}}" for k in range(n)) + "}\n" + rules(n, "to in tables.t{n}")
    ),
    "one key many times": lambda n: HEAD + "rules: []\n" * n,
    "keys that are not known": lambda n: HEAD + "".join(f"k{k}: 1\n" for k in range(n)),
    "brackets": lambda n: HEAD + "rules: " + "[" * n + "]" * n,
    "brackets in a condition": lambda n: one("(" * n + "amount > 1" + ")" * n),
    "comparisons joined": lambda n: one(" or ".join(["amount > 1"] * (n // 8))),
    "a chain of comparisons": lambda n: one("amount" + " > 1" * (n // 4)),
    "a sum": lambda n: one("amount > 1" + " + 1" * (n // 4)),
    "a wide list": lambda n: one("to in [" + '"x", ' * (n // 4) + '"y"]'),
    "a long text": lambda n: one('to == "' + "é" * n + '"'),
    "negations": lambda n: one("not " * n + "has(to)"),
    "blank lines": lambda n: HEAD + "\n" * (8 * n) + "rules: []\n",
    "strange characters": lambda n: HEAD + "#\x01\u202e\n" * n,
}


def calls(text: str, registry: Registry) -> int:
    """How many functions are called while *text* is loaded, and its report made."""
    made = 0

    def count(frame: object, event: str, argument: object) -> None:
        nonlocal made
        made += event in ("call", "c_call")

    data = text.encode()
    sys.setprofile(count)
    try:
        parse_policy(data, "p", registry)
    except PoliciesInvalid:
        pass
    finally:
        sys.setprofile(None)
    return made


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_work_grows_with_length(shape: Callable[[int], str], registry: Registry) -> None:
    """Twice the file is at most twice the work, and a little more for what grows with its depth or its report."""
    counts = [calls(shape(number), registry) for number in (60, 120, 240)]
    for less, more in pairwise(counts):
        assert more <= 2.3 * less + 1_000, counts


def test_ten_times_the_rules_are_ten_times_the_work(registry: Registry) -> None:
    """Five thousand rules take about ten times the calls of five hundred."""
    rules_of = SHAPES["rules"]
    assert 8 < calls(rules_of(5_000), registry) / calls(rules_of(500), registry) < 11
