from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosimetry_core.canonical_json import canonical_bytes, parse_json, sha256_hex
from dosimetry_core.errors import InconsistentCaseError

texts = st.text(st.characters(exclude_categories=["Cs"]))
numbers = st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
trees = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def test_that_the_example_of_rfc_8785_comes_out_as_printed_there() -> None:
    """RFC 8785, section 3.2.2 and 3.2.4."""
    tree = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\u000f\u000aA\'B"\\\\"/',
        "literals": [None, True, False],
    }
    assert canonical_bytes(tree).decode() == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}'
    )


@given(trees)
def test_that_canonical_text_reads_back_as_its_own_canonical_text(tree: object) -> None:
    once = canonical_bytes(tree)
    assert canonical_bytes(parse_json(once, where="x")) == once


def test_that_time_integrated_activities_beyond_two_to_the_53_are_kept() -> None:
    """29.6 GBq over 100 h are 1.07e16 Bq·s, which JSON writes as an integer."""
    tree = {"time_integrated_activity_bq_s": 1.0656e16}
    assert canonical_bytes(tree) == b'{"time_integrated_activity_bq_s":10656000000000000}'
    assert canonical_bytes(parse_json(canonical_bytes(tree), where="x")) == canonical_bytes(tree)


def test_that_decomposed_and_composed_names_are_one_text() -> None:
    assert canonical_bytes({"Łuća": "e\u0301"}) == canonical_bytes({"Łuća": "é"})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 2**60])
def test_that_what_has_no_exact_form_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="no canonical form"):
        canonical_bytes({"a": value})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a":7400,"a":74000}', "'a' stands twice"),
        ('{"b":{"a":1,"a":1}}', "stands twice"),
        ('{"a":NaN}', "NaN is not a number"),
        ('{"a":-Infinity}', "not a number"),
        ('{"a":1e999}', "too large"),
        ('{"a":"e\u0301"}', "normal form C"),
        ('{"a":"e\\u0301"}', "normal form C"),
        ("\ufeff{}", "not readable JSON"),
        ("{", "not readable JSON"),
        ("[" * 100_000, "not readable JSON"),
    ],
)
def test_that_text_which_could_mean_two_things_is_refused(text: str, words: str) -> None:
    with pytest.raises(InconsistentCaseError, match=words):
        parse_json(text.encode(), where="plan.json")


def test_that_bytes_which_are_not_utf8_are_refused() -> None:
    with pytest.raises(InconsistentCaseError, match=r"plan\.json"):
        parse_json(b'{"a":"\xff"}', where="plan.json")


def test_that_the_digest_is_sha256() -> None:
    """FIPS 180-4 example: "abc"."""
    assert sha256_hex(b"abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
