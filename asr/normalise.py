"""What a recogniser wrote to what we store: simplified characters, tidy spaces, no phantoms and no loops."""

import functools
import re

from opencc import OpenCC

#: Sentences that Whisper learnt from video subtitles and writes over noise and music; nobody says them on the phone.
PHANTOMS = (
    r"(请)?不吝(点赞|点讚).{0,20}",
    r"(请)?(点赞|订阅|打赏|支持明镜|点点栏目|明镜与点点).{0,6}(订阅|转发|打赏|支持|栏目|明镜).{0,20}",
    r"(中文)?字幕(由|提供|志愿者|组|制作).{0,24}",
    r"(字幕|翻译|校对|时间轴|剪辑|制作)\s*[:：]\s*.{0,16}",
    r".{0,8}amara\.?org.{0,8}",
    r"谢谢(大家)?(的)?(观看|收看|收听|观赏).{0,4}",
    r"(感谢|多谢)(大家|您|你们)?(的)?(观看|收看|收听).{0,4}",
    r"(请)?(记得|别忘了)?(点击|按)?.{0,3}(订阅|关注)(我们|我)?的?频道.{0,8}",
    r"优优独播剧场.{0,12}",
    r"(本)?(视频|影片|节目)(由|到此|就到这).{0,12}",
    r"以下(是|为)?普通话的?(句子|内容).{0,4}",
    r"(music|thank(s| you) for watching|subtitles? by.{0,24}|you)\W*",
)
_PHANTOM = re.compile("|".join(f"(?:{pattern})" for pattern in PHANTOMS), re.IGNORECASE)
_MARKS = re.compile(r"[，。！？、；：,.!?;:…\s]+")
#: A stretch of 1 to 12 characters said at least five times on end. People repeat (喂喂喂, 好好好好); five is a loop.
_LOOP = re.compile(r"(.{1,12}?)\1{4,}", re.DOTALL)
#: Digits repeat without any loop: 100000, 13888888888.
_DIGITS = frozenset("0123456789零〇一二三四五六七八九幺两")
_HALF_WIDTH = str.maketrans({"?": "？", "!": "！", ";": "；"})
#: A comma, unless it groups the digits of a number.
_COMMA = re.compile(r"(?<!\d),|,(?!\d)")
#: Halves of characters, and control characters: OpenCC takes a NUL for the end.
_UNSAID = re.compile(r"[\ufffd\x00-\x08\x0e-\x1f\x7f]")
_BETWEEN_HAN = re.compile(r"(?<=[\u3400-\u9fff，。！？、；：])\s+|\s+(?=[\u3400-\u9fff，。！？、；：])")


@functools.cache
def _simplifier() -> OpenCC:
    # tw2s and not t2s: t2s leaves 著, which Whisper writes for 着.
    return OpenCC("tw2s")


def normalise(text: str) -> str:
    """Text as stored: simplified, trimmed, loops cut to one round. Empty when it is a phantom or has no words."""
    text = _simplifier().convert(_UNSAID.sub("", text)).translate(_HALF_WIDTH)
    text = _BETWEEN_HAN.sub("", " ".join(_COMMA.sub("，", text).split()))
    # A mark at the beginning belongs to what was said before.
    text = without_loops(text).lstrip("，。？！、；： ").rstrip("，、；： ")
    return "" if is_phantom(text) or not any(character.isalnum() for character in text) else text


def without_loops(text: str) -> str:
    """Cut what a looping decoder repeats to one round; digits are left as they are."""
    return _LOOP.sub(lambda loop: loop[0] if _DIGITS.issuperset(loop[1]) else loop[1], text)


def is_phantom(text: str) -> bool:
    """Whether the whole text is one of PHANTOMS; one said inside a longer sentence is left alone."""
    parts = [part for part in _MARKS.split(text) if part]
    return (bool(parts) and all(_PHANTOM.fullmatch(part) for part in parts)) or bool(_PHANTOM.fullmatch(text))
