"""One file per operator; OPERATORS is the written table."""
