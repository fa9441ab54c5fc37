"""What a program did to the files of one folder, and what a power cut could have left of it.

A file's bytes are safe once the file was synced; a name (created, renamed, deleted) once its folder was synced, a
created one also once the file itself was. Of what is not safe, each write and truncation may or may not have reached
the disk, in any order, a write also in part; names change in their order.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

SECTOR = 512
"""Bytes that a disk writes wholly or not at all."""

Kind = Literal["create", "link", "rename", "delete", "sync-folder", "write", "truncate", "sync", "acknowledged"]


@dataclass(frozen=True, slots=True)
class Operation:
    """``file`` is a number given at creation (0 for none); names are relative to the folder."""

    kind: Kind
    file: int = 0
    name: str = ""
    target: str = ""
    offset: int = 0
    content: bytes = b""
    mark: int = 0


@dataclass
class Recording:
    """Operations in their order, on top of what was in the folder before."""

    folder: Path
    base: dict[int, bytes] = field(default_factory=dict)
    base_names: dict[str, int] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    operations: list[Operation] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.folder = self.folder.resolve()
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.name.endswith("-shm"):
                number = len(self.base) + 1
                self.base[number] = path.read_bytes()
                self.base_names[self.name(path)] = number
        self.names = dict(self.base_names)
        self._last = len(self.base)

    def covers(self, path: Path) -> bool:
        """Whether a file is one of the folder's that survive a power cut."""
        return path.is_relative_to(self.folder) and not path.name.endswith("-shm")

    def name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def opened(self, path: Path) -> int:
        """The number of a file that was opened; one that is not known was created by it."""
        name = self.name(path)
        if name not in self.names:
            self._last += 1
            self.names[name] = self._last
            self.operations.append(Operation("create", self._last, name))
        return self.names[name]

    def wrote(self, file: int, offset: int, content: bytes) -> None:
        self.operations.append(Operation("write", file, offset=offset, content=bytes(content)))

    def truncated(self, file: int, size: int) -> None:
        self.operations.append(Operation("truncate", file, offset=size))

    def synced(self, file: int) -> None:
        self.operations.append(Operation("sync", file))

    def renamed(self, path: Path, target: Path) -> None:
        name, new = self.name(path), self.name(target)
        inside = [(name, new)] if name in self.names else []
        inside += [(old, new + old[len(name) :]) for old in self.names if old.startswith(name + "/")]
        for old, renamed in inside:
            self.names[renamed] = self.names.pop(old)
            self.operations.append(Operation("rename", name=old, target=renamed))

    def linked(self, path: Path, target: Path) -> None:
        name, new = self.name(path), self.name(target)
        self.names[new] = self.names[name]
        self.operations.append(Operation("link", name=name, target=new))

    def deleted(self, path: Path) -> None:
        if self.names.pop(self.name(path), None) is not None:
            self.operations.append(Operation("delete", name=self.name(path)))

    def synced_folder(self) -> None:
        self.operations.append(Operation("sync-folder"))

    def acknowledged(self, mark: int) -> None:
        """The program was told that everything up to ``mark`` is durable."""
        self.operations.append(Operation("acknowledged", mark=mark))


@dataclass(frozen=True)
class CrashState:
    """What was left on the disk, and the last mark the program had been told before."""

    point: int
    files: Mapping[str, bytes]
    acknowledged: int

    def write(self, folder: Path) -> None:
        for name, content in self.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def crash_state(recording: Recording, point: int, chance: random.Random, *, chance_to_reach: float = 0.5) -> CrashState:
    """The folder after a power cut just before operation number ``point``."""
    done = recording.operations[:point]
    last_sync = {operation.file: index for index, operation in enumerate(done) if operation.kind == "sync"}
    contents = {number: bytearray(content) for number, content in recording.base.items()}
    for index, operation in enumerate(done):
        if operation.kind == "create":
            contents[operation.file] = bytearray()
        if operation.kind not in ("write", "truncate"):
            continue
        if index >= last_sync.get(operation.file, 0) and chance.random() >= chance_to_reach:
            continue
        torn = operation.kind == "write" and index >= last_sync.get(operation.file, 0) and chance.random() < 0.25
        _apply(contents[operation.file], operation, chance if torn else None)
    names = _names(recording, done, last_sync, chance)
    return CrashState(
        point,
        {name: bytes(contents[number]) for name, number in names.items()},
        max((operation.mark for operation in done if operation.kind == "acknowledged"), default=0),
    )


def _apply(content: bytearray, operation: Operation, torn: random.Random | None) -> None:
    size = operation.offset + (0 if operation.kind == "truncate" else len(operation.content))
    if len(content) < size:
        content.extend(bytes(size - len(content)))
    if operation.kind == "truncate":
        del content[size:]
        return
    start = operation.offset
    while start < size:
        end = min(size, (start // SECTOR + 1) * SECTOR)
        if torn is None or torn.random() < 0.5:
            content[start:end] = operation.content[start - operation.offset : end - operation.offset]
        start = end


def _names(
    recording: Recording, done: list[Operation], last_sync: Mapping[int, int], chance: random.Random
) -> dict[str, int]:
    safe = max((index for index, operation in enumerate(done) if operation.kind == "sync-folder"), default=-1)
    changes = [(i, op) for i, op in enumerate(done) if op.kind in ("create", "link", "rename", "delete")]
    unsafe = [i for i, _ in changes if i > safe]
    reached = chance.choice([safe, *unsafe])
    names = dict(recording.base_names)
    for index, operation in changes:
        if operation.kind == "create" and (index <= reached or operation.file in last_sync):
            names[operation.name] = operation.file
        elif operation.kind == "link" and index <= reached:
            names[operation.target] = names[operation.name]
        elif operation.kind == "rename" and index <= reached:
            names[operation.target] = names.pop(operation.name)
        elif operation.kind == "delete" and index <= reached:
            del names[operation.name]
    return names
