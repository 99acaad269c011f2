"""Do the operands of a condition go together? Their types, their currencies, and texts where dates or patterns are meant."""

from dataclasses import dataclass

from signoff.actions import Kind

from .dates import is_date
from .diagnostics import quote
from .naming import Naming
from .parser import read_number
from .patterns import PatternError, compile_pattern
from .shapes import NUMBERS, Shape, fit
from .syntax import Comparator, Expression, Known, Name, Number, Predicate, Text, Texts, Tree


@dataclass(frozen=True)
class Agreement(Naming):
    """Reports operands of one rule's conditions that do not go together, for one action type."""

    def _pair(self, comparator: Comparator, left: Expression, right: Expression) -> None:
        first, second = self.shapes[left], self.shapes[right]
        if first.unknown or second.unknown:
            return
        if comparator in ("in", "not in"):
            self._membership(left, right, first, second)
        elif not fit(first, second):
            self._mismatch(left, right, first, second, "compared with")
        elif first.date or second.date:
            for operand in (left, right):
                self._date(operand, operand)
        elif comparator not in ("==", "!=") and not first.numeric:
            self._error("type", f"{first} has no order; `{self._text(left)}` can only be equal or not", right, "write == or !=")
        elif Kind.MONEY in (first.kind, second.kind) and first.kind is not second.kind and not (first.zero or second.zero):
            self._require_currency(right if first.kind is Kind.MONEY else left)

    def _membership(self, left: Expression, right: Expression, first: Shape, second: Shape) -> None:
        if not second.many:
            hint = "write lists.NAME after `in`"
            if second.kind is Kind.TEXT and first.kind is Kind.TEXT:
                hint = f"write {self._text(right)} contains {self._text(left)}"
            self._error("type", f"`in` asks for a list, and `{self._text(right)}` is {second}", right, hint)
        elif first.many or Kind.MONEY in (first.kind, second.kind) or not fit(first, Shape(second.kind, date=first.date)):
            self._error("type", f"`{self._text(left)}` is {first} and cannot be in {second}", left)
        elif first.date:
            self._date(right, right)

    def _date(self, tree: Expression, place: Tree) -> None:
        """Refuse texts that are no dates where they are compared with one."""
        for text in tree.values if isinstance(tree, Texts) else (tree.value,) if isinstance(tree, Text) else ():
            if not is_date(text):
                self._error("type", f"{quote(text)} is not a date", place, 'write one such as "2026-12-24"')

    def _mismatch(self, left: Expression, right: Expression, first: Shape, second: Shape, verb: str) -> None:
        """Say that the two do not fit; the caret goes under the constant, or the right one."""
        if first.constant and not second.constant:
            left, right, first, second = right, left, second, first
        hint = ""
        if first.many or second.many:
            hint = "ask with in" if "compared" in verb else ""
        elif first.date:
            hint = 'write one such as "2026-12-24"' if second.constant else ""
        elif isinstance(right, Text) and first.numeric:
            plain = next((text for text in (right.value, right.value.lstrip("0") or "0") if read_number(text) is not None), None)
            hint = "" if plain is None else f"write {plain}"
        elif isinstance(right, Number) and first.kind is Kind.TEXT:
            named = isinstance(left, Known) and left.name == "now.weekday"
            hint = 'write a day such as "monday"' if named else f'write "{self._text(right)}"'
        elif isinstance(right, Name) and second.numeric and Kind.MONEY in (first.kind, second.kind):
            hint = "only plain numbers are taken as money"
        self._error("type", f"`{self._text(left)}` is {first} and cannot be {verb} {second}", right, hint)

    def _is_numeric(self, tree: Expression, shape: Shape) -> bool:
        if shape.numeric or shape.unknown:
            return True
        self._error("type", f"`{self._text(tree)}` is {shape} and cannot be calculated with", tree)
        return False

    def _require_currency(self, tree: Expression) -> None:
        if self.setting.currency is None:
            message = f"`{self._text(tree)}` meets money, and the file does not say in which currency plain numbers are"
            self._error("currency", message, tree, "add a line such as currency: USD")

    def _one_currency(self, tree: Expression, *shapes: Shape) -> None:
        """Refuse currencies that can never meet: those that the rule names, and the file's where a plain number meets money."""
        codes = dict.fromkeys(shape.code for shape in shapes if shape.code)
        plain = any(shape.plain or (shape.kind in NUMBERS and shape.written and not shape.zero) for shape in shapes)
        if codes and plain and self.setting.currency is not None:
            codes[self.setting.currency] = None
        if len(codes) > 1:
            message = f"`{self._text(tree)}` puts {' and '.join(map(str, codes))} together"
            hint = "name the currency of each amount, and compare those of one" if plain else "compare amounts of one currency"
            self._error("currency", message, tree, hint)

    def _pattern(self, tree: Predicate) -> None:
        if not isinstance(tree.right, Text):
            self._error("type", "a pattern is a text in quotes, not a value", tree.right, 'write matches "INV-[0-9]+"')
            return
        try:
            compile_pattern(tree.right.value, folded=False)
            compile_pattern(tree.right.value, folded=True)
        except PatternError as error:
            hint = (
                "RE2 reads patterns: no look-around, no back-references" if "perl" in str(error) or "escape" in str(error) else ""
            )
            self._error("pattern", f"the pattern cannot be read: {error}", tree.right, hint)
