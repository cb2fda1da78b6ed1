"""What stands beside a verdict in the debrief: a way to say what it should have been, and what was said already.

The page's script sends it to the API (`PUT` or `DELETE /v1/sessions/…/verdicts/…`) and shows which of the two parts
applies; a page that is made anew has what is stored.
"""

from __future__ import annotations

from html import escape
from urllib.parse import quote

from interviewer.report.words import words
from interviewer.schema import POINT_VERDICTS, Correction, Language
from interviewer.ui.words import word


def control(
    session: str, item: str, point: str, verdict: str, correction: Correction | None, language: Language
) -> str:
    """Both parts as HTML, one of them hidden.

    Args:
        session: id of the interview.
        item: id of the question.
        point: id of the key point.
        verdict: the grader's.
        correction: what the candidate holds instead, if anything.
        language: of the words.
    """
    names = words(language)
    others = "".join(f'<option value="{v}">{escape(names[v])}</option>' for v in POINT_VERDICTS if v != verdict)
    said = escape(names[correction.should_be]) if correction else ""
    address = "/".join(quote(part, safe="") for part in (session, "verdicts", item, point))
    form, thanks = ("", " hidden") if correction is None else (" hidden", "")
    return (
        f'<div class="disagree" data-verdict="{escape(address)}" data-failed="{_said("disagree_failed", language)}">'
        f"<details{form}><summary>{_said('disagree', language)}</summary><form>"
        f'<label>{_said("disagree_should_be", language)} <select name="should_be">{others}</select></label>'
        f'<label>{_said("disagree_why", language)} <input name="note" maxlength="2000" autocomplete="off"></label>'
        f'<button type="submit">{_said("disagree_keep", language)}</button></form></details>'
        f'<p class="thanks" role="status"{thanks}><span>{_said("disagree_thanks", language)}</span> '
        f'<strong>{said}</strong> <button type="button">{_said("disagree_withdraw", language)}</button></p>'
        '<p class="problem" role="alert" hidden></p></div>'
    )


def _said(key: str, language: Language) -> str:
    return escape(word(key, language))
