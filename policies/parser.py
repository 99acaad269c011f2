"""Tokens to a tree: recursive descent with a limit on depth.

or      = and {"or" and}
and     = not {"and" not}
not     = "not" not | compare
compare = sum {("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not" "in") sum}
        | sum ("startswith" | "endswith" | "contains" | "matches") sum
sum     = product {("+" | "-") product}
product = unary {"*" unary}
unary   = "-" unary | atom
atom    = number | number currency | text | "true" | "false" | "[" text {"," text} "]" | "(" or ")"
        | name | "disputed" | "lists" "." name | "counters" "." name | "actor" "." ("id" | "roles")
        | "plan" "." ("size" | "disputed")
        | "now" "." ("hour" | "weekday" | "date") | "tables" "." name ["[" sum "]" ["." name]]
        | ("has" | "in_request" | "source_of" | "trusted") "(" name ")" | "default" "(" name "," constant ")"
        | ("min" | "max") "(" sum "," sum {"," sum} ")" | ("abs" | "len" | "lower") "(" sum ")"
"""

import unicodedata
from dataclasses import replace
from decimal import Decimal
from typing import cast

from .diagnostics import quote, suggest
from .remedies import WORDS, is_currency_word, remedy_for_word
from .scanner import ConditionError, Lexeme, Token, scan
from .shapes import is_currency
from .syntax import (
    And,
    Arithmetic,
    Call,
    Cash,
    Comparator,
    Comparison,
    Counted,
    Default,
    Entry,
    Expression,
    Function,
    Has,
    InRequest,
    Keys,
    Known,
    Listed,
    Name,
    Negative,
    Not,
    Number,
    Operator,
    Or,
    Predicate,
    SourceOf,
    Text,
    TextOperator,
    Texts,
    Trusted,
    Truth,
)
from .tokens import MAX_CALCULATIONS, PREDICATES, Tokens

MAX_DIGITS = 36  # of one number
MAX_OPERANDS = 10  # of `min` and `max`

_CALLS: dict[str, Function] = {"min": "min", "max": "max", "abs": "abs", "len": "len", "lower": "lower"}
_ASKED: dict[str, type[Has | InRequest | SourceOf | Trusted]] = {
    "has": Has,
    "in_request": InRequest,
    "source_of": SourceOf,
    "trusted": Trusted,
}
_FUNCTIONS = ("has", "default", *[name for name in _ASKED if name != "has"], *_CALLS)
_COMPARATORS: dict[str, Comparator] = {"==": "==", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
_KNOWN = ("actor.id", "actor.roles", "plan.size", "plan.disputed", "now.hour", "now.weekday", "now.date")


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


class _Parser(Tokens):
    def condition(self) -> Expression:
        if len(self._tokens) == 1:
            raise ConditionError("syntax", "the condition is empty", 0, 1, "write one such as amount > 100, or leave the key out")
        return self.whole()

    def whole(self) -> Expression:
        """The tree of all tokens."""
        tree = self._or()
        if self._next.lexeme is not Lexeme.END:
            raise self._unexpected()
        return tree

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
        if self._is(*PREDICATES):
            return self._predicate(operands[0])
        while (comparator := self._comparator()) is not None:
            comparators.append(comparator)
            operands.append(self._sum())
        if not comparators:
            return operands[0]
        self._refuse_chain()
        return Comparison(operands=tuple(operands), comparators=tuple(comparators), start=operands[0].start, end=operands[-1].end)

    def _predicate(self, left: Expression) -> Predicate:
        operator = cast(TextOperator, self._take().text)
        right = self._sum()
        self._refuse_chain("==", "!=", "<", "<=", ">", ">=", "in")
        return Predicate(operator=operator, left=left, right=right, start=left.start, end=right.end)

    def _refuse_chain(self, *others: str) -> None:
        """Raises where a comparison that cannot be chained goes on."""
        if self._is(*PREDICATES, *others):
            hint = "join two conditions with and"
            message = f"`{self._next.text}` cannot follow another comparison"
            raise ConditionError("syntax", message, self._next.start, self._next.end, hint)

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
            if following.lexeme is Lexeme.NAME and following.text in PREDICATES:
                message, hint = "`not` stands before the whole comparison", f"write not to {following.text} ..."
                raise ConditionError("syntax", message, self._next.start, following.end, hint)
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
        if isinstance(operand, Number | Cash):
            return replace(operand, value=operand.value.copy_negate(), start=token.start)
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

    def _number(self) -> Number | Cash:
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
            if not is_currency(following.text):
                message, hint = f"there is no currency `{following.text}`", f"write {token.text} {following.text.upper()}"
                raise ConditionError("syntax", message, following.start, following.end, hint)
            self._take()
            return Cash(value=value, currency=following.text, start=token.start, end=following.end)
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
        if token.text == "disputed":
            return Known(name="disputed", start=token.start, end=token.end)
        return Name(name=token.text, start=token.start, end=token.end)

    def _function(self, name: Token) -> Expression:
        if name.text in PREDICATES:
            hint = f'write to {name.text} "..."'
            raise ConditionError("syntax", f"`{name.text}` stands between two texts", name.start, name.end, hint)
        if name.text not in _FUNCTIONS:
            hint = suggest(name.text, _FUNCTIONS, f"there are {', '.join(_FUNCTIONS[:-1])} and {_FUNCTIONS[-1]}")
            raise ConditionError("unknown-name", f"there is no function `{name.text}`", name.start, name.end, hint)
        self._take()
        if name.text in _CALLS:
            return self._call(name)
        field = self._field(name.text)
        if name.text == "default":
            self._expect(",", "the field")
            otherwise = self._deeper(name, self._unary)
            return Default(field=field, otherwise=otherwise, start=name.start, end=self._expect(")", "the constant").end)
        made = _ASKED[name.text]
        return made(field=field, start=name.start, end=self._expect(")", "the field").end)

    def _call(self, name: Token) -> Call:
        several = name.text in ("min", "max")
        operands = [self._deeper(name, self._sum)]
        while several and self._is(","):
            self._take()
            operands.append(self._deeper(name, self._sum))
        closed = self._expect(")", "what it is asked of")
        if several and not 2 <= len(operands) <= MAX_OPERANDS:
            message = f"`{name.text}` takes 2 to {MAX_OPERANDS} numbers, not {len(operands)}"
            raise ConditionError("syntax", message, name.start, closed.end, f"write {name.text}(amount, 100)")
        return Call(function=_CALLS[name.text], operands=tuple(operands), start=name.start, end=closed.end)

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
            case "actor.id" | "actor.roles" | "plan.size" | "now.hour" | "now.weekday" | "now.date":
                return Known(name=whole, start=start, end=end)
            case "plan.disputed":
                return Known(name="disputed", start=start, end=end)
        if base.text == "lists":
            return Listed(name=part.text, start=start, end=end)
        if base.text == "tables":
            return self._table(part.text, start, end)
        if base.text == "counters":
            return Counted(name=part.text, start=start, end=end)
        if part.text in PREDICATES:
            hint = f'write {base.text} {part.text} "..."'
            raise ConditionError("syntax", f"`{part.text}` stands between two texts", start, end, hint)
        hint = suggest(whole, _KNOWN, "a field stands alone: amount")
        raise ConditionError("unknown-name", f"there is no `{whole}`", start, end, hint)

    def _table(self, name: str, start: int, end: int) -> Expression:
        """A table's keys, or what it holds for one of them."""
        if not self._is("["):
            if self._is("."):
                hint = f"write tables.{name}[to].limit"
                raise ConditionError("syntax", "a column is asked of one key", start, self._next.end, hint)
            return Keys(name=name, start=start, end=end)
        key = self._deeper(self._take(), self._sum)
        closed = self._expect("]", "the key of the table")
        if not self._is("."):
            return Entry(table=name, key=key, column=None, start=start, end=closed.end)
        self._take()
        column = self._next
        if column.lexeme is not Lexeme.NAME:
            raise ConditionError("syntax", "the name of a column is missing after the point", start, column.end)
        self._take()
        return Entry(table=name, key=key, column=column.text, start=start, end=column.end)
