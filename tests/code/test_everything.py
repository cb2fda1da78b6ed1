"""What holds for every reference file: a test of its own, a row in the table, a picture where it draws one."""

import ast
import struct
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "corpus" / "code").glob("*.py"))
PLOTS = ROOT / "corpus" / "plots"


def draws(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "plot" for node in body)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_is_tested_short_and_in_the_order_of_the_others(path: Path) -> None:
    assert (ROOT / "tests" / "code" / f"test_{path.name}").is_file()
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 200
    assert f"Run: python corpus/code/{path.name}" in (ast.get_docstring(ast.parse(text)) or "")
    names = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert set(names[-2:]) >= {"main"}  # the mechanism, then the demonstration


@pytest.mark.parametrize("path", [path for path in FILES if draws(path)], ids=lambda path: path.stem)
def test_its_picture_fits_a_page(path: Path) -> None:
    picture = (PLOTS / f"{path.stem}.png").read_bytes()
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(picture) < 80_000
    width, height = struct.unpack(">II", picture[16:24])
    assert width == 640
    assert height <= 640


def test_no_picture_is_left_of_a_file_that_draws_none() -> None:
    assert {path.stem for path in PLOTS.iterdir()} == {path.stem for path in FILES if draws(path)}


def test_the_table_names_every_file() -> None:
    table = (ROOT / "docs" / "reference-code.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip(" `") for line in table.splitlines() if line.startswith("| `")]
    assert rows == [path.stem for path in FILES]
