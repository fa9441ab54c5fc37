from __future__ import annotations

from pathlib import Path

import pytest

from dosimetry_core.data_tables import table_bytes
from dosimetry_core.errors import DosimetryError, InconsistentCaseError, InputProblems, MissingDataError
from dosimetry_core.planning import protocol as protocol_module
from dosimetry_core.planning.protocol import ProtocolNuclide, bundled_protocols, parse_protocol, read_protocol
from dosimetry_core.safety.rules import read_rules
from dosimetry_core.toml_table import TomlTable

ARM_B = table_bytes("protocols", "duonen-b.toml").decode()


def _with(old: str, new: str) -> bytes:
    assert old in ARM_B
    return ARM_B.replace(old, new).encode()


def test_that_the_five_protocols_of_the_contract_are_there_and_valid() -> None:
    assert bundled_protocols() == ("duonen-a", "duonen-b", "duonen-c", "duonen-d", "garske-roman")
    for name in bundled_protocols():
        protocol = read_protocol(name)
        assert protocol.name == name
        assert protocol.confirm_above_relative_to_standard == 1.25
        assert protocol.confirm_above_relative_to_last == 1.5
        assert all(nuclide.activity_cap_bq is None for nuclide in protocol.nuclides)
        if protocol.stop_rules is not None:
            assert read_rules(protocol.stop_rules).stop


@pytest.mark.parametrize(
    ("name", "fixed_bq", "free_bq", "cycles"),
    [
        ("duonen-a", {"Lu-177": 7.4e9}, {}, 4),
        ("duonen-b", {"Lu-177": 3.7e9}, {"Y-90": 1.85e9}, 4),
        ("duonen-c", {"Y-90": 1.85e9}, {"Lu-177": 3.7e9}, 4),
        ("duonen-d", {}, {"Lu-177": 7.4e9}, 4),
        ("garske-roman", {"Lu-177": 7.4e9}, {}, None),
    ],
)
def test_that_activities_and_cycles_are_those_of_the_publications(
    name: str, fixed_bq: dict[str, float], free_bq: dict[str, float], cycles: int | None
) -> None:
    protocol = read_protocol(name)
    assert {n.name: n.standard_activity_bq for n in protocol.nuclides if n.role == "fixed"} == fixed_bq
    assert {n.name: n.standard_activity_bq for n in protocol.nuclides if n.role == "free"} == free_bq
    assert protocol.cycles == cycles
    assert protocol.total_limit_gy == {"kidneys": 23.0, "red_marrow": 2.0}
    assert protocol.limits_gy.get("red_marrow_per_cycle") == (0.5 if name.startswith("duonen") else None)


def test_that_a_clinic_can_use_its_own_file_beside_the_case(tmp_path: Path) -> None:
    content = _with("kidneys_total_gy = 23.0", "kidneys_total_gy = 18.0")
    (tmp_path / "ours.toml").write_bytes(content)
    with pytest.raises(InconsistentCaseError, match=r"line \d+, name: 'duonen-b' comes with the program"):
        read_protocol("ours.toml", folder=tmp_path)
    (tmp_path / "ours.toml").write_bytes(ARM_B.encode())
    assert read_protocol("ours.toml", folder=tmp_path) == read_protocol("duonen-b")
    (tmp_path / "ours.toml").write_bytes(content.replace(b'name = "duonen-b"', b'name = "ours"'))
    ours = read_protocol("ours.toml", folder=tmp_path)
    assert ours.limits_gy["kidneys"] == 18.0
    assert ours.digest != read_protocol("duonen-b").digest


def test_that_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(MissingDataError, match="duonen-a, duonen-b"):
        read_protocol("duonen-e")


def test_that_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match=r"ours\.toml"):
        read_protocol("ours.toml", folder=tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("kidneys_total_gy = 23.0", "kidneys_total_gy = -1.0", "kidneys_total_gy: must be above 0"),
        ("kidneys_total_gy = 23.0", "kidney_total_gy = 23.0", "did you mean 'kidneys_total_gy'"),
        ("rounding_step_gbq = 0.05", "rounding_step_gbq = 0.0", "rounding_step_gbq: must be above 0"),
        ('predictor = "latest"', 'predictor = "best"', "use one of activity-weighted-mean"),
        ('allocation = "equal-split"', 'allocation = "weights"', "one positive weight for each cycle"),
        ('role = "free"', 'role = "fixed"', "0 nuclides are free"),
        ('name = "Y-90"', 'name = "Y-91"', "unknown nuclide 'Y-91'"),
        ('name = "Y-90"', 'name = "Lu-177"', "Lu-177 is listed twice"),
        ("cycles = 4", "cycles = 0", "cycles: must be a whole number from 1"),
        ("cycles = 4", 'cycles = "open"', "open number of cycles can't be allocated"),
        ("standard_activity_gbq = 3.7", "standard_activity_gbq = nan", "must be a number"),
        ("[limits]", "[limit]", "the [limits] table is missing"),
    ],
)
def test_that_a_wrong_key_is_named_with_its_remedy(old: str, new: str, message: str) -> None:
    with pytest.raises(DosimetryError) as caught:
        parse_protocol(_with(old, new), where="ours.toml")
    assert message in caught.value.line()
    assert "ours.toml" in caught.value.line()


def test_that_several_faults_are_reported_together() -> None:
    content = ARM_B.replace("cycles = 4", "cycles = 0").replace("red_marrow_total_gy = 2.0", "red_marrow_total_gy = 0")
    with pytest.raises(InputProblems) as caught:
        parse_protocol(content.encode(), where="ours.toml")
    assert len(caught.value.problems) == 2


class Placed(str):
    """A name with a place of its own in sets, which otherwise follows from chance."""

    def __hash__(self) -> int:
        return ("Y-90", "Lu-177").index(str(self))

    def __eq__(self, other: object) -> bool:
        return str(self) == other


def test_that_nuclides_listed_twice_are_named_in_order() -> None:
    problems: list[DosimetryError] = []
    root = TomlTable({}, place="ours.toml", problems=problems)
    nuclides = tuple(ProtocolNuclide(Placed(name), "fixed", 1e9) for name in ("Y-90", "Lu-177") * 2)
    assert [str(name) for name in {n.name for n in nuclides}] == ["Y-90", "Lu-177"]
    protocol_module._check_nuclides(root, "fixed", nuclides)
    assert [problem.what for problem in problems] == ["Lu-177 is listed twice", "Y-90 is listed twice"]


def test_that_broken_toml_gives_the_line() -> None:
    with pytest.raises(DosimetryError, match="line 3"):
        parse_protocol(b'format = 1\nname = "x"\ntitle = \n', where="ours.toml")


def test_that_no_trend_may_fall_unless_the_protocol_says_so() -> None:
    assert not read_protocol("duonen-b").linear_trend_may_fall
