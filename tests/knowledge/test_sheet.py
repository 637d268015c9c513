"""Tables: a row that cannot be used is named, the others stay."""

import pytest

from knowledge.formats import sheet
from knowledge.plainyaml import Unreadable

ENTRIES = "id,question,answer\n"


@pytest.mark.parametrize(
    ("table", "texts", "broken"),
    [
        ("question,answer\nHail?,Yes.\nRain?,\n,No.\n", ["Yes.", "No."], (3, "no 'answer'")),
        (
            "office;phone\nParis;1\nRome\nBonn;2\n",
            ["office: Paris; phone: 1", "office: Bonn; phone: 2"],
            (3, "expected 2 columns, found 1"),
        ),
    ],
)
def test_a_bad_row_is_named_in_tables_without_ids_too(
    table: str, texts: list[str], broken: tuple[int, str]
) -> None:
    parsed = sheet.read(table.encode())
    assert [section.text for section in parsed.sections] == texts
    assert parsed.broken == (broken,)


@pytest.mark.parametrize(
    ("rows", "ids", "broken"),
    [
        ('a,b,"c" d\ne,f,g\n', ["e"], (2, "not CSV: ',' expected after '\"'")),
        ('a,b,"c\nd,e,"f"\ng,h,i\n', ["g"], (2, "not CSV: ',' expected after '\"' (to line 3)")),
        ('a,b,c\nd,e,"f\ng,h,i\n', ["a"], (3, "not CSV: unexpected end of data (to line 4)")),
        ('"\na",b,"c\n"\n\nd,e\nf,g,h\n', ["a", "f"], (6, "expected 3 columns, found 2")),
    ],
)
def test_a_row_is_named_by_its_first_line(
    rows: str, ids: list[str], broken: tuple[int, str]
) -> None:
    parsed = sheet.read((ENTRIES + rows).encode())
    assert [row.id for row in parsed.rows] == ids
    assert parsed.broken == (broken,)


def test_of_very_many_bad_rows_the_first_are_named() -> None:
    parsed = sheet.read((ENTRIES + "a,b,\n" * 90 + "c,d,e,\nf,g,h\n").encode())
    assert [row.id for row in parsed.rows] == ["f"]
    assert [line for line, _ in parsed.broken] == [*range(2, 53)]
    assert parsed.broken[-1] == (52, "41 more rows from here on cannot be used")


@pytest.mark.parametrize(
    ("table", "reason"),
    [("\na,b\n", "no header"), (",,\na,b,c\n", "no header"), ('id,"question\na,b\n', "not CSV")],
)
def test_a_table_without_a_header_is_refused(table: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason) as error:
        sheet.read(table.encode())
    assert error.value.line == 1
