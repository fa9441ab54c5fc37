"""Where courses are kept: objects by digest, one chain of events, locks. Knows nothing of the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.store.opening import open_store

__all__ = ["open_store"]


def __getattr__(name: str) -> Any:
    # The database library is loaded when a store is opened, not by those who only know the interface.
    if name == "open_store":
        from app.store.opening import open_store

        return open_store
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
