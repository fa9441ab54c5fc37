"""What can go wrong with a node, in words that name it."""

from __future__ import annotations

from app.network.nodes import Node
from dosimetry_core.errors import DosimetryError


class NetworkError(DosimetryError):
    """A node that does not answer, refuses, or breaks off."""


class BrokenOffError(NetworkError):
    """A node that stopped answering in the middle."""


def place_of(node: Node) -> str:
    """How messages name a node."""
    return f"{node.name} ({node.place})"
