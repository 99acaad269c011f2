"""Where fuzzing starts: files and conditions that load or nearly do, and the words of the language."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.policies.test_mistakes import snapshots

from .target import COUNTERS, START

ROOT = Path(__file__).parents[2]
TYPES = ("transfer", "order", '"*"')  # that a condition is tried for

WORDS = [
    *("amount", "to", "currency", "quantity", "weight", "urgent", "speed", "tags", "sizes", "note", "limit", "price", "fee"),
    *(
        "has(",
        "default(",
        "in_request(",
        "source_of(",
        "trusted(",
        "min(",
        "max(",
        "abs(",
        "len(",
        "lower(",
        "lists.l",
        "tables.t",
        "[to]",
        "counters.c",
    ),
    *("disputed", "plan.disputed", '"request"', "context: ", "trusted: ", "disputed: ", "request: "),
    *("actor.id", "actor.roles", "plan.size", "now.hour", "now.weekday", "now.date", '"2026-12-24"', '"monday"', "100 EUR"),
    *(" and ", " or ", "not ", " in ", " not in ", " startswith ", " endswith ", " contains ", " matches ", "true", "false"),
    *("==", "!=", "<=", ">=", "(", ")", "[", "]", '"', "'", "\\", "0.5", "10_000", "-", "+", "*", "{", "}", ": ", "- ", "|", ">"),
    *(
        "version: 1\n",
        "rules:\n",
        "- id: ",
        "allow: ",
        "approve: ",
        "deny: ",
        "when: ",
        "unless: ",
        "by: ",
        "within: 2h",
        "then: ",
    ),
    *("because: ", "self: allowed", "role: ", "count: ", "roles: ", "lists: ", "tables: ", "csv: ", "key: ", "columns: "),
    *("counters: ", "sum: ", "of: ", "window: day", "zone: UTC", "default: ", "approvers: ", "identity: claimed", "changes: "),
    *("transfer", "pay_bill", "order", "check_balance", '"*"', "&a ", "*a", "!!str ", "<<: ", "---\n", "...\n", "%YAML 1.1\n"),
    *("\r\n", "\t", "\0", "\x85", "\u2028", "\u202e", "\ufeff", "\u200b", "\u0301", "é", "送", "ﬁ", "İ", "ß", "ͅ", "\ud7ff"),
]

CONDITIONS = [
    "amount > 100",
    "0 < amount <= 100 EUR and currency == 'EUR'",
    'to in lists.l or to startswith "Acme " or lower(to) contains "x"',
    'has(note) and note matches "INV-[0-9]+(a|b)*"',
    'default(note, "") == "" and default(fee, 0) <= price * 1.5',
    "tables.t[to] > 1 or amount * tables.t[currency] >= 5",
    'now.hour in_request < 6 or now.weekday in ["saturday", "sunday"] or now.date == "2026-12-24"',
    "counters.c > 25_000 or plan.size > 3 and not in_request(amount)",
    'source_of(to) in ["request", "invoice"] and not trusted(amount) or disputed',
    "max(amount, 5 USD, abs(-amount)) - 1 > -2 + 3 * 0.5",
    '"red" in tags and len(tags) > 0 and not (urgent == true)',
    '"m" in actor.roles and actor.id not in ["x", "y"]',
]


def files() -> list[bytes]:
    """Policies files: those of the project and of its pages, and those with a mistake."""
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    blocks = [block for page in pages for block in re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)]
    whole = [(ROOT / "policies.yaml").read_text(encoding="utf-8"), START + COUNTERS + "rules: []\n", *blocks]
    return [text.encode() for text in [*whole, *(source for _, source, _ in snapshots())]]


def conditions() -> list[bytes]:
    """Conditions, and those that stand in the files."""
    held = [found for text in files() for found in re.findall(r"(?:when|unless): (.+)", text.decode())]
    return [text.encode() for text in dict.fromkeys([*CONDITIONS, *held])]


SEEDS: Mapping[str, Callable[[], list[bytes]]] = {"file": files, "condition": conditions}
