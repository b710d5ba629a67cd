"""Recordings encrypted at rest: AES-256-GCM in chunks, so that any part can be read without the rest.

A sealed file is a header (8 bytes of magic, 8 of key id, 32 of salt) and chunks of 64 KiB, each with its 16-byte tag.
Every file has a key of its own, derived from the master key and the salt, and chunks are numbered by their nonce. What
else must not be changed is authenticated with each chunk: the header, the recording's name and its length; so a file
that is cut, swapped for another or put together from two is refused.
"""

import base64
import binascii
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_MAGIC = b"TJSEAL1\n"
_HEADER = len(_MAGIC) + 8 + 32
_CHUNK = 64 * 1024
_TAG = 16

#: Bytes `start` to `end` (exclusive) of the sealed file, a piece at a time.
Read = Callable[[int, int], Iterator[bytes]]


class SealError(Exception):
    """A sealed recording cannot be opened, or a key is not one; the message says why."""


class NoKey(SealError):
    """The key it is sealed with is not here: the recording is well."""


class Seal:
    """Seals with the first of the master keys and opens with any: a new key is put in front of the old ones."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        self._first = _key_id(keys[0])
        self._keys = {_key_id(key): key for key in keys}

    def seal(self, source: Path, target: Path, name: str) -> None:
        """Write `source`, sealed as the recording called `name`, to `target`."""
        size = source.stat().st_size
        header = _MAGIC + self._first + os.urandom(32)
        cipher, bound = self._cipher(header), _bound(header, name, size)
        with source.open("rb") as plain, target.open("wb") as sealed:
            sealed.write(header)
            for number in range(_chunks(size)):
                sealed.write(cipher.encrypt(_nonce(number), plain.read(_CHUNK), bound))

    def open(self, read: Read, sealed: int, name: str, start: int, end: int) -> Iterator[bytes]:
        """Bytes `start` to `end` (exclusive) of the recording whose sealed file has `sealed` bytes.

        Raises:
            SealError: its key is not here, or it was changed.
        """
        size = plain_size(sealed)
        end = min(end, size)
        if start >= end:
            return
        header = b"".join(read(0, _HEADER))
        cipher, bound = self._cipher(header), _bound(header, name, size)
        first, last = start // _CHUNK, (end - 1) // _CHUNK
        pieces = read(_HEADER + first * (_CHUNK + _TAG), min(sealed, _HEADER + (last + 1) * (_CHUNK + _TAG)))
        for number, chunk in enumerate(_framed(pieces), start=first):
            try:
                plain = cipher.decrypt(_nonce(number), chunk, bound)
            except InvalidTag as error:
                raise SealError(f"录音 {name} 的加密文件已损坏或被改动") from error
            offset = number * _CHUNK
            yield plain[max(0, start - offset) : end - offset]

    def is_current(self, read: Read) -> bool:
        """Whether a sealed file is sealed with the first key."""
        return b"".join(read(0, _HEADER))[len(_MAGIC) :][:8] == self._first

    def _cipher(self, header: bytes) -> AESGCM:
        key_id, salt = header[len(_MAGIC) :][:8], header[len(_MAGIC) + 8 :]
        if not header.startswith(_MAGIC) or len(header) != _HEADER:
            raise SealError("不是听鉴加密的录音文件")
        if key_id not in self._keys:
            raise NoKey(f"缺少编号 {key_id.hex()} 的录音密钥")
        return AESGCM(HKDF(SHA256(), 32, salt, b"tingjian recording").derive(self._keys[key_id]))


def plain_size(sealed: int) -> int:
    """The bytes of the recording whose sealed file has `sealed` bytes."""
    return sealed - _HEADER - _TAG * -(-(sealed - _HEADER) // (_CHUNK + _TAG))


def read_keys(text: str) -> list[bytes]:
    """Master keys from text: 32 bytes in Base64 each, separated by commas or white space, the one to seal with first.

    Raises:
        SealError: there is none, or one is not a key. The message does not quote it.
    """
    words = text.replace(",", " ").split()
    try:
        keys = [base64.b64decode(word, validate=True) for word in words]
    except binascii.Error as error:
        raise SealError("录音密钥须为 Base64") from error
    if not keys or any(len(key) != 32 for key in keys):
        raise SealError("录音密钥须为 Base64 的 32 字节；用 tingjian recordings key 生成")
    return keys


def new_key() -> str:
    """A fresh master key, as `read_keys` takes it."""
    return base64.b64encode(os.urandom(32)).decode()


def _key_id(key: bytes) -> bytes:
    # The key's fingerprint, so that nobody has to name keys; of 256 random bits it tells nothing.
    return hashlib.sha256(b"tingjian key id" + key).digest()[:8]


def _chunks(size: int) -> int:
    return -(-size // _CHUNK)


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _bound(header: bytes, name: str, size: int) -> bytes:
    return header + name.encode() + size.to_bytes(8, "big")


def _framed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes, cut where sealed chunks end."""
    waiting = bytearray()
    for piece in pieces:
        waiting += piece
        while len(waiting) >= _CHUNK + _TAG:
            yield bytes(waiting[: _CHUNK + _TAG])
            del waiting[: _CHUNK + _TAG]
    if waiting:
        yield bytes(waiting)
