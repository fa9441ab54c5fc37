from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import InconsistentCaseError
from dosimetry_core.toml_lines import TomlPlace, line_of, line_said, places, with_line, with_value

TEXT = """\
# a comment
format = 1
name = "a"   # the name

[limits]
kidneys_total_gy = 23.0  # of the course

[[nuclide]]
name = "Lu-177"
[[nuclide]]
name = "Y-90"
"""


def test_that_each_key_is_found_in_its_table() -> None:
    assert line_of(TEXT, TomlPlace("", "format")) == 2
    assert line_of(TEXT, TomlPlace("[limits]", "kidneys_total_gy")) == 6
    assert line_of(TEXT, TomlPlace("nuclide 1", "name")) == 9
    assert line_of(TEXT, TomlPlace("nuclide 2", "name")) == 11


def test_that_a_missing_key_is_reported_at_its_table_and_a_missing_table_nowhere() -> None:
    assert line_of(TEXT, TomlPlace("nuclide 2", "role")) == 10
    assert line_of(TEXT, TomlPlace("", "limits")) == 5
    assert line_of(TEXT, TomlPlace("[planning]", "predictor")) is None


def test_that_a_message_names_file_line_and_key() -> None:
    told = with_line(InconsistentCaseError("is wrong", where="f.toml, [limits], kidneys_total_gy"), TEXT, "f.toml")
    assert told.line() == "f.toml, line 6, [limits], kidneys_total_gy: is wrong"
    assert line_said(told) == 6
    elsewhere = InconsistentCaseError("is wrong", where="g.toml, [limits], kidneys_total_gy")
    assert with_line(elsewhere, TEXT, "f.toml") is elsewhere


def test_that_a_value_is_changed_in_place_and_comments_stay() -> None:
    changed = with_value(TEXT, TomlPlace("[limits]", "kidneys_total_gy"), "18.5")
    assert "kidneys_total_gy = 18.5  # of the course\n" in changed
    assert changed.replace("18.5", "23.0") == TEXT
    assert 'name = "b"   # the name' in with_value(TEXT, TomlPlace("", "name"), '"b"')


def test_that_a_new_key_stands_at_the_end_of_its_table_and_an_old_one_can_go() -> None:
    added = tomllib.loads(with_value(TEXT, TomlPlace("nuclide 1", "role"), '"fixed"'))
    assert added["nuclide"] == [{"name": "Lu-177", "role": "fixed"}, {"name": "Y-90"}]
    assert tomllib.loads(with_value(TEXT, TomlPlace("", "title"), '"t"'))["title"] == "t"
    assert tomllib.loads(with_value(TEXT, TomlPlace("[limits]", "kidneys_total_gy"), None))["limits"] == {}
    assert with_value(TEXT, TomlPlace("[limits]", "nothing"), None) == TEXT
    with pytest.raises(ValueError, match="no table"):
        with_value(TEXT, TomlPlace("[planning]", "predictor"), '"latest"')


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(["duonen-a", "duonen-b", "garske-roman"]), st.data())
def test_that_changing_any_key_changes_that_key_only(name: str, data: st.DataObject) -> None:
    text = table_bytes("protocols", f"{name}.toml").decode()
    place = data.draw(st.sampled_from([place for _, place in places(text) if place.key]))
    value = data.draw(st.floats(0.001, 1e6))
    before, after = tomllib.loads(text), tomllib.loads(with_value(text, place, repr(value)))

    def table(tree: dict) -> dict:  # type: ignore[type-arg]
        if place.table.startswith("["):
            return tree[place.table[1:-1]]
        key, _, number = place.table.rpartition(" ")
        return tree[key][int(number) - 1] if place.table else tree

    assert table(after).pop(place.key) == value
    table(before).pop(place.key)
    assert after == before
