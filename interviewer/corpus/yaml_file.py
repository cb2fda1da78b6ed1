"""YAML as data plus the line each value stands on, so that a complaint can name file, line and field.

A corpus file may come from anywhere, so nothing is built but mappings, lists and scalars, and what could be used
to exhaust the reader (aliases, tags, depth, size) is refused.
"""

from __future__ import annotations

import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MAX_BYTES = 8 * 1024 * 1024
MAX_DEPTH = 12
MAX_SCALAR = 64  # characters of a number or date; reading a longer one can take for ever

Path_ = tuple[str | int, ...]
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the C loader is about ten times faster


@dataclass(frozen=True, slots=True)
class YamlFile:
    """What a file says, and where."""

    data: Any
    lines: dict[Path_, int]
    """1-based line of each value, by its path from the root, e.g. ("items", 3, "question", "zh")."""

    def line(self, path: Path_) -> int:
        """The line of the value at `path`, or of the nearest thing around it that exists."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class YamlError(Exception):
    """The file is not usable YAML. `line` is 1-based."""

    def __init__(self, message: str, line: int = 1) -> None:
        super().__init__(message)
        self.line = line


def read_yaml(path: Path) -> YamlFile:
    """Read one file.

    Raises:
        YamlError: it is too large, is not UTF-8, is not YAML, or uses aliases, tags or repeated keys.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a pipe or device would be read for ever
            raise YamlError("is not a file")
        if status.st_size > MAX_BYTES:
            raise YamlError(f"larger than {MAX_BYTES // 1024 // 1024} MB; split it by topic")
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise YamlError(f"not UTF-8 (byte {error.start}); save the file as UTF-8") from None
    except OSError as error:
        raise YamlError(error.strerror or str(error)) from None
    if bad := yaml.reader.Reader.NON_PRINTABLE.search(text):
        line = text.count("\n", 0, bad.start()) + 1
        raise YamlError(f"control character U+{ord(bad[0]):04X}; save the file as plain UTF-8 text", line)
    loader = _Loader(text)
    try:
        return _document(loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or "not YAML", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0]) from None
    finally:
        loader.dispose()


def _document(loader: Any) -> YamlFile:
    """From the parser's events, in one pass: the shipped corpus is three megabytes, and every start waits for it."""
    lines: dict[Path_, int] = {}
    loader.get_event()  # of the stream
    if loader.check_event(yaml.StreamEndEvent):
        return YamlFile(None, lines)
    loader.get_event()  # of the document
    data = _value(loader, loader.get_event(), (), lines, 0)
    loader.get_event()  # its end
    if not loader.check_event(yaml.StreamEndEvent):
        raise YamlError("but found another document", _line(loader.get_event()))
    return YamlFile(data, lines)


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _value(loader: Any, event: yaml.Event, path: Path_, lines: dict[Path_, int], depth: int) -> Any:
    """What begins with an event."""
    _refuse_tricks(event, depth)
    lines[path] = _line(event)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(loader, event)
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(inner := loader.get_event(), yaml.SequenceEndEvent):
            items.append(_value(loader, inner, (*path, len(items)), lines, depth + 1))
        return items
    result: dict[str, Any] = {}
    while not isinstance(inner := loader.get_event(), yaml.MappingEndEvent):
        key = _key(loader, inner, depth + 1)
        if not key or key in result:
            raise YamlError(f"key {key!r} is repeated or not plain text", _line(inner))
        result[key] = _value(loader, loader.get_event(), (*path, key), lines, depth + 1)
    return result


def _refuse_tricks(event: yaml.Event, depth: int) -> None:
    """An alias can make a small file expand without bound, depth can overflow a stack, and a tag can name any type: the
    format has no use for them."""
    if isinstance(event, yaml.AliasEvent):
        raise YamlError("aliases (*name) are not allowed", _line(event))
    if tag := getattr(event, "tag", None):
        raise YamlError(f"tags ({tag}) are not allowed", _line(event))
    if depth >= MAX_DEPTH and isinstance(event, yaml.CollectionStartEvent):
        raise YamlError("nested too deeply", _line(event))


def _key(loader: Any, event: yaml.Event, depth: int) -> str:
    """A key's text as it is written; "" for one that is no plain text."""
    if isinstance(event, yaml.ScalarEvent):
        _refuse_tricks(event, depth)
        return str(event.value)
    _value(loader, event, (), {}, depth)  # whatever else is wrong with it is said first
    return ""


def _scalar(loader: Any, event: yaml.ScalarEvent) -> Any:
    if not event.implicit[0]:  # quoted or in a block
        return event.value
    tag = loader.resolve(yaml.ScalarNode, event.value, event.implicit)
    if tag == "tag:yaml.org,2002:str":
        return event.value
    if len(event.value) > MAX_SCALAR:
        raise YamlError(f"a number of {len(event.value)} characters (quote it?)", _line(event))
    start: Any = event.start_mark
    try:
        return loader.construct_object(yaml.ScalarNode(tag, event.value, start))
    except ValueError as error:  # a scalar that looks like a date but is none
        raise YamlError(str(error), _line(event)) from None
