"""A page as a PDF, by WeasyPrint: the one kept library that lays out HTML with Chinese text by the system's own fonts
and embeds the glyphs it used. It is an extra, because it needs Pango, which pip does not bring."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

from interviewer.errors import InputError
from interviewer.report.sealed import ATTACHMENT

_CHINESE = re.compile("[\u3400-\u9fff]")
_VARIABLE = re.compile(r"var\(--[\w-]+,\s*(#\w+)\)")
_STYLE = Path(__file__).with_name("templates") / "pdf.css"


def to_pdf(page: str, record: str = "") -> bytes:
    """Lay out a whole page, with the record attached.

    Args:
        page: HTML with everything in it; nothing is loaded.
        record: JSON that `sealed.read_record` finds again; nothing is attached without one.

    Raises:
        InputError: WeasyPrint, its libraries or a Chinese font is missing; the message says what to install.
    """
    library = check_pdf()
    if _CHINESE.search(page) and not chinese_font():
        raise InputError(
            "no Chinese font is installed, and the PDF would show boxes: `apt install fonts-noto-cjk` (Debian, "
            "Ubuntu), `dnf install google-noto-sans-cjk-fonts` (Fedora) or `brew install --cask font-noto-sans-cjk-sc`"
        )
    fetcher = library.URLFetcher(allowed_protocols={"data"})
    # Colours of the charts come from the page's variables, which a picture in a PDF does not see.
    document = library.HTML(string=_storable(_VARIABLE.sub(r"\1", page)), url_fetcher=fetcher)
    attached = [library.Attachment(string=_storable(record), name=ATTACHMENT, relationship="Data")] if record else []
    style = library.CSS(string=_STYLE.read_text(encoding="utf-8"), url_fetcher=fetcher)
    made: bytes = document.write_pdf(stylesheets=[style], attachments=attached, pdf_tags=True)
    return made


def _storable(text: str) -> str:
    """Half a surrogate pair is a possible str but no possible UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode()


def check_pdf() -> Any:
    """The library, if it can be used.

    Raises:
        InputError: it or what it needs is missing; the message says what to install.
    """
    try:
        import weasyprint
    except ImportError:
        raise InputError("PDF needs WeasyPrint: pip install 'interviewer[pdf]', or write .html and print it") from None
    except OSError as error:  # it loads Pango when it is imported
        raise InputError(
            f"WeasyPrint does not find its libraries ({str(error).splitlines()[0]}): `apt install libpango-1.0-0 "
            "libpangoft2-1.0-0 libharfbuzz-subset0` or `brew install pango`; or write .html and print it"
        ) from None
    return weasyprint


@lru_cache(maxsize=1)
def chinese_font() -> str:
    """A font for Chinese that fontconfig knows, or nothing. Without fontconfig's tools there is no telling."""
    lister = shutil.which("fc-list")
    if lister is None:
        return "unknown"
    try:
        listed = subprocess.run(
            [lister, ":lang=zh-cn", "family"], capture_output=True, encoding="utf-8", errors="replace", timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return "unknown"
    return next(iter(listed.stdout.splitlines()), "")
