"""Tokens to a tree: recursive descent with a limit on depth.

or      = and {"or" and}
and     = not {"and" not}
not     = "not" not | compare
compare = sum {("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in") sum}
sum     = product {("+" | "-") product}
product = unary {"*" unary}
unary   = "-" unary | atom
atom    = number | text | "true" | "false" | "[" text {"," text} "]" | "(" or ")"
        | name | "lists" "." name | "counters" "." name | "actor" "." ("id" | "roles") | "plan" "." "size"
        | ("has" | "in_request") "(" name ")" | "default" "(" name "," constant ")"
"""

import unicodedata
from collections.abc import Callable
from decimal import Decimal
from typing import TypeVar

from .diagnostics import quote, suggest
from .remedies import WORDS, is_currency_word, remedy_for_number, remedy_for_word
from .scanner import ConditionError, Lexeme, Token, scan
from .syntax import (
    And,
    Arithmetic,
    Comparator,
    Comparison,
    Counted,
    Default,
    Expression,
    Has,
    InRequest,
    Known,
    Listed,
    Name,
    Negative,
    Not,
    Number,
    Operator,
    Or,
    Text,
    Texts,
    Truth,
)

MAX_NESTING = 30  # of brackets, `not` and `-` in each other
MAX_CALCULATIONS = 30  # `+`, `-` and `*` in one condition: each makes its tree one level deeper
MAX_DIGITS = 36  # of one number

_NOT_YET = frozenset({"matches", "min", "max", "abs", "len", "lower", "startswith", "endswith", "contains"})
_NOT_YET_PARTS = frozenset({"now", "tables"})
_CURRENCY_BESIDE = "a currency beside a number is not supported yet"
_FUNCTIONS = ("has", "default", "in_request")
_COMPARATORS: dict[str, Comparator] = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}

Made = TypeVar("Made", bound=Expression)


def parse(text: str) -> Expression:
    """The tree of the condition *text*. Raises ConditionError at the first mistake."""
    return _Parser(scan(text)).condition()


def read_number(text: str) -> Decimal | None:
    """The exact number that *text* is: digits, `_` between digits, one point. None where it is something else."""
    whole, point, fraction = text.partition(".")
    for part in (whole, fraction) if point else (whole,):
        if not part or not part.isascii() or not all(group.isdigit() for group in part.split("_")):
            return None
    if len(whole) > 1 and whole[0] == "0":
        return None
    return Decimal(text.replace("_", ""))


class _Parser:
    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0
        self._calculations = 0

    def condition(self) -> Expression:
        if len(self._tokens) == 1:
            raise ConditionError("syntax", "the condition is empty", 0, 1, "write one such as amount > 100, or leave the key out")
        tree = self._or()
        if self._next.lexeme is not Lexeme.END:
            raise self._unexpected()
        return tree

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._next
        self._place += 1
        return token

    def _is(self, *texts: str) -> bool:
        """Whether one of the words or signs *texts* is next."""
        return self._next.lexeme in (Lexeme.NAME, Lexeme.SIGN) and self._next.text in texts

    def _expect(self, sign: str, after: str) -> Token:
        if not self._is(sign):
            message = f"`{sign}` is missing after {after}"
            raise ConditionError("syntax", message, self._next.start, self._next.end, f"write {sign}")
        return self._take()

    def _unexpected(self) -> ConditionError:
        token = self._next
        if token.lexeme is Lexeme.END:
            before = self._tokens[self._place - 1]
            return ConditionError("syntax", f"something is missing after {quote(before.text)}", before.start, before.end)
        if token.lexeme is Lexeme.NAME and token.text in _NOT_YET:
            return _not_yet(f"`{token.text}`", token)
        before = self._tokens[self._place - 1] if self._place else token
        if token.lexeme is Lexeme.NUMBER and before.lexeme is Lexeme.NAME and is_currency_word(before.text):
            hint = f"plain numbers are in the file's currency: {token.text}"
            return ConditionError("not-supported", _CURRENCY_BESIDE, before.start, token.end, hint)
        return ConditionError("syntax", f"{quote(token.text)} is not expected here", token.start, token.end, self._remedy(token))

    def _remedy(self, token: Token) -> str:
        """What to write where *token* is not expected."""
        before = self._tokens[self._place - 1] if self._place else None
        if token.lexeme is Lexeme.NAME:
            quotes = "write the text in quotes" if token.text not in WORDS else ""
            return remedy_for_word(token.text, between=True) or quotes
        after = self._tokens[self._place + 1]
        number, other = (found.text if found and found.lexeme is Lexeme.NUMBER else "" for found in (before, after))
        return remedy_for_number(number, token.text, other)

    def _deeper(self, token: Token, read: Callable[[], Made]) -> Made:
        """What *read* makes, one level further down."""
        self._depth += 1
        if self._depth > MAX_NESTING:
            raise ConditionError("depth", f"a condition is nested at most {MAX_NESTING} deep", token.start, token.end)
        made = read()
        self._depth -= 1
        return made

    def _or(self) -> Expression:
        operands = [self._and()]
        while self._is("or"):
            self._take()
            operands.append(self._and())
        if len(operands) == 1:
            return operands[0]
        return Or(operands=tuple(operands), start=operands[0].start, end=operands[-1].end)

    def _and(self) -> Expression:
        operands = [self._not()]
        while self._is("and"):
            self._take()
            operands.append(self._not())
        if len(operands) == 1:
            return operands[0]
        return And(operands=tuple(operands), start=operands[0].start, end=operands[-1].end)

    def _not(self) -> Expression:
        if not self._is("not"):
            return self._comparison()
        token = self._take()
        operand = self._deeper(token, self._not)
        return Not(operand=operand, start=token.start, end=operand.end)

    def _comparison(self) -> Expression:
        operands, comparators = [self._sum()], list[Comparator]()
        while (comparator := self._comparator()) is not None:
            comparators.append(comparator)
            operands.append(self._sum())
        if not comparators:
            return operands[0]
        return Comparison(operands=tuple(operands), comparators=tuple(comparators), start=operands[0].start, end=operands[-1].end)

    def _comparator(self) -> Comparator | None:
        if self._is(*_COMPARATORS):
            return _COMPARATORS[self._take().text]
        if self._is("in"):
            self._take()
            return "in"
        if self._is("not"):
            following = self._tokens[self._place + 1]
            if following.lexeme is Lexeme.NAME and following.text == "in":
                self._place += 2
                return "not in"
        return None

    def _sum(self) -> Expression:
        tree = self._product()
        while self._is("+", "-"):
            sign = self._take()
            operator: Operator = "+" if sign.text == "+" else "-"
            tree = self._join(operator, tree, self._product(), sign)
        return tree

    def _product(self) -> Expression:
        tree = self._unary()
        while self._is("*"):
            sign = self._take()
            tree = self._join("*", tree, self._unary(), sign)
        return tree

    def _join(self, operator: Operator, left: Expression, right: Expression, sign: Token) -> Arithmetic:
        self._calculations += 1
        if self._calculations > MAX_CALCULATIONS:
            message = f"a condition calculates at most {MAX_CALCULATIONS} times"
            raise ConditionError("depth", message, sign.start, sign.end, "write several rules")
        return Arithmetic(operator=operator, left=left, right=right, start=left.start, end=right.end)

    def _unary(self) -> Expression:
        if not self._is("-"):
            return self._atom()
        token = self._take()
        operand = self._deeper(token, self._unary)
        if isinstance(operand, Number):
            return Number(value=operand.value.copy_negate(), start=token.start, end=operand.end)
        return Negative(operand=operand, start=token.start, end=operand.end)

    def _atom(self) -> Expression:
        token = self._next
        if token.lexeme is Lexeme.NUMBER:
            return self._number()
        if token.lexeme is Lexeme.TEXT:
            return self._text()
        if self._is("("):
            self._take()
            tree = self._deeper(token, self._or)
            self._expect(")", "the bracketed part")
            return tree
        if self._is("["):
            return self._texts()
        if token.lexeme is Lexeme.NAME and token.text not in WORDS - {"true", "false"}:
            return self._named()
        raise self._unexpected()

    def _number(self) -> Number:
        token = self._take()
        value = read_number(token.text)
        if value is None:
            message = f"{quote(token.text)} is not a number"
            plain = token.text.lstrip("0") or "0"
            hint = f"write {plain}" if read_number(plain) else "write digits, such as 10_000 or 0.5"
            raise ConditionError("syntax", message, token.start, token.end, hint)
        if len(value.as_tuple().digits) > MAX_DIGITS:
            raise ConditionError("too-long", f"a number has at most {MAX_DIGITS} digits", token.start, token.end)
        following = self._next
        if following.lexeme is Lexeme.NAME and is_currency_word(following.text):
            hint = f"plain numbers are in the file's currency: {token.text}"
            raise ConditionError("not-supported", _CURRENCY_BESIDE, token.start, following.end, hint)
        return Number(value=value, start=token.start, end=token.end)

    def _text(self) -> Text:
        token = self._take()
        return Text(value=unicodedata.normalize("NFC", token.text), start=token.start, end=token.end)

    def _texts(self) -> Texts:
        opened = self._take()
        values: list[str] = []
        while not self._is("]"):
            if self._next.lexeme is not Lexeme.TEXT:
                hint = 'write ["Alice", "Bob"]; for numbers ask for each: amount == 1 or amount == 2'
                raise ConditionError("syntax", "a list holds texts in quotes", self._next.start, self._next.end, hint)
            values.append(self._text().value)
            if not self._is("]"):
                self._expect(",", "an item of the list")
        closed = self._take()
        return Texts(values=tuple(values), start=opened.start, end=closed.end)

    def _named(self) -> Expression:
        token = self._take()
        if (hint := remedy_for_word(token.text)) and not self._is("."):
            raise ConditionError("syntax", f"`{token.text}` is not part of the language", token.start, token.end, hint)
        if self._is("("):
            return self._function(token)
        if self._is("."):
            return self._dotted(token)
        if token.text in ("true", "false"):
            return Truth(value=token.text == "true", start=token.start, end=token.end)
        return Name(name=token.text, start=token.start, end=token.end)

    def _function(self, name: Token) -> Expression:
        if name.text in _NOT_YET:
            raise _not_yet(f"`{name.text}`", name)
        if name.text not in _FUNCTIONS:
            hint = suggest(name.text, _FUNCTIONS, "there are has(), default() and in_request()")
            raise ConditionError("unknown-name", f"there is no function `{name.text}`", name.start, name.end, hint)
        self._take()
        field = self._field(name.text)
        if name.text == "default":
            self._expect(",", "the field")
            otherwise = self._deeper(name, self._unary)
            return Default(field=field, otherwise=otherwise, start=name.start, end=self._expect(")", "the constant").end)
        made = Has if name.text == "has" else InRequest
        return made(field=field, start=name.start, end=self._expect(")", "the field").end)

    def _field(self, function: str) -> Name:
        token = self._next
        if token.lexeme is not Lexeme.NAME or token.text in WORDS:
            message = f"`{function}` asks for the name of a field"
            raise ConditionError("syntax", message, token.start, token.end, f"write {function}(amount)")
        self._take()
        return Name(name=token.text, start=token.start, end=token.end)

    def _dotted(self, base: Token) -> Expression:
        self._take()
        part = self._next
        if part.lexeme is not Lexeme.NAME:
            hint = "write a name after it, or nothing"
            raise ConditionError("syntax", "a name is missing after the point", base.start, part.end, hint)
        self._take()
        whole, start, end = f"{base.text}.{part.text}", base.start, part.end
        match whole:
            case "actor.id" | "actor.roles" | "plan.size":
                return Known(name=whole, start=start, end=end)
        if base.text == "lists":
            return Listed(name=part.text, start=start, end=end)
        if base.text == "counters":
            return Counted(name=part.text, start=start, end=end)
        if base.text in _NOT_YET_PARTS:
            raise ConditionError("not-supported", f"`{base.text}` is not supported yet", start, end)
        hint = suggest(whole, ("actor.id", "actor.roles", "plan.size"), "a field stands alone: amount")
        raise ConditionError("unknown-name", f"there is no `{whole}`", start, end, hint)


def _not_yet(what: str, token: Token, hint: str = "") -> ConditionError:
    return ConditionError("not-supported", f"{what} is not supported yet", token.start, token.end, hint)
