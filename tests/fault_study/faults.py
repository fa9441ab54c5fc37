"""Every fault that the operators can make in a module, in the order of its text."""

from __future__ import annotations

import ast
import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.fault_study.operators import OPERATORS, called

# What people read, and what only says how far a computation has come.
_SAID = {"Finding", "Remark", "wrong", "progress", "TypeVar", "cast"}
# Options without any influence on a number.
_SILENT_OPTIONS = {"strict", "maxsize", "workers", "encoding", "where", "remedy", "slots", "frozen", "repr"}


@dataclass(frozen=True)
class Fault:
    """One small change of one module.

    ``ordinal`` counts from 0 the changes of this operator in this function; module, function, operator and ordinal
    name the fault. ``start`` and ``end`` are places in the text of the module in UTF-8; lines count from 1.
    """

    module: str
    function: str
    operator: str
    ordinal: int
    line: int
    end_line: int
    statement_line: int
    start: int
    end: int
    before: str
    after: str

    @property
    def identity(self) -> str:
        return f"{self.module}:{self.function}:{self.operator}:{self.ordinal}"

    @property
    def room(self) -> str:
        return self.module.split("/")[1]

    def applied(self, text: str) -> str:
        """The module with this fault."""
        raw = text.encode()
        return (raw[: self.start] + self.after.encode() + raw[self.end :]).decode()


def faults_of(module: str, text: str) -> list[Fault]:
    """All faults of a module."""
    return list(_Walk(module, text).faults(ast.parse(text)))


def is_another_program(fault: Fault, text: str) -> bool:
    """Whether the module with the fault is Python, and not the module without it."""
    try:
        changed = ast.parse(fault.applied(text))
    except SyntaxError:
        return False
    return ast.dump(changed) != ast.dump(ast.parse(text))


def statements_of(text: str) -> int:
    """Number of statements that compute: no imports, docstrings or definitions, nothing in a Protocol."""
    return sum(
        not isinstance(node, ast.Import | ast.ImportFrom | ast.FunctionDef | ast.ClassDef | ast.Pass)
        and not _is_docstring(node)
        for node in _Walk("", text).statements(ast.parse(text))
    )


def digest_of(paths: list[Path]) -> str:
    """SHA-256 over the names and bytes of files."""
    digest = hashlib.sha256()
    for path in sorted(paths, key=lambda path: path.as_posix()):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and not isinstance(node.value.value, int)


class _Walk:
    """Goes through a module and leaves out what is no computation."""

    def __init__(self, module: str, text: str) -> None:
        self._module = module
        self._text = text
        self._raw = text.encode()
        self._line_start = [0]
        for line in self._raw.split(b"\n"):
            self._line_start.append(self._line_start[-1] + len(line) + 1)
        self._count: Counter[tuple[str, str]] = Counter()

    def faults(self, tree: ast.Module) -> Iterator[Fault]:
        yield from self._inside(tree, "", None)

    def statements(self, tree: ast.Module) -> Iterator[ast.stmt]:
        stack: list[ast.AST] = [tree]
        while stack:
            for child in self._children(stack.pop()):
                if isinstance(child, ast.stmt):
                    yield child
                stack.append(child)

    def _inside(self, node: ast.AST, function: str, statement: ast.stmt | None) -> Iterator[Fault]:
        for child in self._children(node):
            name, around = function, child if isinstance(child, ast.stmt) else statement
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                name = f"{function}.{child.name}" if function else child.name
            elif around is not None:
                yield from self._changes(child, function or "(module)", around)
            yield from self._inside(child, name, around)

    def _changes(self, node: ast.AST, function: str, statement: ast.stmt) -> Iterator[Fault]:
        if _is_docstring(node):
            return
        for operator, changes in OPERATORS.items():
            for changed in changes(node):
                place, new = _written(node, changed)
                ordinal = self._count[function, operator]
                self._count[function, operator] += 1
                assert place.end_lineno is not None
                assert place.end_col_offset is not None
                start = self._line_start[place.lineno - 1] + place.col_offset
                end = self._line_start[place.end_lineno - 1] + place.end_col_offset
                after = ast.unparse(ast.fix_missing_locations(new))
                if isinstance(new, ast.expr):
                    after = f"({after})"
                before = " ".join(self._raw[start:end].decode().split())
                yield Fault(
                    self._module,
                    function,
                    operator,
                    ordinal,
                    place.lineno,
                    place.end_lineno,
                    statement.lineno,
                    start,
                    end,
                    before,
                    after,
                )

    def _children(self, node: ast.AST) -> Iterator[ast.AST]:
        for field, value in ast.iter_fields(node):
            if field in ("annotation", "returns", "decorator_list", "type_comment", "bases"):
                continue
            for child in value if isinstance(value, list) else [value]:
                if isinstance(child, ast.AST) and not _is_left_out(child):
                    yield child


def _is_left_out(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.Assert | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return True
    if isinstance(node, ast.ClassDef):
        return any(isinstance(base, ast.Name) and base.id == "Protocol" for base in node.bases)
    if isinstance(node, ast.FunctionDef):
        return node.name in ("__str__", "__repr__")
    if isinstance(node, ast.If):
        return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
    if isinstance(node, ast.keyword):
        return node.arg in _SILENT_OPTIONS
    if isinstance(node, ast.Expr):
        return called(node.value) in _SAID
    return called(node) in _SAID


def _written(node: ast.AST, changed: ast.AST) -> tuple[ast.expr | ast.stmt, ast.expr | ast.stmt]:
    """The smallest part with a place of its own that holds the change, before and after it."""
    if isinstance(node, ast.If | ast.While) and isinstance(changed, ast.If | ast.While):
        return node.test, changed.test
    if isinstance(node, ast.comprehension) and isinstance(changed, ast.comprehension):
        if len(changed.ifs) < len(node.ifs):
            dropped = next(c for c in node.ifs if c not in changed.ifs)
            return dropped, ast.Constant(True)
        return next((old, new) for old, new in zip(node.ifs, changed.ifs, strict=True) if old is not new)
    assert isinstance(node, ast.expr | ast.stmt)
    assert isinstance(changed, ast.expr | ast.stmt)
    return node, changed
