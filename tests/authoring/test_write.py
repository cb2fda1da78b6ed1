"""What is in a file stays as it is, byte for byte; drafts are added behind it or nothing is."""

import pytest

from interviewer.authoring import write
from interviewer.authoring.write import add_drafts, check_target
from interviewer.corpus import check_folders
from interviewer.errors import DocumentError


def draft(name: str, text: str = "It is a thing.") -> dict:
    return {
        "id": name, "status": "draft", "topic": "cnn", "question": {"en": "What: is #1?"},
        "key_points": [{"id": "p1", "text": {"en": text}, "not": {"en": ["It is no thing."]}, "generated": ["not"]}],
        "answer": {"en": f"{text}\n\n- one: two\n- '3'"}, "origin": "a.md, line 1", "like": ["vae-loss"],
    }  # fmt: skip


def test_a_new_file_passes_the_check(tmp_path):
    path = tmp_path / "own" / "items.yaml"
    check_target(path)
    added = add_drafts(path, [draft("a"), draft("b", "键: 值 # 不是注释")], ["Without an answer: What\nelse?"])
    assert (added.added, added.already) == (2, 0)
    corpus, complaints = check_folders(tmp_path / "own")
    assert complaints == []
    assert corpus.items["b"].key_points[0].text.en == "键: 值 # 不是注释"
    assert corpus.items["a"].answer.en.endswith("- '3'")
    assert corpus.items["a"].key_points[0].generated == ("not",)
    assert corpus.items["a"].topic == "cnn" and set(corpus.topics) == {"cnn"}
    assert "# Without an answer: What else?\n" in path.read_text()


@pytest.mark.parametrize(
    "old",
    [
        "# mine\ntopic: own\nitems:\n  - id: mine  # keep\n    status: draft\n    question: Why?\n    answer: So.\n",
        "items:\n- id: mine\n  status: draft\n  question: Why?\n  answer: |\n    So.\n",
        "items:\n      - id: mine\n        status: draft\n        question: Why?\n        answer: So.",
    ],
    ids=["indented", "flush", "far in"],
)
def test_drafts_go_behind_what_is_there(tmp_path, old):
    path = tmp_path / "items.yaml"
    path.write_text(old, encoding="utf-8")
    assert add_drafts(path, [draft("a"), draft("b")], ["one"]).added == 2
    assert path.read_text(encoding="utf-8").startswith(old.rstrip("\n"))
    assert list(check_folders(tmp_path)[0].items) == ["mine", "a", "b"]
    again = add_drafts(path, [draft("a"), draft("c")], [])
    assert (again.added, again.already) == (1, 1)
    before = path.read_bytes()
    assert add_drafts(path, [draft("a"), draft("b")], ["one"]).files == ()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "old",
    [
        "items: [{id: mine, status: draft, question: Why?, answer: So.}]\n",
        "items:\n  - id: mine\n    question: Why?\ntitle: behind the items\n",
        "just: something\n",
        "items: [",
        "- a\n- b\n",
    ],
    ids=["flow", "not last", "no corpus", "broken", "list"],
)
def test_a_file_that_cannot_be_added_to_is_left_alone(tmp_path, old):
    path = tmp_path / "items.yaml"
    path.write_text(old, encoding="utf-8")
    with pytest.raises(DocumentError, match="choose another -o"):
        add_drafts(path, [draft("a")], [])
    assert path.read_text(encoding="utf-8") == old
    assert [p.name for p in tmp_path.iterdir()] == ["items.yaml"]


def test_a_full_file_is_followed_by_another(tmp_path, monkeypatch):
    monkeypatch.setattr(write, "FULL", 2000)
    path = tmp_path / "items.yaml"
    added = add_drafts(path, [draft(f"d{n}") for n in range(12)], ["last"])
    assert added.added == 12 and len(added.files) > 1
    corpus, complaints = check_folders(tmp_path)
    assert complaints == [] and len(corpus.items) == 12
    assert add_drafts(path, [draft("d11"), draft("d0")], []).already == 2


@pytest.mark.parametrize("name", ["items.yml", "items.json", "items"])
def test_only_yaml_is_written(tmp_path, name):
    with pytest.raises(DocumentError, match=r"ends in \.yaml"):
        check_target(tmp_path / name)
