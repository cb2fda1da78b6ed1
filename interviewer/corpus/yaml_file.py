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
    try:
        _refuse_tricks(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            lines: dict[Path_, int] = {}
            data = _build(loader, node, (), lines) if node is not None else None
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise YamlError(error.problem or "not YAML", mark.line + 1 if mark else 1) from None
    except yaml.YAMLError as error:
        raise YamlError(str(error).splitlines()[0]) from None
    return YamlFile(data, lines)


def _refuse_tricks(text: str) -> None:
    """Look before anything is built: an alias can make a small file expand without bound, depth can overflow the stack
    of the C loader, and a tag can name any type. The format has no use for them.
    """
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent):
            raise YamlError("aliases (*name) are not allowed", line)
        if tag := getattr(event, "tag", None):
            raise YamlError(f"tags ({tag}) are not allowed", line)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise YamlError("nested too deeply", line)


def _build(loader: Any, node: yaml.Node, path: Path_, lines: dict[Path_, int]) -> Any:
    line = node.start_mark.line + 1
    lines[path] = line
    if isinstance(node, yaml.SequenceNode):
        return [_build(loader, child, (*path, i), lines) for i, child in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        result: dict[str, Any] = {}
        for key_node, value_node in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            if not key or key in result:
                raise YamlError(f"key {key!r} is repeated or not plain text", key_node.start_mark.line + 1)
            result[key] = _build(loader, value_node, (*path, key), lines)
        return result
    if len(node.value) > MAX_SCALAR and node.tag != "tag:yaml.org,2002:str":
        raise YamlError(f"a number of {len(node.value)} characters (quote it?)", line)
    try:
        return loader.construct_object(node)
    except ValueError as error:  # a scalar that looks like a date but is none
        raise YamlError(str(error), line) from None
