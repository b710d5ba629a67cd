"""Findings and a Template to a Scorecard."""
