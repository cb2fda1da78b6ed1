def grade() -> None:
    raise SystemExit("not written yet")
