"""The real app over three topics and an encoder that takes no loading: `python tests/browser/small.py FOLDER`.

What a browser test looks at does not depend on how well answers are graded, but a slow machine's time does.
"""

from __future__ import annotations

import re
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

TOPICS = ("production", "rag", "rnn")


def small_corpus(folder: Path) -> Path:
    """Three files of the shipped corpus, without what leads out of them."""
    shipped = ROOT / "corpus"
    (folder / "items").mkdir(parents=True)
    for topic in TOPICS:
        text = (shipped / "items" / f"{topic}.yaml").read_text(encoding="utf-8")
        (folder / "items" / f"{topic}.yaml").write_text(re.sub(r"(?m)^ +requires:.*\n", "", text), encoding="utf-8")
    shutil.copytree(shipped / "code", folder / "code")
    sources = (shipped / "sources.yaml").read_text(encoding="utf-8")
    (folder / "sources.yaml").write_text(sources.partition("\nrows:")[0] + "\nrows: {}\n", encoding="utf-8")
    return folder


def main() -> None:
    """Serve until interrupted, on any free port."""
    from conftest import HashingEncoder

    import interviewer.engine as rooms
    from interviewer.settings import load_settings
    from interviewer.ui import serve

    corpus = small_corpus(Path(sys.argv[1]) / "corpus")
    rooms.shipped_folder = lambda: corpus  # type: ignore[assignment]
    with closing(serve.listen("127.0.0.1", 0)) as listener, tempfile.TemporaryDirectory() as folder:
        settings = load_settings()
        serve.stay_at_home(settings, folder)
        engine = rooms.Engine(settings, encoder=HashingEncoder())  # type: ignore[arg-type]
        with closing(engine.store):
            serve.run(engine, listener, "127.0.0.1", serve.access_to(engine, "127.0.0.1"))


if __name__ == "__main__":
    main()
