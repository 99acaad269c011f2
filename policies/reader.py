"""Reading values out of YAML nodes, each mistake reported at its place."""

import unicodedata
from collections.abc import Callable, Collection, Mapping
from typing import TypeAlias, TypeVar

from signoff.actions import fold_name, show_text

from .diagnostics import Report, close_to, quote, suggest
from .nodes import Entries, Items, Node, Scalar
from .scanner import DIGITS, LETTERS

MAX_NAME = 64  # characters of a name: a rule, a role, a list
MAX_VALUE = 1_000  # characters of a text
MAX_PEOPLE = 100_000  # items of one list

_IDENTIFIER = LETTERS | DIGITS
_NAME = _IDENTIFIER | frozenset("-.")

Held: TypeAlias = Mapping[str, tuple[Scalar, Node]]  # the entries of a mapping: each key, with its value
Value = TypeVar("Value")


class Reader:
    """Reads nodes; None stands for what was wrong and has been reported."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def entries(self, node: Node, what: str) -> dict[str, tuple[Scalar, Node]] | None:
        """The entries of a mapping."""
        if isinstance(node, Entries):
            return node.entries
        self.wrong(node, f"{what} must be a mapping", "write `key: value` lines below it")
        return None

    def check_keys(self, entries: Held, owner: str, known: Collection[str]) -> set[str]:
        """Report every key that *owner* ("a rule") does not have. Gives what they may be meant for."""
        meant: set[str] = set()
        for name, (key, _) in entries.items():
            if name not in known:
                meant |= set(close_to(name, known))
                hint = suggest(name, known, "leave it out")
                self.report.error("unknown-key", f"{owner} has no {_code(name)}", key.span, hint)
        return meant

    def text(self, node: Node, what: str, *, most: int = MAX_VALUE) -> str | None:
        """A text on one or more lines, not empty."""
        if not isinstance(node, Scalar):
            self.wrong(node, f"{what} must be a text")
            return None
        if not node.text.strip() or (node.plain and node.text in ("~", "null")):
            self.wrong(node, f"{what} is empty", "give it a value or leave it out")
            return None
        if len(node.text) > most:
            self.report.error("too-long", f"{what} has at most {most:,} characters", node.place(0, 1), "shorten it")
            return None
        return node.text

    def shown(self, node: Node, what: str) -> str | None:
        """A text that can be one of an action's: composed (NFC), and without invisible characters."""
        text = self.text(node, what)
        if text is None:
            return None
        if show_text(text) != text:
            message = f"{what} holds a character that no action's text can hold: {quote(text)}"
            self.report.error("text", message, node.span, "remove it")
            return None
        if not fold_name(text):
            self.wrong(node, f"{what} is empty", "give it a value or leave it out")
            return None
        return unicodedata.normalize("NFC", text)

    def name(self, node: Node, what: str, *, identifier: bool = False) -> str | None:
        """A name: ASCII letters, digits, `_`, `-` and `.`, a letter first; as *identifier* without `-` and `.`."""
        text = self.text(node, what, most=MAX_NAME)
        if text is None:
            return None
        allowed = _IDENTIFIER if identifier else _NAME
        if text[0] in LETTERS and all(character in allowed for character in text):
            return text
        signs = "digits and _" if identifier else "digits, _, - and ."
        self.report.error("name", f"{what} cannot be {quote(text)}", node.span, f"a letter, then letters, {signs}")
        return None

    def one_of(self, node: Node, what: str, known: Collection[str]) -> str | None:
        """One of the words *known*."""
        text = self.text(node, what)
        if text is None or text in known:
            return text
        self.wrong(node, f"{what} cannot be {quote(text)}", suggest(text, known, f"write {' or '.join(sorted(known))}"))
        return None

    def items(self, node: Node, what: str, read: Callable[[Node], Value | None]) -> tuple[Value, ...] | None:
        """A list; every item is read, and must be given once. Those that are wrong are left out."""
        if not isinstance(node, Items):
            self.wrong(node, f"{what} must be a list", "write [one, two], or lines that start with `- `")
            return None
        if len(node.items) > MAX_PEOPLE:
            self.report.error("too-many", f"{what} has at most {MAX_PEOPLE:,} items", node.span)
            return None
        found: dict[Value, None] = {}
        for item in node.items:
            value = read(item)
            if value is None:
                continue
            if value in found:
                self.report.error("duplicate", f"{quote(str(value))} is given twice in {what}", item.span, "remove one")
            found[value] = None
        return tuple(found)

    def wrong(self, node: Node, message: str, hint: str = "") -> None:
        """Report that the value at *node* is not what is asked for."""
        self.report.error("wrong-value", message, node.span, hint)


def _code(name: str) -> str:
    return f"`{name}`" if len(name) <= MAX_NAME else f"`{name[:MAX_NAME]}…`"
