"""Tables of answers in, graded tables out."""

from interviewer.batch.run import Progress, grade_table
from interviewer.batch.tables import read_table, write_table

__all__ = ["Progress", "grade_table", "read_table", "write_table"]
