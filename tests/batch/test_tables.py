"""Tables in and out: every format, every encoding a spreadsheet writes, and what must never be run or lost."""

import csv
import io
import json
import os
import string
import sys
import time
import tracemalloc
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interviewer.batch import cells, open_table, read_table, write_table
from interviewer.batch import tables as module
from interviewer.batch.tables import ENDINGS, check_target
from interviewer.errors import TableError

ROWS = [
    {"answer": "梯度消失", "item_id": "q1", "学号": "007"},
    {"answer": 'he said "no", then; left', "item_id": "q2", "学号": "NA"},
    {"answer": "two\nlines", "item_id": "q3", "学号": ""},
]


def table(folder: Path, content: bytes | str, ending: str = ".csv") -> Path:
    path = folder / f"table{ending}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path) -> str:
    with pytest.raises(TableError) as error:
        read_table(path)
    message = str(error.value)
    assert str(path) in message
    assert "\n" not in message
    return message


# Reading csv and tsv


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_every_encoding_that_a_spreadsheet_writes_is_read(tmp_path, encoding):
    assert read_table(table(tmp_path, "answer,学号\n梯度消失,007\n".encode(encoding))) == [
        {"answer": "梯度消失", "学号": "007"}
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_and_the_line_ends_are_found_out(tmp_path, delimiter, end):
    lines = [delimiter.join(line) for line in (("answer", "item_id", "note"), ("a b", "q1", "x"), ("c", "q2", ""))]
    assert read_table(table(tmp_path, end.join(lines))) == [
        {"answer": "a b", "item_id": "q1", "note": "x"},
        {"answer": "c", "item_id": "q2", "note": ""},
    ]


def test_delimiters_inside_a_quoted_column_name_do_not_count(tmp_path):
    assert read_table(table(tmp_path, '"a;b;c;d",answer\n1,x\n')) == [{"a;b;c;d": "1", "answer": "x"}]
    assert read_table(table(tmp_path, '"a\n,,,b";answer\n1;x\n')) == [{"a\n,,,b": "1", "answer": "x"}]


def test_a_tsv_is_cut_at_tabs_only(tmp_path):
    assert read_table(table(tmp_path, "answer\titem_id,x;y\na,b;c\tq\n", ".tsv")) == [
        {"answer": "a,b;c", "item_id,x;y": "q"}
    ]


def test_quoted_cells_keep_line_ends_quotes_and_delimiters(tmp_path):
    text = 'answer,item_id\r\n"one\r\ntwo, ""three""\n",q1\r\n'
    assert read_table(table(tmp_path, text)) == [{"answer": 'one\r\ntwo, "three"\n', "item_id": "q1"}]


def test_everything_is_text_as_it_was_written(tmp_path):
    cells = ["007", "NA", "null", "1e5", " 2 ", "TRUE", "-", "#N/A"]
    assert [r["x"] for r in read_table(table(tmp_path, "x,y\n" + "".join(f"{c},.\n" for c in cells)))] == cells


def test_blank_lines_are_no_rows_wherever_they_stand(tmp_path):
    text = "\n\n,,\nanswer,item_id\n\nx,q1\n,\n\ny,q2\n\n\n"
    assert read_table(table(tmp_path, text)) == [{"answer": "x", "item_id": "q1"}, {"answer": "y", "item_id": "q2"}]


def test_a_short_row_is_filled_up(tmp_path):
    assert read_table(table(tmp_path, "answer,item_id,note\nx\n")) == [{"answer": "x", "item_id": "", "note": ""}]


def test_a_row_with_more_cells_than_columns_is_refused_with_its_line(tmp_path):
    message = refusal(table(tmp_path, 'answer,item_id\n"a\nb",q1\nc, and d,q2\n'))
    assert "line 4" in message  # the quoted cell takes lines 2 and 3
    assert "quotes" in message


def test_empty_columns_at_the_end_are_leftovers_and_dropped(tmp_path):
    assert read_table(table(tmp_path, "answer,item_id,,\nx,q1,,\n")) == [{"answer": "x", "item_id": "q1"}]


def test_a_column_without_a_name_is_kept_if_it_holds_something(tmp_path):
    # What pandas writes for its index.
    assert read_table(table(tmp_path, ",answer\n0,x\n")) == [{"": "0", "answer": "x"}]


def test_spaces_around_column_names_do_not_count(tmp_path):
    assert read_table(table(tmp_path, "answer , item_id\nx,q1\n")) == [{"answer": "x", "item_id": "q1"}]


@pytest.mark.parametrize("text", ['answer,item_id\n"open,q1\nb,q2\n', 'answer,item_id\n"a" b,q1\n'])
def test_a_broken_quote_is_refused_and_swallows_no_rows(tmp_path, text):
    message = refusal(table(tmp_path, text))
    assert "line 2" in message
    assert "quotes" in message


@pytest.mark.parametrize(
    "content",
    [b"answer,x\n\xff\xff\xff,b\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), b"answer,x\na\0b,q\n", b"\xff\xfea\0n"],
    ids=["invalid", "picture", "nul", "half a utf-16 unit"],
)
def test_what_is_no_text_is_refused(tmp_path, content):
    assert "UTF-8" in refusal(table(tmp_path, content))


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
@pytest.mark.parametrize("content", [b"", b"\n \n", b"\xef\xbb\xbf"])
def test_an_empty_file_has_no_rows(tmp_path, ending, content):
    assert "no rows" in refusal(table(tmp_path, content, ending))


def test_a_header_alone_has_no_rows(tmp_path):
    assert "no rows" in refusal(table(tmp_path, "answer,item_id\n"))


def test_an_endless_cell_is_refused(tmp_path):
    message = refusal(table(tmp_path, b'answer,x\n"' + b"y" * ((1 << 24) + 1) + b'",q\n'))
    assert "line 2" in message


def test_a_cell_of_a_hundred_thousand_characters_is_read_whole(tmp_path):
    assert read_table(table(tmp_path, "answer,x\n" + "字" * 100_000 + ",q\n"))[0]["answer"] == "字" * 100_000


# Reading jsonl


def test_jsonl_values_become_text_with_their_json_spelling(tmp_path):
    line = '{"answer": "a\u2028b", "n": 1, "f": 1.5, "none": null, "yes": true, "l": [1, "二"], "o": {"k": "值"}}\n'
    assert read_table(table(tmp_path, line + "\r\n" + '{"answer": "y"}', ".jsonl")) == [
        {"answer": "a\u2028b", "n": "1", "f": "1.5", "none": "", "yes": "true", "l": '[1, "二"]', "o": '{"k": "值"}'},
        {"answer": "y"},
    ]


@pytest.mark.parametrize(
    "line",
    ['{"answer"', "[1]", '"text"', "null", "[" * 100_000, '{"n": ' + "1" * 5000 + "}", "answer,item_id"],
    ids=["cut", "list", "string", "null", "deep", "endless number", "csv"],
)
def test_a_line_that_is_no_json_object_is_refused_with_its_number(tmp_path, line):
    assert "line 3" in refusal(table(tmp_path, '{"answer": "x"}\n\n' + line, ".jsonl"))


def test_what_no_table_can_hold_is_taken_out(tmp_path):
    line = r'{"answer": "a\u0000b \ud83d c \ud83d\ude42", "k\u0000": "v"}'
    assert read_table(table(tmp_path, line, ".jsonl")) == [{"answer": "ab \ufffd c 🙂", "k": "v"}]


# Reading xlsx and parquet


def test_xlsx_cells_are_text(tmp_path):
    frame = pd.DataFrame({"answer": ["梯度", None], "id": ["007", "NA"], "n": [1, 2], "f": [1.5, None]})
    frame.to_excel(tmp_path / "t.xlsx", index=False)
    assert read_table(tmp_path / "t.xlsx") == [
        {"answer": "梯度", "id": "007", "n": "1", "f": "1.5"},
        {"answer": "", "id": "NA", "n": "2", "f": ""},
    ]


def sheet(path: Path, *lines: tuple) -> Path:
    import openpyxl

    book = openpyxl.Workbook()
    for line in lines:
        book.active.append(line)
    book.save(path)
    book.close()
    return path


def test_blank_lines_and_leftover_columns_of_a_sheet_are_dropped(tmp_path):
    path = sheet(tmp_path / "t.xlsx", (), ("answer", "item_id", None), ("x", "q1"), ("", ""), ("y", "q2", ""))
    assert read_table(path) == [{"answer": "x", "item_id": "q1"}, {"answer": "y", "item_id": "q2"}]


def test_parquet_keeps_whole_numbers_whole_and_reads_any_type(tmp_path):
    import datetime

    import pyarrow
    import pyarrow.parquet

    columns = {
        "answer": ["梯度", None],
        "n": pyarrow.array([7, None], pyarrow.int64()),
        "f": [0.5, float("nan")],
        "day": [datetime.date(2026, 1, 2), None],
        "raw": ["值".encode(), None],
        "list": [["a", "二"], None],
        "yes": [True, None],
    }
    pyarrow.parquet.write_table(pyarrow.table(columns), tmp_path / "t.parquet")
    assert read_table(tmp_path / "t.parquet") == [
        {
            "answer": "梯度",
            "n": "7",
            "f": "0.5",
            "day": "2026-01-02",
            "raw": "值",
            "list": '["a", "二"]',
            "yes": "true",
        },
        dict.fromkeys(columns, ""),
    ]


@pytest.mark.parametrize("content", [b"", b"not what it says", b"PK\x03\x04" + b"\0" * 60, b"PAR1" + b"\0" * 60])
@pytest.mark.parametrize("ending", [".xlsx", ".parquet"])
def test_a_binary_table_that_is_none_is_refused_in_one_line(tmp_path, ending, content):
    assert f"not a readable {ending[1:]} file" in refusal(table(tmp_path, content, ending))


def test_without_its_library_a_format_names_the_extra(tmp_path, monkeypatch):
    path = table(tmp_path, b"x", ".parquet")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(TableError, match=r"pip install 'interviewer\[tables\]'"):
        read_table(path)


# Reading anything


def repeated(folder: Path, ending: str) -> Path:
    path = folder / f"t{ending}"
    if ending == ".xlsx":
        return sheet(path, ("answer", "answer", "item_id"), ("a", "b", "c"))
    if ending == ".parquet":
        import pyarrow
        import pyarrow.parquet

        arrays = [pyarrow.array([c]) for c in "abc"]
        pyarrow.parquet.write_table(pyarrow.Table.from_arrays(arrays, ["answer", "answer", "item_id"]), path)
        return path
    return table(folder, "answer\tanswer\titem_id\na\tb\tc\n".replace("\t", "\t" if ending == ".tsv" else ","), ending)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx", ".parquet"])
def test_a_column_that_occurs_twice_is_refused(tmp_path, ending):
    assert "'answer' occurs twice" in refusal(repeated(tmp_path, ending))


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_missing_file_and_a_folder_are_refused(tmp_path, ending):
    assert "No such file" in refusal(tmp_path / f"none{ending}")
    (tmp_path / f"folder{ending}").mkdir()
    assert "directory" in refusal(tmp_path / f"folder{ending}")


@pytest.mark.parametrize("name", ["t.xls", "t.txt", "t", "t.csv.gz", ".csv"])
def test_an_unknown_ending_is_refused_with_the_known_ones(tmp_path, name):
    (tmp_path / name).write_text("answer,item_id\nx,q\n")
    message = refusal(tmp_path / name)
    assert all(ending in message for ending in ENDINGS)


def test_the_ending_may_be_in_capitals(tmp_path):
    assert read_table(table(tmp_path, "answer,x\na,b\n", ".CSV")) == [{"answer": "a", "x": "b"}]


# Writing


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_is_written_is_read_back_in_every_format(tmp_path, ending):
    path = tmp_path / f"输出 out{ending}"
    write_table(path, ROWS, ["answer", "item_id", "学号"])
    assert read_table(path) == ROWS
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


CELLS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl"])
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=4))
def test_any_text_survives_a_round_trip_up_to_the_mark_on_formulae(tmp_path, ending, rows):
    path = tmp_path / f"t{ending}"
    given_rows = [{"a": a, "b": b, "id": str(n)} for n, (a, b) in enumerate(rows)]
    write_table(path, given_rows, ["a", "b", "id"])
    back = read_table(path)
    assert len(back) == len(given_rows)
    for before, after in zip(given_rows, back, strict=True):
        for column in ("a", "b", "id"):
            marked = "'" + before[column]
            assert after[column] == before[column] or (ending != ".jsonl" and after[column] == marked)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(CELLS, min_size=1, max_size=4))
def test_a_csv_written_twice_from_its_own_output_does_not_change(tmp_path, rows):
    write_table(tmp_path / "1.csv", [{"a": a, "id": "x"} for a in rows], ["a", "id"])
    write_table(tmp_path / "2.csv", read_table(tmp_path / "1.csv"), ["a", "id"])
    assert (tmp_path / "2.csv").read_bytes() == (tmp_path / "1.csv").read_bytes()


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
@pytest.mark.parametrize(
    "cell",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", "－1", "＠x", "+inf", "-"],
)
def test_what_a_spreadsheet_would_run_is_marked_as_text(tmp_path, ending, cell):
    path = tmp_path / f"t{ending}"
    write_table(path, [{"answer": cell, "=name()": "x"}], ["answer", "=name()"])
    (row,) = read_table(path)
    assert row["answer"][0] == "'"
    assert "'=name()" in row


@pytest.mark.parametrize("cell", ["-1", "+2.5", "-1e-3", "0.0", "a=b", "x-y", "'=1", "①", "·列表"])
@pytest.mark.parametrize("ending", [".csv", ".tsv", ".xlsx"])
def test_numbers_and_plain_text_are_not_marked(tmp_path, ending, cell):
    path = tmp_path / f"t{ending}"
    write_table(path, [{"answer": cell}], ["answer"])
    assert read_table(path) == [{"answer": cell}]


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_formats_that_nobody_runs_are_not_marked(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, [{"answer": "=1+1"}], ["answer"])
    assert read_table(path) == [{"answer": "=1+1"}]


def test_no_cell_of_an_xlsx_is_a_formula(tmp_path):
    import openpyxl

    write_table(tmp_path / "t.xlsx", [{"answer": "=1+1", "=x": "＝2"}], ["answer", "=x"])
    book = openpyxl.load_workbook(tmp_path / "t.xlsx")
    assert {cell.data_type for line in book.active.iter_rows() for cell in line} == {"s"}
    book.close()


def test_a_csv_has_the_mark_that_excel_needs_and_a_tsv_has_not(tmp_path):
    for ending, start in ((".csv", b"\xef\xbb\xbfanswer"), (".tsv", b"answer")):
        write_table(tmp_path / f"t{ending}", ROWS, ["answer"])
        assert (tmp_path / f"t{ending}").read_bytes().startswith(start)


def test_a_csv_is_what_other_readers_understand(tmp_path):
    write_table(tmp_path / "t.csv", [{"a": "x\ry", "b": 'p"q,\n'}], ["a", "b"])
    text = (tmp_path / "t.csv").read_bytes().decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["a", "b"], ["x\ry", 'p"q,\n']]


def test_a_jsonl_is_one_object_a_line_with_readable_chinese(tmp_path):
    write_table(tmp_path / "t.jsonl", ROWS, ["answer", "学号"])
    lines = (tmp_path / "t.jsonl").read_text(encoding="utf-8").split("\n")
    assert json.loads(lines[2]) == {"answer": "two\nlines", "学号": ""}
    assert "梯度消失" in lines[0]
    assert lines[3:] == [""]


def test_what_excel_cannot_hold_is_taken_out_or_cut_with_a_mark(tmp_path):
    write_table(tmp_path / "t.xlsx", [{"a": "x" * 40_000, "b": "b\x0bell\x07\ufffe", "c": "\ud800"}], ["a", "b", "c"])
    (row,) = read_table(tmp_path / "t.xlsx")
    assert row["a"] == "x" * 32_766 + "…"
    assert row["b"] == "bell"
    assert row["c"] == "\ufffd"


@pytest.mark.parametrize("ending", ENDINGS)
def test_halves_of_surrogate_pairs_and_nul_do_not_stop_the_writing(tmp_path, ending):
    path = tmp_path / f"t{ending}"
    write_table(path, [{"a": "x\ud800\0y"}], ["a"])
    assert read_table(path) == [{"a": "x\ufffdy"}]


def test_the_output_can_be_read_by_whoever_may_read_new_files(tmp_path):
    (tmp_path / "plain").write_text("x")
    write_table(tmp_path / "t.csv", ROWS, ["answer"])
    assert (tmp_path / "t.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_columns_are_written_in_the_order_asked_and_missing_cells_are_empty(tmp_path):
    write_table(tmp_path / "t.csv", [{"b": "2"}, {"a": "1", "unasked": "x"}], ["b", "a"])
    assert (tmp_path / "t.csv").read_text(encoding="utf-8-sig") == "b,a\n2,\n,1\n"


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failed_write_keeps_the_old_file_and_leaves_nothing_else(tmp_path, ending, monkeypatch):
    path = table(tmp_path, b"old", ending)

    def full(source: Path, *_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(TableError, match="No space left on device"):
        write_table(path, ROWS, ["answer"])
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path):
    path = tmp_path / ("x" * 251 + ".csv")
    write_table(path, ROWS, ["answer"])
    assert path.is_file()


def test_a_place_that_is_none_is_refused_before_anything_is_done(tmp_path, monkeypatch):
    (tmp_path / "folder.csv").mkdir()
    for path, words in (
        (tmp_path / "no" / "t.csv", "make it first"),
        (tmp_path / "folder.csv", "is a folder"),
        (tmp_path / "t.doc", "unknown kind"),
    ):
        with pytest.raises(TableError, match=words):
            check_target(path)
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    for ending in (".xlsx", ".parquet"):
        with pytest.raises(TableError, match=r"interviewer\[tables\]"):
            check_target(tmp_path / f"t{ending}")
    check_target(tmp_path / "t.csv")


@given(st.text(string.printable + "＝－梯", max_size=8))
def test_a_marked_cell_is_the_cell_with_one_apostrophe_and_no_formula_is_left(cell):
    marked = cells.harmless(cell)
    assert marked in (cell, "'" + cell)
    if marked[:1] in ("=", "@", "\t", "\r", "\n", "＝", "－"):
        raise AssertionError(f"{marked!r} would be run")
    if marked[:1] in ("+", "-"):
        float(marked)


# Size


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_memory_does_not_grow_with_a_table(tmp_path, ending):
    count = 12_000
    path = tmp_path / f"t{ending}"
    tracemalloc.start()
    try:
        write_table(path, ({"answer": f"{n:06d}" * 100, "id": str(n)} for n in range(count)), ["answer", "id"])
        opened = open_table(path)
        assert sum(len(row["answer"]) for row in opened) == 600 * count
        assert tracemalloc.get_traced_memory()[1] < 600 * count
    finally:
        tracemalloc.stop()
    assert (opened.rows, opened.columns, opened.unchanged) == (count, ("answer", "id"), True)


def test_a_sheet_holds_no_more_rows_than_a_sheet_holds(tmp_path):
    check_target(tmp_path / "t.xlsx", 1_048_575)
    with pytest.raises(TableError, match=r"holds 1,048,575 rows and there are 1,048,576; write \.csv"):
        check_target(tmp_path / "t.xlsx", 1_048_576)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_same_rows_are_the_same_bytes_whenever_they_are_written(tmp_path, ending):
    for name in ("1", "2"):
        write_table(tmp_path / f"{name}{ending}", ROWS, ["answer", "item_id", "学号"])
        time.sleep(0.01 if ending != ".xlsx" else 1.1)  # a workbook knows seconds
    assert (tmp_path / f"1{ending}").read_bytes() == (tmp_path / f"2{ending}").read_bytes()


# What spreadsheets leave behind


@pytest.mark.parametrize("sign", [";", ",", "|"])
def test_excel_s_own_line_about_the_delimiter_is_no_row(tmp_path, sign):
    text = f"\ufeffsep={sign}\r\nanswer{sign}item_id\r\nx{sign}q1\r\n"
    assert read_table(table(tmp_path, text)) == [{"answer": "x", "item_id": "q1"}]
    broken = table(tmp_path, f'sep={sign}\nanswer{sign}item_id\n"x{sign}q1\n')
    assert "line 3" in refusal(broken)


def test_a_sheet_s_fractions_that_are_whole_numbers_are_written_as_such(tmp_path):
    assert read_table(sheet(tmp_path / "t.xlsx", ("a", "b"), (7.0, 7.5))) == [{"a": "7", "b": "7.5"}]


@pytest.mark.parametrize(
    ("start", "ending"),
    [
        (b"PK\x03\x04..", ".xlsx"),
        (b"PAR1..", ".parquet"),
        (b'\xef\xbb\xbf \n{"a": 1}', ".jsonl"),
        (b"a,b", ".csv"),
        (b"", ".csv"),
    ],
)
def test_what_is_piped_in_is_known_by_its_start(start, ending):
    assert module.kind_of(start) == ending
