"""What a fresh interpreter prints is what the rules say."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import script_order


def test_run_and_imported_by_the_rules() -> None:
    # B never: nobody calls helper. D, E, F, G only under the guard.
    assert script_order.printed_when_run(script_order.SCRIPT) == list("ACGFDEH")
    assert script_order.printed_when_imported(script_order.SCRIPT) == list("ACH")


def test_a_module_runs_once_in_a_process() -> None:
    assert script_order.printed_when_imported(script_order.SCRIPT, times=3) == list("ACH")


def test_the_interpreter_itself_agrees(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(script_order.SCRIPT, encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    assert done.stdout.split() == list("ACGFDEH")


def test_a_list_of_the_class_is_shared_and_one_of_the_instance_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script_order.SharedLayers, "layers", [])
    for kind, seen in ((script_order.SharedLayers, ["conv"]), (script_order.OwnLayers, [])):
        first, second = kind(), kind()
        first.add("conv")
        assert second.layers == seen


def test_illegal_input_is_refused() -> None:
    with pytest.raises(ValueError, match="times"):
        script_order.printed_when_imported("", times=0)
    with pytest.raises(subprocess.CalledProcessError):
        script_order.printed_when_run("raise SystemExit(1)")


@pytest.mark.slow
def test_main_shows_the_order(run_main: Callable[[str], str]) -> None:
    printed = run_main("script_order.py")
    assert "run:            A C G F D E H\n" in printed
    assert "imported:       A C H\n" in printed
    assert "without the guard, imported: A C G F D E H\n" in printed
    assert "SharedLayers: added to the first; the second holds ['conv']" in printed
    assert "OwnLayers: added to the first; the second holds []" in printed
