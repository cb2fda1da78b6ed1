"""What is measured, behind `interviewer eval …`: one module per subject."""
