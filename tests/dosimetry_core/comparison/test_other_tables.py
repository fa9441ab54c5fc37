"""Numbers of other programs: both forms read, units converted, ours beside them, every fault named with its line."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dosimetry_core.case_file import read_case
from dosimetry_core.comparison.number_comparison import compare_numbers
from dosimetry_core.comparison.other_tables import QUANTITIES, read_other_numbers, unit_of
from dosimetry_core.errors import DosimetryError
from dosimetry_core.evaluation import Evaluation
from dosimetry_core.pipeline import compute
from tests.small_study import write_small_case

HEADING = "cycle;region;nuclide;quantity;scan;value;unit\n"


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    return compute(read_case(write_small_case(tmp_path_factory.mktemp("case"))))


def read(text: str, **more: object):  # type: ignore[no-untyped-def]
    return read_other_numbers(text.encode("utf-8-sig"), where="table.csv", **more)  # type: ignore[arg-type]


def test_that_every_unit_is_its_multiple_of_the_core_unit() -> None:
    hour, mega, giga, milli = 3600, 10**6, 10**9, 1 / 1000
    becquerels = {"Bq": 1, "kBq": 1000, "MBq": mega, "GBq": giga}
    expected = {
        "activity": becquerels,
        "time_integrated_activity": {
            **{f"{name}·s": factor for name, factor in becquerels.items()},
            **{f"{name}·h": factor * hour for name, factor in becquerels.items()},
        },
        "time_integrated_activity_coefficient": {
            "s": 1,
            "h": hour,
            **{f"{name}·s/{name}": 1 for name in becquerels},
            **{f"{name}·h/{name}": hour for name in becquerels},
        },
        "absorbed_dose": {"Gy": 1, "mGy": milli},
        "absorbed_dose_per_activity": {"mGy/MBq": milli / mega, "Gy/GBq": 1 / giga, "Gy/MBq": 1 / mega},
    }
    assert {k: dict(v) for k, v in QUANTITIES.items()} == {k: pytest.approx(v) for k, v in expected.items()}


def test_that_plain_numbers_stand_beside_ours(evaluation: Evaluation) -> None:
    result = evaluation.cycles[0]
    voi = result.vois["Kidney L"]
    activity = voi.curves["Lu-177"].activity_bq[2] / 1e6
    held = voi.fits["Lu-177"].time_integrated_activity_bq_s / 3.6e9
    gray = voi.doses["Lu-177"].absorbed_dose_gy
    rows = [
        f"1;Kidney L;Lu-177;activity;3;{1.02 * activity:.9g};MBq",
        f"1;Kidney L;Lu-177;time_integrated_activity;;{str(0.95 * held).replace('.', ',')};MBq·h",
        f"1;Kidney L;Lu-177;Absorbed Dose;;{1000 * gray:.9g};mGy",
        f"1;kidneys;Lu-177;absorbed_dose_per_activity;;{result.organs['kidneys'].total.absorbed_dose_gy / 7.4};Gy/GBq",
        "1;Heart;Lu-177;absorbed_dose;;1;Gy",
        "2;Kidney L;Lu-177;absorbed_dose;;1;Gy",
        "1;Kidney L;Y-90;time_integrated_activity;;1;Bq s",
    ]
    found = compare_numbers(evaluation, read(HEADING + "\n".join(rows)))
    assert [one.relative_difference for one in found[:4]] == [
        pytest.approx(0.02),
        pytest.approx(-0.05),
        pytest.approx(0.0, abs=1e-8),
        pytest.approx(0.0, abs=1e-8),
    ]
    uncertainty = voi.fits["Lu-177"].time_integrated_activity_standard_uncertainty_bq_s
    assert found[1].deviation == pytest.approx(-0.05 * held * 3.6e9 / uncertainty)
    assert [one.own for one in found[4:]] == [None, None, None]
    assert [bool(one.remark) for one in found] == [False] * 4 + [True] * 3


def test_that_an_organ_table_is_read_per_administered_activity(evaluation: Evaluation) -> None:
    table = (
        "OLINDA/EXM,,,,\nOrgan Doses (mSv/MBq)\nTarget Organ,Alpha,Beta,Photon,Total\n"
        "Adrenals,0,0.01,0.002,0.012\nKidneys,0.0,7.5E-01,3.0E-02,7.8E-01\nLiver,0,0.05,0.01,0.06\n"
        "Red Mar.,0,0.01,0.01,0.02\nSpleen,0,1,0.1,1.1\nTotal Body,0,1,1,2\n"
    )
    numbers = read(table, cycle=1, nuclide="Lu-177")
    # An organ that has no counterpart here is kept under its name; "Total Body" is no organ.
    assert [(one.region, one.value) for one in numbers] == [
        ("Adrenals", pytest.approx(0.012e-9)),
        ("kidneys", pytest.approx(0.78e-9)),
        ("liver", pytest.approx(0.06e-9)),
        ("red_marrow", pytest.approx(0.02e-9)),
        ("spleen", pytest.approx(1.1e-9)),
    ]
    adrenals, found = compare_numbers(evaluation, numbers)[:2]
    assert adrenals.own is None
    assert adrenals.remark
    own = evaluation.cycles[0].organs["kidneys"].total
    assert found.own == pytest.approx(own.absorbed_dose_gy / 7.4e9)
    assert own.standard_uncertainty_gy is not None
    assert found.own_standard_uncertainty == pytest.approx(own.standard_uncertainty_gy / 7.4e9)


def test_that_the_unit_may_stand_in_the_column() -> None:
    table = "Organ\tAbsorbed dose (Gy/GBq)\nRed (active) bone-marrow\t0,031\n"
    (number,) = read(table, cycle=2, nuclide="Y-90")
    assert (number.region, number.cycle) == ("red_marrow", 2)
    assert math.isclose(number.value, 0.031e-9)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        (HEADING + "1;Kidney L;Lu-177;dose;;1;Gy", "line 2: unknown quantity 'dose'"),
        (HEADING + "1;Kidney L;Lu-177;absorbed_dose;;1;MBq", "unknown unit 'MBq'"),
        (HEADING + "1;Kidney L;Lu-177;absorbed_dose;;one;Gy", "'one' is no number"),
        (HEADING + "1;Kidney L;Lu-177;absorbed_dose;;-1;Gy", "can't be -1"),
        (HEADING + "1;Kidney L;Lu-177;absorbed_dose;;inf;Gy", "'inf' is no number"),
        (HEADING + "0;Kidney L;Lu-177;absorbed_dose;;1;Gy", "cycle can't be '0'"),
        (HEADING + "1;Kidney L;Lu-177;activity;;1;MBq", "belongs to a scan"),
        (HEADING + "1;Kidney L;Lu-177;absorbed_dose;1;1;Gy", "belongs to a scan"),
        (HEADING + "1;;Lu-177;absorbed_dose;;1;Gy", "region or nuclide is missing"),
        (HEADING.replace("scan", "time") + "1;K;Lu-177;absorbed_dose;;1;Gy", "unknown column 'time'"),
        (HEADING, "holds no number"),
        ("a;b\n1;2\n", "no table that is known"),
        ("Organ;Dose\nKidneys;1\n", "does not say its unit"),
        ("Organ;Mean (mGy/MBq)\nKidneys;1\n", "no single column of total"),
        ("Organ;Dose (mGy/MBq)\nHeart;1\n", "names no organ"),
        ("Organ;Dose (mGy/MBq)\nKidneys;x\n", "line 2: 'x' is no number"),
    ],
)
def test_that_every_fault_is_named(text: str, what: str) -> None:
    with pytest.raises(DosimetryError) as told:
        read(text, cycle=1, nuclide="Lu-177")
    assert what in told.value.line()
    assert "table.csv" in told.value.line()


@pytest.mark.parametrize("value", ["1.234", "1,234"])
def test_that_a_number_that_could_have_thousands_is_refused_unless_the_table_shows_its_decimal_sign(value: str) -> None:
    line = f"1;Kidney L;Lu-177;absorbed_dose;;{value};Gy"
    with pytest.raises(DosimetryError, match=r"can be read as 1234 or as 1\.234"):
        read(HEADING + line)
    other = "1;Kidney R;Lu-177;absorbed_dose;;" + value[:3] + ";Gy"
    assert [one.value for one in read(HEADING + f"{line}\n{other}")] == [1.234, 1.2]
    with pytest.raises(DosimetryError):
        read(HEADING.replace(";", ",") + '1,Kidney L,Lu-177,absorbed_dose,,"1,234",Gy')


def test_that_what_is_no_table_at_all_is_refused() -> None:
    with pytest.raises(DosimetryError, match="no table of one patient"):
        read("x" * (5 * 1024**2))
    with pytest.raises(DosimetryError, match="is no table"):
        read(HEADING + "1;" + "x" * 140_000 + ";a")


def test_that_an_organ_table_needs_its_cycle_and_nuclide() -> None:
    for more in ({"cycle": 1}, {"nuclide": "Lu-177"}):
        with pytest.raises(DosimetryError, match="of which cycle and nuclide"):
            read("Organ;Dose (mGy/MBq)\nKidneys;1\n", **more)


def test_that_other_letters_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DosimetryError, match="no UTF-8"):
        read_other_numbers("Węzeł;1".encode("cp1250"), where=str(tmp_path / "t.csv"))
    marked = (HEADING + "1;Węzeł;Lu-177;absorbed_dose;;1,5;Gy").encode("utf-16")
    assert read_other_numbers(marked, where="t.csv")[0].region == "Węzeł"


@pytest.mark.parametrize(
    "spelling", ["MBq·h", "MBq h", "MBq*h", "MBq.h", "MBq-h", "MBq⋅h", "MBq×h", "MBqh", "[MBq hr]"]
)
def test_that_a_unit_is_known_in_the_spellings_of_other_programs(spelling: str) -> None:
    (number,) = read(HEADING + f"1;Kidney L;177Lu;time_integrated_activity;;2;{spelling}")
    assert (number.value, number.nuclide) == (2 * 3600e6, "Lu-177")


@pytest.mark.parametrize("text", ["mBq·h", "MBq", "Mbq·h", "MBq·d", "Gy·h"])
def test_that_another_unit_is_not_taken_for_one_that_is_known(text: str) -> None:
    assert unit_of(text) not in QUANTITIES["time_integrated_activity"]


def test_that_lines_of_units_alone_below_the_titles_are_no_numbers() -> None:
    (number,) = read(HEADING + ";;;;;;[Gy]\n1;Kidney L;Lu-177;absorbed_dose;;4,25;Gy")
    assert number.value == 4.25
    lines = "Target Organ,Beta,Total\n,mGy/MBq,mGy/MBq\nKidneys,0.4,0.5\nTotal,4,5\n"
    (dose,) = read(lines, cycle=1, nuclide="177Lu")
    assert dose.nuclide == "Lu-177"
    assert dose.value == pytest.approx(0.5e-9)


def test_that_a_quoted_decimal_comma_stands_between_commas() -> None:
    (number,) = read('Target Organ,Total (mGy/MBq)\nKidneys,"0,52"\n', cycle=1, nuclide="Lu-177")
    assert number.value == pytest.approx(0.52e-9)


@pytest.mark.parametrize(
    "table",
    [
        "Source Organ,MBq-h/MBq\n{}",
        "Source Organ,Number of Disintegrations (MBq-h/MBq)\n{}",
        "Organ,Residence time (hr)\n{}",
        "Source Organ,TIAC\n,h\n{}",
    ],
)
def test_that_time_integrated_activity_coefficients_stand_beside_ours(evaluation: Evaluation, table: str) -> None:
    result = evaluation.cycles[0]
    left, right = (
        result.vois[name].fits["Lu-177"].time_integrated_activity_bq_s / 7400e6 / 3600
        for name in ("Kidney L", "Kidney R")
    )
    lines = f"Kidneys,{1.1 * (left + right):.9f}\nLeft kidney,{left:.9f}\nBrain,0.1\n"
    numbers = read(table.format(lines), cycle=1, nuclide="Lu-177")
    both, one, brain = compare_numbers(evaluation, numbers)
    assert both.relative_difference == pytest.approx(0.1, rel=1e-6)
    assert both.remark == "beside Kidney L, Kidney R"
    assert one.relative_difference == pytest.approx(0.0, abs=1e-6)
    assert one.remark == "beside Kidney L"
    assert one.own_standard_uncertainty is not None
    assert brain.own is None


def test_that_coefficients_beside_doses_are_not_mistaken_for_them() -> None:
    table = "Organ,TIAC (h),Total (mGy/MBq)\nKidneys,3.2,0.5\n"
    (number,) = read(table, cycle=1, nuclide="Lu-177")
    assert (number.quantity, number.value) == ("absorbed_dose_per_activity", pytest.approx(0.5e-9))


def test_that_a_kidney_s_dose_stands_beside_the_voi_of_that_side(evaluation: Evaluation) -> None:
    table = "Target Organ;Total (mGy/MBq)\nRight kidney;0,5\n"
    (found,) = compare_numbers(evaluation, read(table, cycle=1, nuclide="Lu-177"))
    own = evaluation.cycles[0].vois["Kidney R"].doses["Lu-177"].absorbed_dose_gy
    assert found.own == pytest.approx(own / 7400e6)
    assert found.remark == "beside Kidney R"
