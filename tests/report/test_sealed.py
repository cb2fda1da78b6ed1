"""Reading a report back: whole records only, and one line about anything else."""

import json
from base64 import b64encode
from zlib import compress

import jsonschema
import pytest

from interviewer.errors import InputError
from interviewer.report import read_record, sealed, to_json, write
from interviewer.report.shapes import SHAPES, json_schema


@pytest.mark.parametrize("name", ["r.json", "r.html", "R.HTML"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_was_written_is_read_back(kit, tmp_path, name, language):
    corpus, debrief = kit.full(tmp_path, language)
    write(debrief, corpus, tmp_path / name)
    assert read_record(tmp_path / name) == ("debrief", json.loads(to_json(debrief)))


def test_a_debrief_fits_its_schema_and_a_damaged_one_does_not(kit, tmp_path):
    record = json.loads(to_json(kit.full(tmp_path)[1]))
    schema = json_schema("debrief")
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(record, schema)
    record["questions"][0]["grade"]["verdict"] = "brilliant"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(record, schema)


def test_the_published_schemas_are_the_present_ones():
    from pathlib import Path

    folder = Path(__file__).parents[2] / "docs" / "schemas"
    published = {p.name: json.loads(p.read_text(encoding="utf-8")) for p in folder.glob("*.json")}
    assert published == {f"{name}-1.json": json_schema(name) for name in SHAPES}


def page_with(content: str) -> bytes:
    return f'<html><head><meta name="interviewer-record" content="{content}"></head></html>'.encode()


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("r.md", b"# x", r"only \.html, \.pdf and \.json"),
        ("r.json", b"", "no report of this program"),
        ("r.json", b"[1]", "no report of this program"),
        ("r.json", b"\xff\xfe", "no report of this program"),
        ("r.json", b'{"schema": "interviewer.debrief/2"}', "or one of a newer version"),
        ("r.json", b'{"schema": "interviewer.debrief/1", "score": "high"}', r"no report of this program: \w+"),
        ("r.html", b"<p>hello</p>", "carries no record"),
        ("r.html", page_with("!!!"), "the record in r.html is damaged"),
        ("r.html", page_with("AAAA"), "the record in r.html is damaged"),
        ("r.html", page_with(b64encode(compress(b"{}")).decode()[:-8]), "the record in r.html is damaged"),
        ("r.html", page_with(sealed.sealed("{}")), "no report of this program"),
        ("r.pdf", b"%PDF-1.7\nnot really", "cannot be read as a PDF|carries no record"),
    ],
)
def test_anything_else_is_one_line(tmp_path, name, content, complaint):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=complaint) as caught:
        read_record(tmp_path / name)
    assert "\n" not in str(caught.value)


def test_a_record_that_would_fill_the_memory_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "LARGEST", 1000)
    (tmp_path / "r.html").write_bytes(page_with(sealed.sealed(" " * 100_000)))
    with pytest.raises(InputError, match="damaged"):
        read_record(tmp_path / "r.html")


def test_a_file_that_is_too_large_or_not_there_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(sealed, "LARGEST", 10)
    (tmp_path / "r.json").write_bytes(b" " * 11)
    with pytest.raises(InputError, match="larger than any report"):
        read_record(tmp_path / "r.json")
    with pytest.raises(InputError, match="cannot read"):
        read_record(tmp_path / "none.json")
