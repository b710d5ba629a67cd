"""A recording file to sound: 16 kHz samples, one row per channel, within limits, or a clear reason why not."""

import itertools
import mmap
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from asr import containers
from asr.errors import AsrError

# PyAV is imported where it is used: whoever judges transcripts, or has a child decode, should not wait for FFmpeg.
if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer

#: Whisper hears 16 kHz; everything inside this library counts time in these samples.
SAMPLE_RATE = 16_000
MAX_SECONDS = 4 * 3600.0

#: Containers that recorders write. The rest of FFmpeg's list is refused, above all playlists (HLS, concat): a
#: "recording" that is a playlist would make the server read other files or fetch addresses.
CONTAINERS = "wav,w64,mp3,mov,amr,amrnb,amrwb,ogg,flac,aac,matroska,caf,au,aiff,asf"

#: Hz. Outside, a header is damaged: 1 Hz would swell to 16 000 times its size.
LOWEST_RATE, HIGHEST_RATE = 4_000, 384_000

#: Lossy encoders pad and trim frames at both ends (an MP3 frame at 8 kHz is 0.14 s): less than
#: this is not missing sound.
LOSSY_SLACK = 0.2
#: PCM and FLAC say exactly how long they are; FFmpeg drops a damaged FLAC frame (0.07 s) without a word.
EXACT_SLACK = 0.02
#: These write when the sound ends, not how long it is: a recorder may start its clock before the sound, and Matroska
#: counts in whole blocks.
ENDS = frozenset({"matroska", "ogg"})


@dataclass(frozen=True, slots=True)
class AudioInfo:
    """What a recording says about itself, before decoding."""

    container: str  #: FFmpeg's short name: wav, mp3, ogg ...
    codec: str
    sample_rate: int
    channels: int
    duration: float | None  #: seconds, as declared; None when the container does not say or only guesses


@dataclass(frozen=True, slots=True)
class Audio:
    """A decoded recording."""

    source: str
    samples: NDArray[np.int16]  #: shape (channels, samples): telephone sound has no more than 16 bits
    #: What `samples` lie in when they are too many for memory (four hours of two channels are 0.9 GB): a file.
    mapped: mmap.mmap | None = None

    @property
    def duration(self) -> float:
        """Seconds."""
        return float(self.samples.shape[1] / SAMPLE_RATE)

    def cut(self, channel: int, start: int, end: int) -> NDArray[np.float32]:
        """Samples `start` to `end` of one channel as float32 between -1 and 1."""
        sound = self.samples[channel, start:end].astype(np.float32) / np.float32(32768)
        if self.mapped:
            self.mapped.madvise(mmap.MADV_DONTNEED)  # or all that was ever looked at would count as ours
        return sound


def probe(path: str | Path, max_seconds: float = MAX_SECONDS) -> AudioInfo:
    """Look at a recording without decoding it (milliseconds).

    Raises AsrError when it is certainly unusable: missing, empty, not audio, no single audio stream of one or two
    channels, or declared longer than `max_seconds`. A file that lies about itself is found by `decode`.
    """
    path = Path(path)
    with _opened(path) as container:
        return _inspect(path, container, max_seconds)


def decode(path: str | Path, max_seconds: float = MAX_SECONDS) -> Audio:
    """Decode a recording completely.

    Raises AsrError as `probe` does, and when a frame is damaged, when less sound is there than the container
    declares (a cut call looks like an agent who never made the disclosure), or when there is more than `max_seconds`
    of it whatever the container says; memory never grows beyond that limit.
    """
    sound = bytearray()
    info = decode_into(sound.extend, path, max_seconds)
    return Audio(Path(path).name, np.frombuffer(sound, np.int16).reshape(-1, info.channels).T)


def decode_into(write: Callable[[bytes], object], path: str | Path, max_seconds: float = MAX_SECONDS) -> AudioInfo:
    """`decode`, handing the samples on as they come: interleaved int16 at 16 kHz. Raises as `decode` does."""
    path = Path(path)
    with _opened(path) as container:
        info = _inspect(path, container, max_seconds)
        size = _read(write, path, container, info, max_seconds)
    _require_complete(path, info, size / (2 * info.channels * SAMPLE_RATE))
    return info


@contextmanager
def _opened(path: Path) -> Iterator["InputContainer"]:
    import av
    import av.error

    _require_file(path)
    _require_whole(path)
    options = {"format_whitelist": CONTAINERS, "protocol_whitelist": "file"}
    try:
        # "file:" keeps FFmpeg from reading a name like "http:x.wav" as an address.
        container = av.open(f"file:{path}", mode="r", options=options, metadata_errors="ignore")
    except (av.error.FFmpegError, ValueError) as error:
        raise AsrError("not_audio", f"{path.name}：不是可识别的录音文件（{_reason(error)}）") from error
    with container:
        yield container


def _require_file(path: Path) -> None:
    try:
        regular = stat.S_ISREG(path.stat().st_mode)  # before opening: a pipe would wait for ever
        first = _first_bytes(path) if regular else b""
    except (FileNotFoundError, NotADirectoryError) as error:
        raise AsrError("not_found", f"{path.name}：文件不存在") from error
    except OSError as error:  # no permission, a name longer than the system allows
        raise AsrError("unreadable", f"{path.name}：无法读取（{error.strerror}）") from error
    except ValueError as error:  # a NUL
        raise AsrError("not_found", f"{path.name!r}：文件名无效") from error
    if not regular:
        raise AsrError("unreadable", f"{path.name}：不是普通文件")
    if not first:
        raise AsrError("empty", f"{path.name}：文件为空（0 字节）")
    if not containers.is_known(first):
        raise AsrError("not_audio", f"{path.name}：不是可识别的录音文件（开头不是任何录音格式）")


def _first_bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(16)


def _inspect(path: Path, container: "InputContainer", max_seconds: float) -> AudioInfo:
    stream = _only_stream(path, container)
    info = AudioInfo(
        container=container.format.name.split(",")[0],
        codec=stream.codec_context.name,
        sample_rate=stream.codec_context.sample_rate,
        channels=stream.codec_context.channels,
        duration=_declared(path, container, stream),
    )
    if not LOWEST_RATE <= info.sample_rate <= HIGHEST_RATE:
        raise AsrError("corrupt", f"{path.name}：音频流 0 的采样率不合理（{info.sample_rate} Hz）")
    if info.channels not in (1, 2):
        message = f"{path.name}：音频流 0 有 {info.channels} 个声道，只支持单声道或双声道"
        raise AsrError("too_many_channels", message)
    if info.duration is not None and info.duration > max_seconds:
        raise _too_long(path, info.duration, max_seconds)
    return info


def _only_stream(path: Path, container: "InputContainer") -> "AudioStream":
    streams = container.streams.audio
    if not streams:
        kinds = "、".join(stream.type for stream in container.streams) or "无"
        raise AsrError("no_audio_stream", f"{path.name}：没有音频流（文件中的流：{kinds}）")
    if len(streams) > 1:
        message = f"{path.name}：有 {len(streams)} 路音频流，无法判断听哪一路；请导出为一路双声道录音"
        raise AsrError("several_streams", message)
    if streams[0].codec_context is None:  # PyAV's types do not say so; a fuzzed MP4 did
        raise AsrError("unknown_codec", f"{path.name}：音频流 0 的编码无法识别")
    return streams[0]


def _declared(path: Path, container: "InputContainer", stream: "AudioStream") -> float | None:
    if not containers.knows_duration(container.format.name.split(",")[0], path):
        return None
    if stream.duration is not None and stream.time_base is not None:
        length = float(stream.duration * stream.time_base)
    elif container.duration is not None:
        length = container.duration / 1_000_000
    else:
        return None
    return length - _start(stream) if container.format.name.split(",")[0] in ENDS else length


def _start(stream: "AudioStream") -> float:
    """Second at which the sound begins, by the container's clock."""
    if stream.start_time is None or stream.time_base is None:
        return 0.0
    return max(float(stream.start_time * stream.time_base), 0.0)


def _read(
    write: Callable[[bytes], object], path: Path, container: "InputContainer", info: AudioInfo, max_seconds: float
) -> int:
    """Hand on all samples, interleaved, and return their bytes. Joining channels afterwards needs the memory twice."""
    import av.error

    size, second = 0, 2 * info.channels * SAMPLE_RATE
    try:
        for block in _blocks(container, info.channels):
            size += len(block)
            if size > max_seconds * second:
                raise _too_long(path, None, max_seconds)
            write(block)
    # MemoryError: a sample rate that makes no sense. ValueError: channels or rate changed on the way.
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        message = f"{path.name}：音频流 0 在 {size / second:.1f} 秒处无法解码（{_reason(error)}）"
        raise AsrError("corrupt", message) from error
    if not size:
        raise AsrError("empty", f"{path.name}：音频流 0（{info.codec}）没有任何声音数据")
    return size


def _blocks(container: "InputContainer", channels: int) -> Iterator[bytes]:
    """Decoded sound as blocks of interleaved int16.

    Every frame or an error: a damaged frame that is skipped is a sentence nobody will ever judge.
    """
    import av

    resampler = av.AudioResampler(format="s16", rate=SAMPLE_RATE)
    for frame in itertools.chain(container.decode(audio=0), (None,)):  # None empties the resampler
        if frame is not None and frame.is_corrupt:
            raise ValueError("数据损坏")
        for block in resampler.resample(frame):
            if block.layout.nb_channels != channels:
                raise ValueError("声道数改变")
            yield block.to_ndarray().tobytes()


def _require_complete(path: Path, info: AudioInfo, decoded: float) -> None:
    exact = info.container not in ENDS and (info.codec == "flac" or info.codec.startswith("pcm"))
    slack = EXACT_SLACK if exact else LOSSY_SLACK
    if info.duration is None or info.duration - decoded <= slack:
        return
    found = f"文件声明 {info.duration:.2f} 秒，只解出 {decoded:.2f} 秒"
    raise AsrError("truncated", f"{path.name}：音频流 0 不完整，{found}，录音被截断或损坏")


def _require_whole(path: Path) -> None:
    if reason := containers.missing(path):
        raise AsrError("truncated", f"{path.name}：{reason}，录音被截断")


def _too_long(path: Path, seconds: float | None, limit: float) -> AsrError:
    found = f"时长 {seconds / 3600:.1f} 小时" if seconds is not None else "实际时长"
    return AsrError("too_long", f"{path.name}：{found}超过上限 {limit / 3600:.1f} 小时")


def _reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
