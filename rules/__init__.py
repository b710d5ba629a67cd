"""Transcript and call facts to Findings."""
