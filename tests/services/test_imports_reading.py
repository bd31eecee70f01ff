"""Files of other systems are read whatever they hold: in bounded memory, each fault told in one line."""

import io
import tracemalloc

import pytest

from domain.errors import BadInput
from services.imports.columns import Layout, aliases_of, read_choices, read_head, read_key
from services.imports.reading import Broken, Record, Records, survey

LAYOUT = Layout({"id": read_key, "name": read_key}, ("id", "name"), aliases_of(["id", "name"], [("姓名", "name")]))


def read(raw: bytes, encoding: str | None = None) -> list[Record | Broken]:
    """Return everything in a file."""
    file = io.BytesIO(raw)
    records = Records(file, survey(file, encoding).encoding)
    found = list(records)
    records.close()
    return found


def cells(raw: bytes, encoding: str | None = None) -> list[list[str]]:
    """Return the cells of a file without faults."""
    found = read(raw, encoding)
    assert not [record for record in found if isinstance(record, Broken)]
    return [record.cells for record in found if isinstance(record, Record)]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_any_usual_separator_and_cells_over_several_lines_are_read(separator: str) -> None:
    """A record knows its lines, and lines without words are passed over."""
    text = f'id{separator}name\r\n1{separator}"Ann\nLi"\n{separator}\n\n2{separator}"B""o"\r3{separator}Cy'
    found = read(text.encode())
    assert [(r.line, r.last_line) for r in found] == [(1, 1), (2, 3), (6, 6), (7, 7)]
    assert [r.cells[1] for r in found if isinstance(r, Record)] == ["name", "Ann\nLi", 'B"o', "Cy"]


def test_encodings_of_the_shops_programs_are_read() -> None:
    """UTF-8 with and without a mark, GB18030, and others when they are named."""
    for encoding in ("utf-8", "utf-8-sig", "gb18030"):
        assert cells("编号,姓名\n1,王小明".encode(encoding)) == [["编号", "姓名"], ["1", "王小明"]]
    for encoding in ("big5", "utf-16"):
        assert cells("編號,姓名\n1,王小明".encode(encoding), encoding) == [["編號", "姓名"], ["1", "王小明"]]


@pytest.mark.parametrize(
    ("raw", "encoding", "says"),
    [
        (b"", None, "the file is empty"),
        (b"PK\x03\x04....", None, "spreadsheet"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", None, "not a text file"),
        ("id,name".encode("utf-16"), None, "UTF-16"),
        (b"id,name\n1,\xff\xff\xff", None, "line 2: the text is neither UTF-8 nor GB18030"),
        ("id,name\n1,Ann\n2,王".encode("gb18030"), "utf-8", "line 3: the text is not utf-8"),
        (b"id,name", "utf-88", "--encoding: there is no encoding utf-88"),
        (b"id,name", "zip", "--encoding: there is no encoding zip"),
    ],
)
def test_what_is_no_text_is_told_in_one_line(raw: bytes, encoding: str | None, says: str) -> None:
    """A workbook, a picture, another encoding: not guessed at, and the line is named."""
    with pytest.raises(BadInput) as caught:
        read(raw, encoding)
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_damaged_utf8_file_is_not_taken_for_another_encoding() -> None:
    """GB18030 would read nearly anything, and every name of the file would be stored as nonsense."""
    raw = b"id,name\n" + "1,王小明明\n".encode() * 30 + "31,中\n".encode("gb18030")
    assert raw.decode("gb18030")
    with pytest.raises(BadInput, match="line 32: the text is not UTF-8 any more"):
        read(raw)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('2,"Bob', "never closed"),
        ('2,"Bo"b', "write it twice"),
        ("2,B\x00b", "zero byte"),
        ("2," + "B" * 70_000, "longer than 65,536 letters"),
        ('2,"' + "Bob\n" * 20_000, "not closed within 65,536 letters"),
    ],
)
def test_a_line_that_is_no_record_costs_only_itself(line: str, says: str) -> None:
    """The lines after it are read as they stand, with their own numbers."""
    raw = "id,name\n1,Ann\n" + "9,Zoe\n" * 1000 + line + "\n3,Cy\n4,Di\n"
    found = read(raw.encode())
    broken = [record for record in found if isinstance(record, Broken)]
    assert [(b.line, b.last_line) for b in broken] == [(1003, 1003)]
    assert says in broken[0].text
    assert len(broken[0].value) <= 80
    last = found[-1]
    assert isinstance(last, Record)
    assert (last.line, last.cells) == (raw.count("\n"), ["4", "Di"])


def test_a_quote_without_end_does_not_swallow_the_file() -> None:
    """However long the file, or the cell, or the line is: a few hundred kilobytes are held at most."""
    raw = b'id,name\n1,"Ann\n' + b"2,Bob\n" * 200_000 + b'3,"' + b"C" * 10_000_000 + b'"\n4,Di\n'
    file = io.BytesIO(raw)
    tracemalloc.start()
    records = Records(file, "utf-8")
    before = tracemalloc.get_traced_memory()[0]
    tracemalloc.reset_peak()
    count = sum(isinstance(record, Record) for record in records)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    records.close()
    assert count == 200_002
    assert peak < 3_000_000


def test_columns_are_named_by_option_where_the_head_line_does_not() -> None:
    """The option wins over the usual name, which is then a column nobody asked for."""
    chosen = read_choices(["name=Spalte 2"], LAYOUT)
    head = read_head(["ID", "姓名", "Spalte 2"], LAYOUT, chosen)
    assert head.places == ((0, "id"), (2, "name"))
    assert head.unknown == ("姓名",)


@pytest.mark.parametrize(
    ("head", "options", "says"),
    [
        (["name", "phone"], [], "there is no column id among name, phone; name one of them id"),
        (["id", "id", "name"], [], "id and id are both the id; choose one with --column id=HEADER"),
        (["id", "name"], ["name=Name2"], "--column: there is no column Name2 among id, name"),
        (["id", "a", "a"], ["name=a"], "more than one column a"),
        (["id", "name"], ["colour=a"], "a column is one of: id, name"),
        (["id", "name"], ["name"], "is not COLUMN=HEADER"),
        (["id", "name"], ["name=a", "name=b"], "name is named twice"),
    ],
)
def test_a_head_line_that_cannot_be_used_is_told_with_the_mend(head: list[str], options: list[str], says: str) -> None:
    """One line for the whole file."""
    with pytest.raises(BadInput) as caught:
        read_head(head, LAYOUT, read_choices(options, LAYOUT))
    assert says in str(caught.value)
