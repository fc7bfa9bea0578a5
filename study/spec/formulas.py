"""Expectations of a study file: relations between two costs, and formulas in r such as 1/r^2."""

import ast
import operator
from collections.abc import Callable, Mapping

from study.errors import SpecError

RELATIONS: dict[str, Callable[[float, float], bool]] = {
    "same": operator.eq,
    "more": operator.gt,
    "less": operator.lt,
}

OPERATORS: Mapping[type, Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.USub: operator.neg,
}


def formula_of(text: str) -> Callable[[float], float]:
    """The function of r that a formula defines: numbers, r, + - * / and ^ for a power.

    The syntax tree is checked and evaluated here: eval would run any code in a study file.

    Raises:
        SpecError: it is no such formula. The function raises it if it has no value at r.
    """
    no_formula = SpecError(
        f'"{text}" is neither {relation_names()} nor a formula in r such as 1/r^2'
    )
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
        _checked(tree, no_formula)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise no_formula from None

    def value(r: float) -> float:
        try:
            return float(_value(tree, r))
        except (ArithmeticError, TypeError):  # a root of a negative number is complex
            raise SpecError(f'"{text}" has no value at r = {r:g}') from None

    return value


def wrong_relation(text: str) -> str:
    """The reason why a text is neither a relation nor a formula, or ""."""
    try:
        if text not in RELATIONS:
            formula_of(text)
    except SpecError as error:
        return str(error)
    return ""


def _checked(node: ast.expr, wrong: SpecError) -> None:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            return
        case ast.Name(id="r"):
            return
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _checked(left, wrong)
            _checked(right, wrong)
        case ast.UnaryOp(op=op, operand=operand) if type(op) in OPERATORS:
            _checked(operand, wrong)
        case _:
            raise wrong


def _value(node: ast.expr, r: float) -> float:
    match node:
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](_value(left, r), _value(right, r))
        case ast.UnaryOp(op=op, operand=operand):
            return OPERATORS[type(op)](_value(operand, r))
        case ast.Constant(value=int() | float() as number):
            return float(number)
    return r  # the only name that `_checked` allows


def relation_names() -> str:
    return ", ".join(RELATIONS)
