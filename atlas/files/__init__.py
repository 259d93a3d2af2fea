"""How files and folders are kept: whole or not at all, one run at a time, plain refusals."""
