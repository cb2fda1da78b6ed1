"""Tables in many files: what counts as one, what is refused before anything is graded, and that cells stay text."""

import pyarrow
import pyarrow.parquet
import pytest

from interviewer.batch.cluster import grade_on_ray
from interviewer.batch.shards import check_empty, errors_of, mark_complete, open_shards, read_shards
from interviewer.batch.tables import open_table
from interviewer.errors import InputError, TableError
from tests.batch.workers import Small


def test_a_folder_of_csv_gives_the_rows_that_its_files_give_one_by_one(tmp_path):
    (tmp_path / "below").mkdir()
    (tmp_path / "b.csv").write_text('\ufeffid, answer \n007,"two\nlines, ""quoted"""\n,\n\n', encoding="utf-8")
    (tmp_path / "a.csv").write_text("id, answer \nNA,\n1e3,true\n", encoding="utf-8")
    (tmp_path / "below" / "c.csv").write_text("id, answer \n", encoding="utf-8")
    for left_out in ("_SUCCESS", ".hidden.csv"):
        (tmp_path / left_out).write_text("x", encoding="utf-8")
    table = open_shards(f"file://{tmp_path}")
    rows = list(read_shards(table))
    assert rows == [*open_table(tmp_path / "a.csv"), *open_table(tmp_path / "b.csv")]
    assert [r["id"] for r in rows] == ["NA", "1e3", "007"]
    assert (table.rows, table.columns) == (3, ("id", "answer"))


def test_parquet_of_any_type_is_text_as_the_local_reader_has_it(tmp_path):
    found = pyarrow.table(
        {"answer": ["a", None], "n": [1, 2], "x": [0.5, None], "list": [[1], None], "flag": [True, None]}
    )
    pyarrow.parquet.write_table(found, tmp_path / "one.parquet")
    table = open_shards(str(tmp_path / "one.parquet"))
    assert list(read_shards(table)) == list(open_table(tmp_path / "one.parquet"))
    assert table.rows == 2


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({}, "found none"),
        ({"a.csv": "answer,id\nx,1\n", "b.parquet": "x"}, "all of one kind"),
        ({"a.xlsx": "x"}, "found .xlsx"),
        ({"a.csv": "answer,id\nx,1\n", "b.csv": "answer,name\nx,1\n"}, "b.csv has other columns than a.csv"),
        ({"a.csv": "answer,answer\nx,1\n"}, "occurs twice"),
        ({"a.csv": "answer,id\n"}, "has no rows"),
        ({"a.csv": "answer,id\nx\n"}, "Expected 2 columns, got 1"),
        ({"a.csv": ""}, "Empty CSV"),
        ({"a.parquet": "no parquet"}, "in"),
    ],
)
def test_what_is_no_table_is_refused_in_a_line(tmp_path, files, said):
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(TableError) as error:
        open_shards(str(tmp_path))
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("place", ["nothing/here", "nosuch://bucket/x", "file://[/x"])
def test_a_place_that_is_none_is_an_error(place):
    with pytest.raises(TableError):
        open_shards(place)


def test_where_something_lies_nothing_is_written(tmp_path):
    check_empty(str(tmp_path / "new"))
    check_empty(str(tmp_path))
    mark_complete(str(tmp_path))
    for taken in (tmp_path, tmp_path / "_SUCCESS"):
        with pytest.raises(TableError, match="holds something already"):
            check_empty(str(taken))


def test_errors_are_counted(tmp_path):
    (tmp_path / "a.csv").write_text("score,error\n1,\n,no such item\n,x\n", encoding="utf-8")
    pyarrow.parquet.write_table(pyarrow.table({"error": ["", "x"]}), tmp_path / "a.parquet")
    assert errors_of(open_shards(str(tmp_path / "a.csv"))) == 2
    assert errors_of(open_shards(str(tmp_path / "a.parquet"))) == 1


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("out.xlsx", "a folder of .parquet or .csv"),
        ("in/out", "would lie in the input"),
        ("out", "needs a column `answer`"),
    ],
)
def test_what_would_fail_on_ray_fails_before_it_is_started(tmp_path, target, said):
    pytest.importorskip("ray")
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_text("x\n1\n", encoding="utf-8")
    with pytest.raises((TableError, InputError), match=said):
        grade_on_ray(Small(tmp_path), str(tmp_path / "in"), str(tmp_path / target))
