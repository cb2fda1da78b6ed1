"""Folders of item files → one `Corpus`.

A folder holds `items/*.yaml` (or the files directly), and may hold `code/*.py` and `sources.yaml`. Folders are read in
order and a later one wins where ids meet, so a user can replace an item of ours.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from interviewer.corpus import code
from interviewer.corpus.check import Complaint, Finding, corpus_findings, field_name, item_findings
from interviewer.corpus.parse import Parser
from interviewer.corpus.yaml_file import Path_, YamlError, YamlFile, read_yaml
from interviewer.errors import CorpusError, UnknownItem
from interviewer.schema import Bilingual, CodeRef, Item, Reference, Topic

_SHOWN = 8  # complaints listed in an error's one line; `corpus check` lists all


@dataclass(frozen=True, slots=True)
class Corpus:
    """All items, by id in file order, with what they cite and link to."""

    items: Mapping[str, Item]
    topics: Mapping[str, Topic]
    references: Mapping[str, Reference]
    rows: Mapping[str, tuple[str, ...]]
    """Which items answer each row of the source documents, e.g. "d2.10" → ("dilated-convolution",)."""
    code_folders: Mapping[str, Path]
    """Folder of each code file that an item links to, by file name."""
    hash: str
    """SHA-256 over the content of every file read."""

    def item(self, item_id: str) -> Item:
        """The item of that id.

        Raises:
            UnknownItem: there is none; the message names similar ids.
        """
        found = self.items.get(item_id)
        if found is None:
            import difflib

            near = difflib.get_close_matches(item_id, self.items, n=3, cutoff=0.5)
            hint = f"; did you mean {', '.join(near)}?" if near else "; `interviewer corpus list` shows all"
            raise UnknownItem(f"no item {item_id!r}{hint}")
        return found

    def code_path(self, ref: CodeRef) -> Path:
        """The file that a code link opens."""
        return self.code_folders[ref.file] / ref.file

    def source_of(self, ref: CodeRef) -> str:
        """The text of the linked symbol."""
        return code.source_of(ref, self.code_folders[ref.file])


def shipped_folder() -> Path:
    """The corpus that comes with the program: in the installed package, or beside it in a checkout."""
    package = Path(__file__).resolve().parent.parent
    installed = package / "_corpus"
    return installed if installed.is_dir() else package.parent / "corpus"


def load_corpus(*folders: Path) -> Corpus:
    """Read and validate.

    Raises:
        CorpusError: a folder is missing or a rule is broken; the message says where.
    """
    reader = _read(folders or (shipped_folder(),))
    if reader.complaints:
        shown = "; ".join(str(c) for c in reader.complaints[:_SHOWN])
        more = len(reader.complaints) - _SHOWN
        tail = f"; and {more} more: `interviewer corpus check` lists them" if more > 0 else ""
        raise CorpusError(f"the corpus cannot be used: {shown}{tail}")
    return reader.corpus()


def check_folders(*folders: Path) -> tuple[Corpus, list[Complaint]]:
    """What could be read, and everything wrong with it."""
    reader = _read(folders or (shipped_folder(),))
    return reader.corpus(), reader.complaints


@dataclass(slots=True)
class _Reader:
    items: dict[str, Item] = field(default_factory=dict)
    topics: dict[str, Topic] = field(default_factory=dict)
    references: dict[str, Reference] = field(default_factory=dict)
    rows: dict[str, tuple[str, ...]] = field(default_factory=dict)
    code_folders: dict[str, Path] = field(default_factory=dict)
    complaints: list[Complaint] = field(default_factory=list)
    places: dict[str, tuple[str, YamlFile, Path_]] = field(default_factory=dict)
    digest: Any = field(default_factory=hashlib.sha256)

    def complain(self, name: str, file: YamlFile | None, path: Path_, message: str, item_id: str = "") -> None:
        line = file.line(path) if file else 1
        inside = field_name(path[2:] if item_id else path)
        self.complaints.append(Complaint(name, line, f"{item_id}.{inside}" if item_id else inside, message))

    def corpus(self) -> Corpus:
        view = MappingProxyType
        return Corpus(
            view(self.items), view(self.topics), view(self.references), view(self.rows), view(self.code_folders),
            self.digest.hexdigest(),
        )  # fmt: skip


def _read(folders: Sequence[Path]) -> _Reader:
    reader = _Reader()
    for folder in folders:
        _read_folder(reader, folder)
    for item_id, (path, message) in corpus_findings(reader.items, reader.references, reader.rows):
        if item_id:
            name, file, root = reader.places[item_id]
            reader.complain(name, file, (*root, *path), message, item_id)
        else:
            reader.complain("sources.yaml", None, path, message)
    reader.complaints.sort()
    return reader


def _read_folder(reader: _Reader, folder: Path) -> None:
    if not folder.is_dir():
        reader.complain(str(folder), None, (), "is not a folder")
        return
    home = folder / "items" if (folder / "items").is_dir() else folder
    files = sorted(p for p in home.glob("*.yaml") if p.name != "sources.yaml")
    if not files:
        reader.complain(str(home), None, (), "holds no item files (*.yaml)")
    sources = folder / "sources.yaml"
    if sources.is_file():
        _read_sources(reader, sources)
    seen: dict[str, str] = {}
    for path in files:
        _read_items(reader, path, folder / "code", seen)


def _open(reader: _Reader, path: Path) -> YamlFile | None:
    try:
        file = read_yaml(path)
    except YamlError as error:
        reader.complaints.append(Complaint(path.name, error.line, "file", str(error)))
        return None
    reader.digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return file


def _read_sources(reader: _Reader, path: Path) -> None:
    file = _open(reader, path)
    if file is None:
        return
    parser = Parser()
    found = parser.mapping(file.data, (), {"references", "rows"})
    for key, value in parser.mapping(
        found.get("references") or {}, ("references",), set(found.get("references") or {})
    ).items():
        where: Path_ = ("references", key)
        entry = parser.mapping(value, where, {"title", "authors", "year", "url"})
        year = entry.get("year")
        title, authors, url = (parser.string(entry.get(k), (*where, k)) for k in ("title", "authors", "url"))
        if not title:
            parser.say((*where, "title"), "is missing")
        reader.references[key] = Reference(key, title, authors, year if isinstance(year, int) else None, url)
    for row, ids in (found.get("rows") or {}).items():
        reader.rows[row] = parser.each(ids, ("rows", row), parser.string)
    for where, message in parser.complaints:
        reader.complain(path.name, file, where, message)


def _read_items(reader: _Reader, path: Path, code_folder: Path, seen: dict[str, str]) -> None:
    file = _open(reader, path)
    if file is None:
        return
    parser = Parser()
    found = parser.mapping(file.data, (), {"topic", "title", "overview", "items"})
    topic = parser.string(found.get("topic"), ("topic",)) or path.stem
    title = parser.bilingual(found.get("title"), ("title",))
    overview = parser.bilingual(found.get("overview"), ("overview",))
    if topic not in reader.topics or title != Bilingual():
        reader.topics[topic] = Topic(topic, title if title != Bilingual() else Bilingual(topic, topic), overview)
    entries = found.get("items")
    if not isinstance(entries, list) or not entries:
        parser.say(("items",), "expected a list of items")
        entries = []
    for i, entry in enumerate(entries):
        _add_item(reader, parser, file, path.name, entry, ("items", i), topic, code_folder, seen)
    for where, message in parser.complaints:
        inside = where[:2] if where[:1] == ("items",) and len(where) > 1 else ()
        item_id = _id_at(file, inside)
        reader.complain(path.name, file, where, message, item_id)


def _id_at(file: YamlFile, path: Path_) -> str:
    if not path or not isinstance(path[1], int):
        return ""
    entry = file.data["items"][path[1]]
    return str(entry.get("id", "")) if isinstance(entry, dict) else ""


def _add_item(
    reader: _Reader,
    parser: Parser,
    file: YamlFile,
    name: str,
    entry: Any,
    path: Path_,
    topic: str,
    code_folder: Path,
    seen: dict[str, str],
) -> None:
    item, links = parser.item(entry, path, topic)
    if item.id in seen:
        parser.say((*path, "id"), f"{item.id!r} is already used in {seen[item.id]}")
        return
    seen[item.id] = name
    findings: list[Finding] = list(item_findings(item))
    refs: list[CodeRef] = []
    for i, link in enumerate(links):
        try:
            refs.append(code.resolve(link, code_folder))
        except code.BrokenLink as error:
            findings.append((("code", i), str(error)))
    for where, message in findings:
        parser.say((*path, *where), message)
    for ref in refs:
        reader.code_folders[ref.file] = code_folder
    reader.items[item.id] = replace(item, code=tuple(refs))
    reader.places[item.id] = (name, file, path)
