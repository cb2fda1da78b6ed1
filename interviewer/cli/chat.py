def chat() -> None:
    raise SystemExit("not written yet")
