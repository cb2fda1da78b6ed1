"""Nothing that a user installs with us is under a licence that would bind their own code. Read from what is installed."""

import re
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

EXTRAS = ("mcp", "openai", "plots", "postgres", "ray", "tables")
"""What users may choose; not what only developers need."""
BINDING = re.compile(r"(?<![L])GPL|GNU General Public|Affero|SSPL|Commons Clause|BUSL", re.IGNORECASE)


def needed() -> dict[str, str]:
    """Every package that comes with ours or with an extra, and what it says of its licence."""
    found: dict[str, str] = {}
    waiting = [("interviewer", frozenset(EXTRAS))]
    while waiting:
        name, extras = waiting.pop()
        try:
            package = distribution(name)
        except PackageNotFoundError:  # for another system, or an extra that is not installed
            continue
        if name != "interviewer":
            said = package.metadata.get_all("Classifier") or []
            licences = [c for c in said if c.startswith("License")]
            licences += [package.metadata.get("License-Expression") or package.metadata.get("License") or ""]
            found[name] = " ".join(" ".join(licences).split())[:200]
        for text in package.requires or []:
            wanted = Requirement(text)
            marker = wanted.marker
            fits = marker is None or any(marker.evaluate({"extra": e}) for e in (*extras, ""))
            if fits and wanted.name.lower().replace("_", "-") not in found:
                waiting.append((wanted.name.lower().replace("_", "-"), frozenset(wanted.extras)))
    return found


def test_no_licence_of_what_is_installed_binds_what_a_user_writes():
    licences = needed()
    assert len(licences) > 40
    # "MIT OR GPL" is a choice.
    binding = {
        n: t for n, t in licences.items() if BINDING.search(t) and not re.search(r"MIT|BSD|Apache|Lesser|LGPL", t)
    }
    assert binding == {}


def test_every_package_says_what_its_licence_is():
    silent = {n for n, text in needed().items() if not text.strip()}
    assert silent <= set(), silent
