"""How fast it is, measured: `interviewer eval speed`. Times are reported; what is tested are counts (counts.py)."""
