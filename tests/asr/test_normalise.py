"""What a recogniser may write, and what we keep of it."""

import pytest

from asr.normalise import normalise

WRITTEN = [
    ("我要投訴你們", "我要投诉你们"),
    ("他還在說著話", "他还在说着话"),  # t2s would leave 著
    ("您好, 請問 是張先生嗎?", "您好，请问是张先生吗？"),
    ("  你好 我是 ABC 公司  ", "你好我是ABC公司"),
    ("欠款 5000 元", "欠款5000元"),
    ("喂喂喂", "喂喂喂"),
    ("好好好好", "好好好好"),
    ("还钱还钱还钱还钱还钱还钱还钱还钱", "还钱"),
    ("是的" * 40 + "我知道", "是的我知道"),
    ("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目", ""),
    ("字幕由 Amara.org 社群提供", ""),
    ("中文字幕志愿者 李宗盛", ""),
    ("谢谢观看", ""),
    ("感谢您的观看，再见", ""),
    ("感谢您的接听，再见", "感谢您的接听，再见"),
    ("谢谢大家", "谢谢大家"),
    ("Thank you for watching!", ""),
    ("。", ""),
    ("……", ""),
    ("", ""),
    ("嗯", "嗯"),
    ("我订阅了你们的短信", "我订阅了你们的短信"),
    ("您的字幕是什么意思", "您的字幕是什么意思"),
    # Digits repeat without any loop, and their commas stay.
    ("您欠款100000元", "您欠款100000元"),
    ("电话13888888888", "电话13888888888"),
    ("卡号6222000000012345", "卡号6222000000012345"),
    ("幺三八八八八八八八八八", "幺三八八八八八八八八八"),
    ("应还3,000元,对吗", "应还3,000元，对吗"),
    ("转发到朋友圈支持一下", "转发到朋友圈支持一下"),
    ("。好的您说", "好的您说"),
    ("您好\0请\x1b讲", "您好请讲"),  # a server elsewhere may send anything; PostgreSQL keeps no NUL
]


@pytest.mark.parametrize(("heard", "kept"), WRITTEN)
def test_normalise(heard: str, kept: str) -> None:
    assert normalise(heard) == kept
