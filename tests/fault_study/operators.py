"""The kinds of faults: each turns one node of the syntax tree into a slightly different one."""

from __future__ import annotations

import ast
import copy
from collections.abc import Callable, Iterator
from typing import TypeVar

Node = TypeVar("Node", bound=ast.AST)
Operator = Callable[[ast.AST], Iterator[ast.AST]]

ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
}
OPPOSITE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.Gt,
    ast.Gt: ast.Lt,
    ast.LtE: ast.GtE,
    ast.GtE: ast.LtE,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
BOUNDARY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
}
OTHER_EXTREME = {
    "min": "max",
    "max": "min",
    "minimum": "maximum",
    "maximum": "minimum",
    "argmin": "argmax",
    "argmax": "argmin",
    "any": "all",
    "all": "any",
    "floor": "ceil",
    "ceil": "floor",
}
EXPONENTIALS = {"exp", "expm1", "exp2", "power"}
TRANSFORMS = {"sqrt", "exp", "expm1", "log", "log1p", "log2", "log10", "abs", "fabs", "square", "cumsum", "sorted"}
# They change the kind of a value, not the value.
CONVERSIONS = {"tuple", "list", "float", "int", "bool", "str", "read_only", "asarray", "FrozenMap"}
# No sum of numbers: joined lists, texts.
_JOINED = (ast.List, ast.ListComp, ast.Tuple, ast.JoinedStr, ast.Starred, ast.Dict)


def _with(node: Node, **fields: object) -> Node:
    """A copy with other fields."""
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _is_number(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_arithmetic(node: ast.AST) -> bool:
    return isinstance(node, ast.BinOp) and not any(
        isinstance(side, _JOINED) or _is_text(side) for side in (node.left, node.right)
    )


def called(node: ast.AST) -> str:
    """Last part of the name of what is called; nothing for anything but a call of a name."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _arithmetic(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and _is_arithmetic(node) and type(node.op) in ARITHMETIC:
        yield _with(node, op=ARITHMETIC[type(node.op)]())
    if isinstance(node, ast.AugAssign) and type(node.op) in ARITHMETIC and not isinstance(node.value, _JOINED):
        yield _with(node, op=ARITHMETIC[type(node.op)]())


def _dropped_term(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and _is_arithmetic(node) and isinstance(node.op, ast.Add | ast.Sub):
        yield node.left
        if isinstance(node.op, ast.Add):
            yield node.right


def _dropped_factor(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and _is_arithmetic(node) and isinstance(node.op, ast.Mult | ast.Div):
        yield node.left
        if isinstance(node.op, ast.Mult):
            yield node.right


def _comparison(table: dict[type[ast.cmpop], type[ast.cmpop]]) -> Operator:
    def changed(node: ast.AST) -> Iterator[ast.AST]:
        if isinstance(node, ast.Compare):
            for place, op in enumerate(node.ops):
                if type(op) in table:
                    yield _with(node, ops=[*node.ops[:place], table[type(op)](), *node.ops[place + 1 :]])

    return changed


def _constant_doubled(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and _is_number(node) and node.value:
        yield ast.Constant(2 * node.value)  # type: ignore[operator]


def _constant_plus_one(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and _is_number(node):
        yield ast.Constant(node.value + 1)  # type: ignore[operator]


def _constant_negative(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and _is_number(node) and node.value:
        yield ast.UnaryOp(ast.USub(), node)


def _truth_value(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield ast.Constant(not node.value)


def _arguments_swapped(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and called(node) not in ("isinstance", "getattr", *OTHER_EXTREME):
        for place, (first, second) in enumerate(zip(node.args, node.args[1:], strict=False)):
            plain = not isinstance(first, ast.Starred) and not isinstance(second, ast.Starred)
            if plain and ast.dump(first) != ast.dump(second):
                yield _with(node, args=[*node.args[:place], second, first, *node.args[place + 2 :]])


def _other_extreme(node: ast.AST) -> Iterator[ast.AST]:
    name = called(node)
    if isinstance(node, ast.Call) and name in OTHER_EXTREME:
        other = OTHER_EXTREME[name]
        if isinstance(node.func, ast.Attribute):
            yield _with(node, func=_with(node.func, attr=other))
        elif isinstance(node.func, ast.Name):
            yield _with(node, func=_with(node.func, id=other))


def _condition_negated(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.If | ast.IfExp | ast.While):
        yield _with(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.comprehension):
        for place, condition in enumerate(node.ifs):
            negated = ast.UnaryOp(ast.Not(), condition)
            yield _with(node, ifs=[*node.ifs[:place], negated, *node.ifs[place + 1 :]])
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield node.operand


def _condition_dropped(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        for place in range(len(node.values)):
            left = [*node.values[:place], *node.values[place + 1 :]]
            yield left[0] if len(left) == 1 else _with(node, values=left)
    if isinstance(node, ast.comprehension):
        for place in range(len(node.ifs)):
            yield _with(node, ifs=[*node.ifs[:place], *node.ifs[place + 1 :]])


def _and_or(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _branch_taken(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse


def _intermediate_returned(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Return) and node.value is not None:
        value = node.value
        name = called(value)
        if isinstance(value, ast.Call) and value.args and name and not name[0].isupper() and name not in CONVERSIONS:
            first = value.args[0]
            if not isinstance(first, ast.Starred | ast.GeneratorExp | ast.ListComp) and not _is_text(first):
                yield _with(node, value=first)
        if isinstance(value, ast.Tuple) and len(value.elts) >= 2:
            yield _with(node, value=_with(value, elts=[value.elts[1], value.elts[0], *value.elts[2:]]))


def _transform_dropped(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Call) and called(node) in TRANSFORMS and node.args:
        yield node.args[0]


def _index_shifted(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.Subscript):
        return

    def shifted(part: ast.expr | None) -> ast.expr | None:
        if isinstance(part, ast.UnaryOp) and isinstance(part.op, ast.USub) and _is_index(part.operand):
            return ast.UnaryOp(ast.USub(), ast.Constant(part.operand.value + 1))  # type: ignore[attr-defined]
        return ast.Constant(part.value + 1) if part is not None and _is_index(part) else None  # type: ignore[attr-defined]

    place = node.slice
    moved = shifted(place)
    if moved is not None:
        yield _with(node, slice=moved)
    if isinstance(place, ast.Slice):
        for bound in ("lower", "upper"):
            moved = shifted(getattr(place, bound))
            if moved is not None:
                yield _with(node, slice=_with(place, **{bound: moved}))


def _is_index(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _exponent_sign(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
        yield _with(node, right=ast.UnaryOp(ast.USub(), node.right))
    if isinstance(node, ast.Call) and called(node) in EXPONENTIALS and node.args:
        yield _with(node, args=[ast.UnaryOp(ast.USub(), node.args[0]), *node.args[1:]])


def _minus_dropped(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not _is_number(node.operand):
        yield node.operand


def _statement_dropped(node: ast.AST) -> Iterator[ast.AST]:
    called_for_effect = isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
    if called_for_effect or isinstance(node, ast.AugAssign | ast.Continue | ast.Break):
        yield ast.Pass()


def _unit_dropped(node: ast.AST) -> Iterator[ast.AST]:
    if called(node) in ("to_core", "from_core") and isinstance(node, ast.Call) and node.args:
        yield node.args[0]
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        if _is_unit(node.right):
            yield node.left
        if _is_unit(node.left) and isinstance(node.op, ast.Mult):
            yield node.right


def _unit_the_other_way(node: ast.AST) -> Iterator[ast.AST]:
    name = called(node)
    if name in ("to_core", "from_core") and isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        yield _with(node, func=_with(node.func, attr="from_core" if name == "to_core" else "to_core"))


def _is_unit(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and "_PER_" in node.id and node.id.isupper()


OPERATORS: dict[str, Operator] = {
    "arithmetic changed": _arithmetic,
    "term dropped": _dropped_term,
    "factor dropped": _dropped_factor,
    "unit factor dropped": _unit_dropped,
    "unit the other way": _unit_the_other_way,
    "comparison turned round": _comparison(OPPOSITE),
    "boundary moved": _comparison(BOUNDARY),
    "constant doubled": _constant_doubled,
    "constant plus one": _constant_plus_one,
    "constant with the other sign": _constant_negative,
    "truth value changed": _truth_value,
    "arguments swapped": _arguments_swapped,
    "other extreme": _other_extreme,
    "condition negated": _condition_negated,
    "condition dropped": _condition_dropped,
    "and for or": _and_or,
    "one branch only": _branch_taken,
    "intermediate returned": _intermediate_returned,
    "transform dropped": _transform_dropped,
    "index shifted": _index_shifted,
    "sign of exponent": _exponent_sign,
    "minus dropped": _minus_dropped,
    "statement dropped": _statement_dropped,
}
