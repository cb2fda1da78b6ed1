"""Grading on Ray: the same as here, in the same order, whoever dies. One Ray is started for all of it."""

from functools import partial
from pathlib import Path

import pytest

pytest.importorskip("ray", reason="the extra `ray` is not installed: pip install 'interviewer[ray]'")
pytest.importorskip("pyarrow")

from interviewer.batch import grade_table, read_table, write_table
from interviewer.batch.cluster import grade_on_ray
from interviewer.batch.shards import open_shards, read_shards
from interviewer.errors import ModelUnavailable, TableError
from tests.batch.workers import Small

ROWS = [
    {
        "student": f"{n:03d}",
        "answer": ["导数越乘越小", "derivatives multiply, so early layers stall", "", "=units\r\n\"zeroed\", 随机", "NA"][n % 5] + str(n) * (n % 3),
        "item_id": ["vanishing", "dropout", "no-such", " vanishing ", ""][n % 5],
        "score": "1e3",
    }
    for n in range(300)
]  # fmt: skip
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:ray.data.context")  # Ray reads its own old options


@pytest.fixture(scope="module", autouse=True)
def _one_ray():
    import ray

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patched.setenv("PYTHONPATH", str(Path(__file__).parents[2]))  # where the workers find this folder's modules
        patched.setenv("RAY_worker_niceness", "0")  # by itself Ray lets all other work on the machine go first
        start = partial(
            ray.init, "local", num_cpus=2, include_dashboard=False, object_store_memory=100_000_000,
            log_to_driver=False, logging_level="error",
        )  # fmt: skip
        try:
            start()
        except Exception:  # Ray gives itself thirty seconds, which is too few where all else runs, too
            ray.shutdown()
            start()
        yield
        ray.shutdown()


@pytest.fixture
def folder(small, tmp_path):
    """Rows in two files of each kind."""
    for ending in (".csv", ".parquet"):
        (tmp_path / f"in{ending}").mkdir()
        for n, some in enumerate((ROWS[:180], ROWS[180:])):
            write_table(tmp_path / f"in{ending}" / f"{n}{ending}", some, list(ROWS[0]))
    return tmp_path


@pytest.mark.parametrize(("read", "written"), [(".csv", ".parquet"), (".parquet", ".csv")])
def test_a_folder_is_graded_as_the_local_engine_grades_its_rows(small, folder, read, written):
    write_table(folder / f"all{read}", ROWS, list(ROWS[0]))
    grade_table(small, folder / f"all{read}", folder / f"local{written}")
    local = read_table(folder / f"local{written}")
    done = grade_on_ray(Small(folder), f"{folder}/in{read}", f"file://{folder}/out{written}", workers=2)
    out = open_shards(f"{folder}/out{written}")
    assert list(read_shards(out)) == local
    assert out.columns == tuple(local[0])
    assert (done.done, done.errors) == (300, sum(bool(r["error"]) for r in local))
    assert (folder / f"out{written}" / "_SUCCESS").exists()


def test_a_killed_worker_loses_and_doubles_nothing(small, folder):
    rows = [*ROWS[:150], {**ROWS[0], "student": "the one", "answer": "kill"}, *ROWS[151:]]
    write_table(folder / "in.csv" / "0.csv", rows, list(ROWS[0]))
    (folder / "in.csv" / "1.csv").unlink()
    grade_on_ray(Small(folder, "mortal"), f"{folder}/in.csv", f"{folder}/out", workers=2)
    assert (folder / "killed").exists()
    assert len(list(folder.glob("graded-by-*"))) >= 2
    out = list(read_shards(open_shards(f"{folder}/out")))
    assert [r["student"] for r in out] == [r["student"] for r in rows]
    assert all(r["verdict"] or r["error"] for r in out)
    with pytest.raises(TableError, match="holds something already"):
        grade_on_ray(Small(folder), f"{folder}/in.csv", f"{folder}/out")


def test_workers_with_other_models_than_here_are_refused_in_a_line(small, folder, capfd):
    with pytest.raises(ModelUnavailable, match=r"^a worker has other models or another corpus .*same paths$"):
        grade_on_ray(Small(folder, "dated"), f"{folder}/in.csv", f"{folder}/out", workers=1)
    assert capfd.readouterr() == ("", "")
