"""The vocabulary of categories. It is stable: packs, stored findings and programs outside rely on the names."""

from typing import Literal

Category = Literal[
    "threat",
    "abuse",
    "impersonate",
    "false_legal",
    "third_party",
    "harass",
    "induce",
    "false_promise",
    "privacy",
    "frequency",
    "quiet_hours",
    "attitude",
    "self_intro",
    "recording_notice",
    "identity_check",
    "debt_confirm",
    "repay_offer",
    "empathy",
    "closing",
    "order",
    "disclosure_before_identity",
    "complaint",
    "suicide",
    "hardship",
    "ptp",
    "deny",
    "stop",
    "abuse_by_customer",
]

#: What people call them.
CATEGORIES: dict[Category, str] = {
    "threat": "威胁恐吓",
    "abuse": "辱骂侮辱",
    "impersonate": "冒充公检法或监管",
    "false_legal": "虚假或夸大法律后果",
    "third_party": "向第三人泄露或施压",
    "harass": "骚扰",
    "induce": "诱导借贷、私下收款或索取敏感信息",
    "false_promise": "不实承诺或越权减免",
    "privacy": "泄露个人信息",
    "frequency": "联系过于频繁",
    "quiet_hours": "禁止时段联系",
    "attitude": "服务态度",
    "self_intro": "自报身份",
    "recording_notice": "录音告知",
    "identity_check": "身份核验",
    "debt_confirm": "债务确认",
    "repay_offer": "还款方案",
    "empathy": "共情安抚",
    "closing": "结束语",
    "order": "流程顺序",
    "disclosure_before_identity": "核验身份前透露债务",
    "complaint": "客户投诉意向",
    "suicide": "客户自伤风险",
    "hardship": "客户困难",
    "ptp": "客户承诺还款",
    "deny": "客户否认或有争议",
    "stop": "客户要求停止联系",
    "abuse_by_customer": "客户辱骂",
}

#: What customers say that someone must hear. Finding one is no fault of the collector's.
SIGNALS: frozenset[Category] = frozenset(
    {"complaint", "suicide", "hardship", "ptp", "deny", "stop", "abuse_by_customer"}
)
