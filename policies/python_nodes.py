"""Nodes of Python's own syntax tree, as conditions are made of them."""

import ast

PLACE = {"lineno": 1, "col_offset": 0}  # of all that is made: Python wants one, and adding it afterwards takes longer


def load(name: str) -> ast.expr:
    """The value of a Python variable."""
    return ast.Name(name, ast.Load(), **PLACE)


def dotted(base: str, *attributes: str) -> ast.expr:
    """The value of an attribute of an attribute of the variable *base*."""
    made = load(base)
    for attribute in attributes:
        made = ast.Attribute(made, attribute, ast.Load(), **PLACE)
    return made


def compare(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """One comparison."""
    return ast.Compare(left, [operator], [right], **PLACE)


def is_not_none(value: ast.expr) -> ast.expr:
    """Whether *value* is given."""
    return compare(value, ast.IsNot(), ast.Constant(None, None, **PLACE))
