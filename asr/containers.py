"""What FFmpeg lets pass in a cut file: promises that a container makes in its own bytes."""

import itertools
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

#: Sizes that a recorder writes while it does not know yet: the file then ends where it ends.
OPEN_ENDED = (0, 0xFFFFFFFF, 0x7FFFFFFF, 0xFFFFFFFE)
#: An Ogg page is at most 65 307 bytes (RFC 3533, section 6).
OGG_PAGE = 65_307
#: More chunks or boxes than a recorder writes in hours; a hostile file has millions of empty ones.
MOST_CHUNKS = 100_000
#: Containers without an index: FFmpeg guesses their length from the bit rate of the beginning.
GUESSING = frozenset({"aac", "amr", "amrnb", "amrwb"})
#: How the files of recorders begin: RIFF and its large forms, MP3 and AAC streams (a sync word or a tag), AMR, Ogg,
#: FLAC, Matroska, CAF, AU, AIFF, ASF. MP4 and QuickTime have the name of their first box at byte 4.
_MAGIC = (b"RIFF", b"RF64", b"riff", b"ID3", b"ADIF", b"#!AMR", b"OggS", b"fLaC", b"\x1aE\xdf\xa3", b"caff", b".snd")
_MORE_MAGIC = (b"FORM", b"0&\xb2u\x8ef\xcf\x11")
_BOXES = (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")


def is_known(start: bytes) -> bool:
    """Whether a file's first bytes are those of a recording: FFmpeg should not get to guess what something else is."""
    synced = len(start) > 1 and start[0] == 0xFF and start[1] & 0xE0 == 0xE0
    return synced or start.startswith(_MAGIC + _MORE_MAGIC) or start[4:8] in _BOXES


def missing(path: Path) -> str | None:
    """Why the file is certainly cut off, judged by its own structure; None when nothing shows it."""
    with path.open("rb") as file:
        check = _check_for(file.read(12))
        return check(file, path.stat().st_size) if check else None


def knows_duration(container: str, path: Path) -> bool:
    """Whether the declared duration is a fact: an MP3 without a Xing, Info or VBRI frame only has an estimate."""
    if container != "mp3":
        return container not in GUESSING
    with path.open("rb") as file:
        start = file.read(_id3_length(file.read(10)) + 4096)
    return any(mark in start for mark in (b"Xing", b"Info", b"VBRI"))


def _id3_length(header: bytes) -> int:
    """Bytes of the ID3v2 tag in front (ID3v2.4.0, section 3.1: four bytes of seven bits)."""
    if not header.startswith(b"ID3"):
        return 0
    return sum(byte << shift for byte, shift in zip(header[6:10], (21, 14, 7, 0), strict=True))


def _check_for(start: bytes) -> Callable[[BinaryIO, int], str | None] | None:
    if start[:4] in (b"RIFF", b"RF64") and start[8:12] == b"WAVE":
        return _wav
    if start[:4] == b"OggS":
        return _ogg
    return _mp4 if start[4:8] == b"ftyp" else None


def _wav(file: BinaryIO, size: int) -> str | None:
    """FFmpeg takes the length of PCM from the file's size, so a cut recording looks whole to it."""
    file.seek(12)
    for _ in range(MOST_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            break
        kind, length = struct.unpack("<4sI", header)
        if kind == b"data":
            there = size - file.tell()
            lacks = length not in OPEN_ENDED and length > there
            return f"WAV 声明 {length} 字节声音数据，实际只有 {there} 字节" if lacks else None
        file.seek(length + length % 2, 1)
    return "WAV 没有 data 块"


def _ogg(file: BinaryIO, size: int) -> str | None:
    """The last page must be whole. A missing end-of-stream mark is no proof: RFC 7845, section 4 expects it."""
    file.seek(max(size - OGG_PAGE, 0))
    tail = file.read()
    page = tail.rfind(b"OggS")
    segments = tail[page + 27 : page + 27 + tail[page + 26]] if 0 <= page <= len(tail) - 27 else b""
    whole = bool(segments) and page + 27 + len(segments) + sum(segments) <= len(tail)
    return None if whole else "Ogg 的最后一页不完整"


def _mp4(file: BinaryIO, size: int) -> str | None:
    boxes = dict(itertools.islice(_boxes(file, size), MOST_CHUNKS))
    if any(end > size for end in boxes.values()):
        return "MP4 的最后一个数据块不完整"
    return None if b"moov" in boxes else "MP4 缺少索引（moov）"


def _boxes(file: BinaryIO, size: int) -> Iterator[tuple[bytes, int]]:
    """Kind and end of every top-level box (ISO/IEC 14496-12, section 4.2)."""
    start = 0
    while start + 8 <= size:
        file.seek(start)
        length, kind = struct.unpack(">I4s", file.read(8))
        if length == 1:
            length = int.from_bytes(file.read(8), "big")
        end = size if length == 0 else start + max(length, 8)
        yield kind, end
        start = end
