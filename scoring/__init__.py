"""Findings and a Template to a Scorecard: `score(load_template(path), findings)`."""

from scoring.review import Review, Ruling, concerns, reviewed
from scoring.scorecard import UNJUDGED, Line, Scorecard, score
from scoring.template import Item, Template, TemplateError, find_template, load_template

__all__ = [
    "UNJUDGED",
    "Item",
    "Line",
    "Review",
    "Ruling",
    "Scorecard",
    "Template",
    "TemplateError",
    "concerns",
    "find_template",
    "load_template",
    "reviewed",
    "score",
]
