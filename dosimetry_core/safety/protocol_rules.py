"""The rules that a protocol means: bundled ones by their name, or those of its own file."""

from __future__ import annotations

from dosimetry_core.planning.protocol import Protocol
from dosimetry_core.safety.rules import OWN_RULES, RuleSet, read_rules


def entry_rules_of(protocol: Protocol) -> RuleSet | None:
    """Rule set with the entry rules; None if the protocol has none."""
    return _named(protocol, protocol.entry_rules)


def stop_rules_of(protocol: Protocol) -> RuleSet | None:
    """Rule set with the stop rules; None if the protocol has none."""
    return _named(protocol, protocol.stop_rules)


def _named(protocol: Protocol, name: str | None) -> RuleSet | None:
    if name is None:
        return None
    return protocol.own_rules if name == OWN_RULES else read_rules(name)
