"""What a Python file does when it is run, and what when it is imported.

What: Python executes the statements of a file from top to bottom, once. `def` and `class` are statements
too, which bind a name:

    def helper(): ...    makes a function; its body waits for a call
    class Net: ...       runs the body of the class at once, and makes the methods without calling them
    import other         runs other.py the first time in a process; after that sys.modules has it

`__name__` is "__main__" in the file that was started and the module's own name in one that was imported:
what stands under `if __name__ == "__main__":` is therefore done by a script and not by a module.

Why it matters: a DataLoader's workers that are spawned (Windows, macOS; forkserver too) import the main
file again. Without the guard each of them would start the training once more; Python stops it with an error.

Reference: The Python Language Reference, sections 4.1 (structure of a program) and 7 to 8 (statements).

Run: python corpus/code/script_order.py    (the same file run and imported, and a list that all instances share)
"""

import subprocess
import sys
import tempfile
from pathlib import Path

SCRIPT = """
print("A")

def helper():
    print("B")

class Net:
    print("C")
    def __init__(self):
        print("D")
    def forward(self):
        print("E")

def main():
    print("F")
    Net().forward()

if __name__ == "__main__":
    print("G")
    main()

print("H")
"""


class SharedLayers:
    """The mistake: the list is made once, when the body of the class runs, and belongs to all instances."""

    layers: list[str] = []  # noqa: RUF012

    def add(self, name: str) -> None:
        """Append to the list of the class."""
        self.layers.append(name)


class OwnLayers:
    """The remedy: __init__ runs for every instance, and so does what stands in it."""

    def __init__(self) -> None:
        self.layers: list[str] = []

    def add(self, name: str) -> None:
        """Append to the list of this instance."""
        self.layers.append(name)


def printed(source: str, command: str) -> list[str]:
    """Return the lines printed by a fresh interpreter that executes `command` next to a file script.py."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "script.py").write_text(source, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, "-c", command], cwd=folder, capture_output=True, text=True, timeout=60, check=True
        )
    return done.stdout.split()


def printed_when_run(source: str) -> list[str]:
    """Return what the file prints as a script: its __name__ is "__main__"."""
    return printed(source, "import runpy; runpy.run_path('script.py', run_name='__main__')")


def printed_when_imported(source: str, times: int = 1) -> list[str]:
    """Return what the file prints where it is imported `times` times in one process."""
    if times < 1:
        raise ValueError(f"times must be at least 1, not {times}")
    return printed(source, "import sys; sys.path.insert(0, '.')\n" + "import script\n" * times)


def main() -> None:
    """Run and import the same file, take the guard away, and share a list by mistake."""
    print(f"run:            {' '.join(printed_when_run(SCRIPT))}")
    print(f"imported:       {' '.join(printed_when_imported(SCRIPT))}")
    print(f"imported twice: {' '.join(printed_when_imported(SCRIPT, times=2))}   (a module runs once in a process)")
    unguarded = SCRIPT.replace('if __name__ == "__main__":', "if True:")
    print(f"without the guard, imported: {' '.join(printed_when_imported(unguarded))}")
    for kind in (SharedLayers, OwnLayers):
        first, second = kind(), kind()
        first.add("conv")
        print(f"{kind.__name__}: added to the first; the second holds {second.layers}")


if __name__ == "__main__":
    main()
