"""A rule pack to write on, and a rule to write: what nobody says on the telephone, so that no other rule finds it."""

from rules.pack import BUILT_IN

#: The pack that is quickest to check.
NAME = "service-attitude"
TEXT = (BUILT_IN / f"{NAME}.yaml").read_text("utf-8")
RULE = """
  - id: attitude.slang
    category: attitude
    title: 说黑话
    severity: minor
    basis: [{document: 机构服务规范, label: P}]
    scope: {speaker: agent}
    find: {phrases: {families: [风紧扯呼]}}
    expect: absent
    examples: {hit: [风紧扯呼], miss: [您好]}
"""
