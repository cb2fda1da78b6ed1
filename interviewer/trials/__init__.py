"""What the program withstands, behind `interviewer eval …`: kills at any moment, load, malformed input."""
