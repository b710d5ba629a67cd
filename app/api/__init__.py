"""JSON routes under /v1."""
