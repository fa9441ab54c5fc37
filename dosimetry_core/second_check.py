"""Has every organ dose, every sum and the plan recomputed by the second opinion, and reports what differs."""

from __future__ import annotations

from dataclasses import replace

from dosimetry_core.errors import Finding
from dosimetry_core.evaluation import Disagreement, Evaluation
from dosimetry_core.frozen import FrozenMap
from dosimetry_core.results_json import results_json
from dosimetry_core.second_opinion import compare, recompute


def second_check(evaluation: Evaluation) -> Evaluation:
    """The evaluation with the numbers that the second opinion does not confirm, each an error to be explained."""
    results = results_json(evaluation)
    opinion = recompute(results)
    disagreements = tuple(
        Disagreement(item["quantity"], float(item["value"]), float(item["second_value"]))
        for item in compare(results, opinion)
    )
    findings = [
        Finding(
            "second-opinion",
            "error",
            f"The second opinion has {item.second_value:.6g}, not {item.value:.6g}.",
            item.quantity,
        )
        for item in disagreements
    ]
    findings += [
        Finding(
            "second-opinion-missing", "error", f"The second opinion can't compute this again: {text}.", "second opinion"
        )
        for text in opinion["blocking"]
    ]
    findings += [Finding("not-second-checked", "info", text, "second opinion") for text in opinion["not_checked"]]
    return replace(
        evaluation,
        disagreements=disagreements,
        findings=tuple(dict.fromkeys([*evaluation.findings, *findings])),
        second_values=FrozenMap(
            {".".join(map(str, item["path"])): float(item["second_value"]) for item in opinion["values"]}
        ),
    )
