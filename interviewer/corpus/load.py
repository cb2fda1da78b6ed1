"""Folders of item files → one `Corpus`.

A folder holds `items/*.yaml` (or the files directly), and may hold `code/*.py` and `sources.yaml`. Folders are read in
order and a later one wins where ids meet, so a user can replace an item of ours. A single `.yaml` file of items may
stand for a folder.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from interviewer.corpus import code
from interviewer.corpus.check import Complaint, Finding, corpus_findings, field_name, is_id, item_findings
from interviewer.corpus.kept import Kept
from interviewer.corpus.parse import Parser
from interviewer.corpus.yaml_file import Path_, YamlError, YamlFile, read_yaml
from interviewer.errors import CorpusError, UnknownItem
from interviewer.schema import Bilingual, CodeRef, Item, Reference, Topic

_NO_ITEMS = {"sources.yaml", "accepted.yaml"}
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


def load_corpus(*folders: Path, kept: Path | None = None) -> Corpus:
    """Read and validate. Our own items' wordings are not read through again: the tests did, and it takes a third of the
    time.

    Args:
        folders: in the order in which they are read; ours if there are none.
        kept: a file in which what the files say is kept, so that they are not read again until they change.

    Raises:
        CorpusError: a folder is missing or a rule is broken; the message says where.
    """
    folders = folders or (shipped_folder(),)
    known = Kept(kept) if kept else None
    reader = _read(folders, shipped_folder(), known)
    if reader.complaints and known:  # once more for the lines
        reader = _read(folders, shipped_folder())
    elif known:
        known.write()
    if reader.complaints:
        shown = "; ".join(str(c) for c in reader.complaints[:_SHOWN])
        more = len(reader.complaints) - _SHOWN
        tail = f"; and {more} more: `interviewer corpus check` lists them" if more > 0 else ""
        raise CorpusError(f"the corpus cannot be used: {shown}{tail}")
    return reader.corpus()


def check_folders(
    *folders: Path, further: Callable[[Corpus], Iterable[tuple[str, Finding]]] = lambda _: ()
) -> tuple[Corpus, list[Complaint]]:
    """What could be read, and everything wrong with it.

    Args:
        folders: in the order in which they are read; ours if there are none.
        further: more rules, which see the corpus only if the files themselves are in order: (item id, finding).
    """
    reader = _read(folders or (shipped_folder(),))
    if not reader.complaints:
        reader.add(further(reader.corpus()))
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
    row_files: dict[str, YamlFile] = field(default_factory=dict)
    code_homes: list[Path] = field(default_factory=list)
    """Where code may lie; the folder being read comes last and is looked into first."""
    digest: Any = field(default_factory=hashlib.sha256)
    kept: Kept | None = None
    proven: bool = False
    """Whether the folder being read need not be checked for what its items say."""

    def complain(self, name: str, file: YamlFile | None, path: Path_, message: str, item_id: str = "") -> None:
        line = file.line(path) if file else 1
        inside = field_name(path[2:] if item_id else path)
        self.complaints.append(Complaint(name, line, f"{item_id}.{inside}" if item_id else inside, message))

    def add(self, findings: Iterable[tuple[str, Finding]]) -> None:
        """Findings about items, or (with no item id) about a row of `sources.yaml`, with their places."""
        for item_id, (path, message) in findings:
            if item_id:
                name, file, root = self.places[item_id]
                self.complain(name, file, (*root, *path), message, item_id)
            else:
                self.complain("sources.yaml", self.row_files[str(path[1])], path, message)
        self.complaints.sort()

    def corpus(self) -> Corpus:
        view = MappingProxyType
        return Corpus(
            view(self.items), view(self.topics), view(self.references), view(self.rows), view(self.code_folders),
            self.digest.hexdigest(),
        )  # fmt: skip


def _read(folders: Sequence[Path], proven: Path | None = None, kept: Kept | None = None) -> _Reader:
    reader = _Reader(kept=kept)
    for folder in folders:
        reader.proven = folder == proven
        _read_folder(reader, folder)
    reader.add(corpus_findings(reader.items, reader.references, reader.rows))
    return reader


def _read_folder(reader: _Reader, folder: Path) -> None:
    if folder.suffix == ".yaml" and os.path.isfile(folder):  # a single file of items: somebody's rubric
        _read_items(reader, folder, {})
        return
    if not os.path.isdir(folder):  # unlike Path.is_dir, False also for a name that no folder can have
        reader.complain(str(folder), None, (), "is not a folder")
        return
    home = folder / "items" if (folder / "items").is_dir() else folder
    # Names with a dot in front are what editors and file systems leave behind.
    files = sorted(p for p in home.glob("*.yaml") if p.name not in _NO_ITEMS and not p.name.startswith("."))
    if not files:
        reader.complain(str(home), None, (), "holds no item files (*.yaml)")
    sources = folder / "sources.yaml"
    if sources.is_file():
        _read_sources(reader, sources)
    reader.code_homes.append(folder / "code")
    seen: dict[str, str] = {}
    for path in files:
        _read_items(reader, path, seen)


def _open(reader: _Reader, path: Path) -> YamlFile | None:
    known = reader.kept.data(path) if reader.kept else None
    try:
        file = read_yaml(path) if known is None else YamlFile(known, {})
    except YamlError as error:
        reader.complaints.append(Complaint(path.name, error.line, "file", str(error)))
        return None
    if reader.kept and known is None:
        reader.kept.keep(path, file.data)
    reader.digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return file


def _read_sources(reader: _Reader, path: Path) -> None:
    file = _open(reader, path)
    if file is None:
        return
    parser = Parser()
    found = parser.mapping(file.data, (), {"references", "rows"})
    for key, value in parser.open_mapping(found.get("references"), ("references",)).items():
        where: Path_ = ("references", key)
        entry = parser.mapping(value, where, {"title", "authors", "year", "url"})
        year = entry.get("year")
        if year is not None and (not isinstance(year, int) or isinstance(year, bool)):
            parser.say((*where, "year"), "year must be a whole number")
            year = None
        title, authors, url = (parser.string(entry.get(k), (*where, k)) for k in ("title", "authors", "url"))
        if not title:
            parser.say((*where, "title"), "is missing")
        reader.references[key] = Reference(key, title, authors, year, url)
    for row, ids in parser.open_mapping(found.get("rows"), ("rows",)).items():
        reader.row_files[row] = file
        reader.rows[row] = parser.each(ids, ("rows", row), parser.string)
    for where, message in parser.complaints:
        reader.complain(path.name, file, where, message)


def _read_items(reader: _Reader, path: Path, seen: dict[str, str]) -> None:
    file = _open(reader, path)
    if file is None:
        return
    parser = Parser()
    found = parser.mapping(file.data, (), {"topic", "title", "overview", "items"})
    topic = parser.string(found.get("topic"), ("topic",)) or path.stem
    title = parser.bilingual(found.get("title"), ("title",))
    overview = parser.bilingual(found.get("overview"), ("overview",))
    named = "topic" in found or title != Bilingual()  # else the items may each name one
    if (topic not in reader.topics and named) or title != Bilingual():
        reader.topics[topic] = Topic(topic, title if title != Bilingual() else Bilingual(topic, topic), overview)
    entries = found.get("items")
    if not isinstance(entries, list) or not entries:
        parser.say(("items",), "expected a list of items")
        entries = []
    for i, entry in enumerate(entries):
        _add_item(reader, parser, file, path.name, entry, ("items", i), topic, seen)
    for where, message in parser.complaints:
        inside = where[:2] if where[:1] == ("items",) and len(where) > 1 else ()
        item_id = _id_at(file, inside)
        reader.complain(path.name, file, where, message, item_id)


def _id_at(file: YamlFile, path: Path_) -> str:
    if not path or not isinstance(path[1], int):
        return ""
    entry = file.data["items"][path[1]]
    item_id = str(entry.get("id", "")) if isinstance(entry, dict) else ""
    return item_id if is_id(item_id) else ""


def _add_item(
    reader: _Reader,
    parser: Parser,
    file: YamlFile,
    name: str,
    entry: Any,
    path: Path_,
    topic: str,
    seen: dict[str, str],
) -> None:
    item, links = parser.item(entry, path, topic)
    if item.id in seen:
        parser.say((*path, "id"), f"{item.id!r} is already used in {seen[item.id]}")
        return
    if item.id:
        seen[item.id] = name
    findings: list[Finding] = [] if reader.proven else list(item_findings(item))
    refs: list[CodeRef] = []
    for i, link in enumerate(links):
        try:
            refs.append(_resolve(reader, link))
        except code.BrokenLink as error:
            findings.append((("code", i), str(error)))
    for where, message in findings:
        parser.say((*path, *where), message)
    if not is_id(item.id):  # complained about; nothing can refer to it
        return
    reader.topics.setdefault(item.topic, Topic(item.topic, Bilingual(item.topic, item.topic)))
    reader.items[item.id] = replace(item, code=tuple(refs))
    reader.places[item.id] = (name, file, path)


def _resolve(reader: _Reader, link: str) -> CodeRef:
    """The link in the folder's own code, else in that of the folders before it: a user's item may link to ours.

    Raises:
        BrokenLink: it leads nowhere, or to a file whose name an item of another folder gives to another file.
    """
    name = link.partition("::")[0]
    own = reader.code_homes[-1]
    home = next((h for h in reversed(reader.code_homes) if os.path.isfile(h / name)), own)
    ref = code.resolve(link, home)
    if reader.code_folders.setdefault(ref.file, home) != home:
        raise code.BrokenLink(f"{ref.file} is also the name of a file in {reader.code_folders[ref.file]}; rename yours")
    return ref
