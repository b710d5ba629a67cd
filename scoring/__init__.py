"""Findings and a Template to a Scorecard: `score(load_template(path), findings)`."""

from scoring.scorecard import UNJUDGED, Line, Scorecard, score
from scoring.template import Item, Template, TemplateError, find_template, load_template

__all__ = [
    "UNJUDGED",
    "Item",
    "Line",
    "Scorecard",
    "Template",
    "TemplateError",
    "find_template",
    "load_template",
    "score",
]
