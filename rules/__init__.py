"""Transcript and call facts in, findings out.

    pack = load_pack("collection-standard")
    findings = check(pack, transcript, {"overdue_days": 45})

How rules are written is told in README.md beside this file and in `lexicon.py`.
"""

from rules.ahead import read_ahead
from rules.categories import CATEGORIES, SIGNALS, Category
from rules.check import check
from rules.errors import Fault, RuleError
from rules.examples import dialogue, faults, verify
from rules.finding import Evidence, Expect, Finding, Severity, Verdict
from rules.pack import Pack, built_in_packs, load_pack
from rules.pii import Pii, find_pii, mask, mask_finding, mask_transcript
from rules.plans import Promise
from rules.promises import find_promises
from rules.rule import Rule
from rules.text import unspaced

__all__ = [
    "CATEGORIES",
    "SIGNALS",
    "Category",
    "Evidence",
    "Expect",
    "Fault",
    "Finding",
    "Pack",
    "Pii",
    "Promise",
    "Rule",
    "RuleError",
    "Severity",
    "Verdict",
    "built_in_packs",
    "check",
    "dialogue",
    "faults",
    "find_pii",
    "find_promises",
    "load_pack",
    "mask",
    "mask_finding",
    "mask_transcript",
    "read_ahead",
    "unspaced",
    "verify",
]
