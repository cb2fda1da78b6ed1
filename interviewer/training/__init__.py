"""How the parameters that ship were made. Not imported by the program; needs the extra `train`."""
