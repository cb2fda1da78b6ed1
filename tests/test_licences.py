"""What a user installs with us: licences that bind nobody's own code, exact versions, and nothing that was not declared.

Read from what is declared and installed, without a network. Known vulnerabilities are looked up where there is one.
"""

import ast
import re
import sys
import tomllib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BINDING = re.compile(r"(?<![L])GPL|GNU General Public|Affero|SSPL|Commons Clause|BUSL", re.IGNORECASE)
CHOICE = re.compile(r"MIT|BSD|Apache|Lesser|LGPL|MPL")  # "MIT OR GPL" is a choice


def declared(*extras: str) -> list[Requirement]:
    """What we ask for, with some of the extras."""
    chosen = [*PROJECT["dependencies"], *(text for e in extras for text in PROJECT["optional-dependencies"][e])]
    return [Requirement(text) for text in chosen]


@lru_cache(maxsize=2)
def needed(developers: bool = False) -> dict[str, str]:
    """Every package that comes with ours or with an extra, and what it says of its licence."""
    extras = [e for e in PROJECT["optional-dependencies"] if developers or e != "dev"]
    found: dict[str, str] = {}
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [r for r in declared(*extras) if canonicalize_name(r.name) != "interviewer"]
    while waiting:
        wanted = waiting.pop()
        name, chosen = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if (name, chosen) in seen:
            continue
        seen.add((name, chosen))
        try:
            package = distribution(name)
        except PackageNotFoundError:  # for another system
            continue
        found[name] = licence_of(package)
        for one in map(Requirement, package.requires or []):
            if one.marker is None or any(one.marker.evaluate({"extra": e}) for e in (*chosen, "")):
                waiting.append(one)
    return found


def licence_of(package) -> str:
    said = [c for c in package.metadata.get_all("Classifier") or [] if c.startswith("License")]
    said += [package.metadata.get("License-Expression") or package.metadata.get("License") or ""]
    return " ".join(" ".join(said).split())[:200]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    made = {}
    for line in lines:
        if line.strip() and not line.startswith("#"):
            name, _, exact = line.partition("==")
            made[canonicalize_name(name.strip())] = exact.split(";")[0].strip()
    return made


def test_no_licence_of_what_is_installed_binds_what_a_user_writes():
    licences = needed()
    assert len(licences) > 60
    assert {n: t for n, t in licences.items() if BINDING.search(t) and not CHOICE.search(t)} == {}


def test_every_package_says_what_its_licence_is():
    assert {n for n, text in needed().items() if not text.strip()} == set()


def test_every_package_has_one_exact_version_and_it_is_the_one_that_is_installed():
    exact = pins()
    # What torch brings where it is built for a graphics card is pinned by torch itself.
    ours = [n for n in needed(developers=True) if not n.startswith(("nvidia-", "cuda-", "triton", "setuptools"))]
    missing = sorted(n for n in ours if n not in exact)
    assert missing == [], f"constraints.txt lacks {missing}"
    other = {
        n: (version(n), exact[n]) for n in needed() if n in exact and version(n).split("+")[0] != exact[n].split("+")[0]
    }
    assert other == {}


def test_what_is_pinned_fits_what_is_asked_for():
    exact = pins()
    for wanted in declared(*(e for e in PROJECT["optional-dependencies"] if e != "dev")):
        assert wanted.url is None  # from the package index only
        name = canonicalize_name(wanted.name)
        if name in exact:
            assert wanted.specifier.contains(exact[name].split("+")[0], prereleases=True), (wanted, exact[name])
    assert not [line for line in (ROOT / "constraints.txt").read_text().splitlines() if re.search(r"@|://|^-", line)]


def test_nothing_is_imported_that_is_not_installed_with_us():
    homes = packages_distributions()
    come = set(needed())
    for path in (ROOT / "interviewer").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in {n.split(".")[0] for n in names} - {"interviewer", *sys.stdlib_module_names}:
                assert {canonicalize_name(d) for d in homes.get(name, ())} & come, f"{path.name} imports {name}"
