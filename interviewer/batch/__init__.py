"""Tables of answers in, graded tables out."""

from interviewer.batch.rows import RESULTS, RowGrader
from interviewer.batch.run import Progress, grade_table
from interviewer.batch.tables import Table, open_table, read_table, write_table

__all__ = ["RESULTS", "Progress", "RowGrader", "Table", "grade_table", "open_table", "read_table", "write_table"]
