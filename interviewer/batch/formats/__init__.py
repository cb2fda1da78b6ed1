"""One module per kind of table: how its lines are read one after the other, and written."""
