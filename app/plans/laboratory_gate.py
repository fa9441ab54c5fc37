"""What the laboratory says before a plan is signed: a stop rule is met, can't be decided, or none is met."""

from __future__ import annotations

from dosimetry_core.evaluation import Evaluation


def laboratory_gate(evaluation: Evaluation) -> tuple[str, str]:
    """One sentence for the place of the signature, and its role on the screen.

    A rule that is met stands among the findings as well, and blocks signing until somebody gives a reason; what can't
    be decided is printed on page 1.
    """
    last = evaluation.cycles[-1] if evaluation.cycles else None
    if evaluation.protocol.stop_rules is None:
        grave = last.safety.grave_grades.values() if last is not None else ()
        text = f"Laboratory: no stop rules are in force in protocol {evaluation.protocol.name}."
        return (f"{text} {'; '.join(grave)}.", "error") if grave else (text, "warning")
    if last is None or not last.cycle.laboratory:
        return "Laboratory: no values of the last cycle; no stop rule can be decided.", "warning"
    newest = max(result.date for result in last.cycle.laboratory)
    of = f"Laboratory of {newest:%d %b %Y}"
    if last.safety.stop_criteria_met:
        return f"{of}: STOP, {'; '.join(last.safety.stop_criteria_met)}.", "error"
    if last.safety.cannot_decide:
        return f"{of}: no stop rule is met; can't be decided: {'; '.join(last.safety.cannot_decide)}.", "warning"
    return f"{of}: no stop rule is met.", "good"
