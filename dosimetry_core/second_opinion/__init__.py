"""A second opinion on results.json: other algorithms, own constants, the standard library only.

`recompute` takes the tree of results.json and computes again, from activities, times, masses, samples and administered
activities, the time-integrated activities (by a profiled search instead of a least-squares solver, integrated by
quadrature), the absorbed doses of VOIs and organs with what stands beside them, the course, and the next activities (in
decimal arithmetic, by a search over dispensing steps instead of a formula) with their risk. `compare` lists what the
record says otherwise.

Keys of the tree that are read: ``patient`` (sex, weight_kg, haematocrit), ``settings`` (fit.weights, red_marrow,
radiobiology), ``protocol`` (the numbers of the protocol as `Protocol.to_json` gives them), ``cycles``, ``course``,
``plan``. What lacks its data is named in ``not_checked``.
"""

from dosimetry_core.second_opinion.opinion import compare, recompute

__all__ = ["compare", "recompute"]
