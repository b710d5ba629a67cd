"""Whisper on CTranslate2, fed short packed windows. Loaded only when a recogniser is made of it."""

import itertools
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
import tokenizers
from faster_whisper.feature_extractor import FeatureExtractor
from faster_whisper.tokenizer import Tokenizer
from faster_whisper.utils import available_models, download_model
from numpy.typing import NDArray

from asr import vocabulary
from asr.audio import SAMPLE_RATE
from asr.condensing import Encoded, Steps, condense
from asr.errors import AsrError
from asr.machine import fit, keep_memory, this_machine
from asr.models import Progress, weight
from asr.recogniser import Heard, Sound

#: The encoder turns 10 ms mel frames into 20 ms steps.
HOP = 160
STEP_SECONDS = 0.02
#: Samples of silence after a window: Whisper was trained on sound that ends in silence. CER 16.5 % with a second of
#: it, 16.9 % with none.
TAIL = SAMPLE_RATE // 2
LONGEST_WINDOW = 30 * SAMPLE_RATE
#: What log-mel features of digital silence are beside speech: Whisper cuts what is 80 dB below the loudest sound.
SILENT_MEL = -0.75
#: Share of the encoder's steps that alignment looks at. With 0.6 of them it took a third less CPU on six calls, times
#: were off by at most 0.06 s (99 %), confidence by 0.007 on average.
ALIGNED = 0.7
#: Fast Mandarin is 7 characters a second, at up to 2 tokens each; a looping decoder would write 448.
TOKENS_PER_SECOND = 14


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings chosen together, by measurement."""

    windows: tuple[float, ...]  #: seconds; see Recogniser
    beam: int
    patience: float  #: the search for a window ends with so many times `beam` finished texts
    batch: int  #: windows decoded together
    share: float  #: of the encoder's steps that the decoder looks at, see `condense`


#: `fast` hears everything once. `accurate` hears it twice, in long windows and among other neighbours in short ones,
#: and keeps the surer text of each utterance.
#: CER on 24 calls in windows of 12, 15, 17 and 20 s: 16.7, 16.3, 16.1 and 15.6 %. Looking at 0.7 of the steps, with
#: 20, 22, 25 and 28 s: 15.9, 14.6, 14.8 and 14.6 % (differences under 0.7 are noise), for 0.92, 0.94 and 1.01 of
#: the CPU of 20 s and all steps.
#: Batches: ten windows decoded one by one took 14.0 CPU seconds, by fours 9.6, by eights 9.3; by fours there is less
#: padding to the longest. Patience 2 raised CER from 16.5 to 19.4 %; 0.4 changed nothing (15.6 %, 4 % less CPU in
#: decoding), length penalty 0 dropped the ends of windows (16.6 %). Levelling the loudness of windows (16.5 %) or of
#: utterances (17.2 %) changed nothing or harmed, nor did float32 help (15.9 %). Words of the trade told to the decoder
#: first harm, in 12 calls without a second hearing: CER 16.0 % without, 22.4 % with a sentence such as a collector
#: opens with, 41.9 % with a list of words, and more CPU (`fast+prompt` and `fast+hotwords` of tests/benchmarks/asr.py).
PROFILES = {
    "fast": Profile(windows=(22.0,), beam=5, patience=0.4, batch=4, share=0.7),
    "accurate": Profile(windows=(28.0, 15.0), beam=5, patience=0.4, batch=4, share=0.7),
}


class WhisperRecogniser:
    """A loaded model. Safe to use from one thread; for more calls at once run more processes."""

    def __init__(
        self, folder: Path, name: str, profile: str = "fast", device: str = "auto", threads: int = 1, card: int = 0
    ) -> None:
        """Load the model in `folder` onto `device` (cpu, cuda, or auto: the GPU when there is one).

        int8 on CPU; on the GPU number `card`, float16 unless it cannot or is too small: see `machine.fit`, which also
        tells how many processes to run. One thread by default: a second adds almost nothing, a second process doubles.
        Raises AsrError `bad_option`, `model_damaged`.
        """
        if profile not in PROFILES:
            raise AsrError("bad_option", f"没有名为 {profile} 的识别方案，可选：{'、'.join(PROFILES)}")
        self.profile = PROFILES[profile]
        self.windows = self.profile.windows
        device = _device(device, card)
        precision = fit(this_machine(), weight(folder)).precision if device == "cuda" else "int8"
        if device == "cpu":
            keep_memory()
        cut = _cut(folder) if device == "cpu" else None
        self._model = _load(folder, device, precision, threads, cut, card)
        self.tokenizer = _tokenizer(folder, self._model.is_multilingual)
        #: No timestamp tokens: aligning afterwards is finer and was no dearer.
        self.prompt = [*self.tokenizer.sot_sequence, self.tokenizer.no_timestamps]
        self._numbers = vocabulary.Numbers(cut.kept if cut else None)
        self._silent: NDArray[np.float32] | None = None
        self._features = FeatureExtractor(feature_size=self._model.n_mels)
        self.engine = f"faster-whisper/{name}/{device}/{precision}/{profile}"

    def hear(self, sounds: Iterable[Sound]) -> Iterator[list[Heard]]:
        """See `Recogniser.hear`. Confidence is the mean probability of the tokens."""
        waiting = iter(sounds)
        while batch := list(itertools.islice(waiting, self.profile.batch)):
            yield from self._hear_batch(batch)

    def _hear_batch(self, sounds: list[Sound]) -> list[list[Heard]]:
        encoded = self.encode([self.mel(sound) for sound in sounds])
        texts = self.decode(encoded)
        condensed = self.condensed(encoded, ALIGNED)
        ends = [len(sound) // HOP // 2 for sound in sounds]
        frames = [2 * int(np.searchsorted(*place)) for place in zip(condensed.origins, ends, strict=True)]
        prompt = self._numbers.cut(self.tokenizer.sot_sequence)
        stored = ctranslate2.StorageView.from_array(condensed.sounds)
        aligned = self._model.align(stored, prompt, [self._numbers.cut(tokens) for tokens in texts], frames)
        return [self._timed(*one) for one in zip(texts, aligned, condensed.origins, strict=True)]

    def mel(self, sound: Sound) -> NDArray[np.float32]:
        """Log-mel features of a window and TAIL: shape (1, mels, frames)."""
        frames = min(len(sound) + TAIL, LONGEST_WINDOW) // HOP // 2 * 2
        features = self._features(np.pad(sound, (0, max(frames * HOP - len(sound), 0))), padding=0)
        return np.ascontiguousarray(features[np.newaxis, :, :frames], np.float32)

    def encode(self, mels: list[NDArray[np.float32]]) -> list[Steps]:
        """The encoder's output for each window, of shape (steps, size).

        Each is encoded by itself and no longer than it is: a window's activations fit the cache of a CPU core, and the
        windows of a call differ by a quarter on average. A GPU takes all at once.
        """
        if self._model.device == "cuda":
            longest = max(mel.shape[2] for mel in mels)
            fills = [((0, 0), (0, 0), (0, longest - mel.shape[2])) for mel in mels]
            filled = [np.pad(mel, fill, constant_values=SILENT_MEL) for mel, fill in zip(mels, fills, strict=True)]
            return list(self._encoded(np.concatenate(filled)))
        return [self._encoded(mel)[0] for mel in mels]

    def condensed(self, encoded: list[Steps], share: float) -> Encoded:
        """Encoded windows, equally long.

        A shorter one is filled up with what the encoder makes of silence at that place: text is as good as when silence
        is encoded with it (CER 16.3 and 16.0 %), while its own last step repeated made 20.9 %, for the decoder takes
        that for sound.
        """
        return condense(encoded, self._silence(2 * max(map(len, encoded))), share)

    def _encoded(self, mels: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(self._model.encode(ctranslate2.StorageView.from_array(mels), to_cpu=True))

    def _silence(self, frames: int) -> NDArray[np.float32]:
        """The encoder's output for at least so many frames of silence, made once for the longest window."""
        if self._silent is None or 2 * len(self._silent) < frames:
            usual = min(int(max(self.windows) * SAMPLE_RATE) + TAIL, LONGEST_WINDOW) // HOP
            shape = (1, self._model.n_mels, max(usual, frames))
            self._silent = self._encoded(np.full(shape, SILENT_MEL, np.float32))[0]
        return self._silent

    def decode(self, encoded: list[Steps]) -> list[list[int]]:
        """Text tokens of each encoded window."""
        limit = len(self.prompt) + int(TOKENS_PER_SECOND * max(self.windows))
        prompts, search = [self._numbers.cut(self.prompt)] * len(encoded), self.profile
        sounds = ctranslate2.StorageView.from_array(self.condensed(encoded, search.share).sounds)
        results = self._model.generate(
            sounds, prompts, beam_size=search.beam, patience=search.patience, max_length=limit
        )
        texts = [self._numbers.original(result.sequences_ids[0]) for result in results]
        return [[token for token in tokens if token < self.tokenizer.eot] for tokens in texts]

    def _timed(self, tokens: list[int], alignment: Any, origins: NDArray[np.int64]) -> list[Heard]:
        """Characters with their times from cross-attention, and the mean probability of their tokens."""
        path = [(token, int(origins[step])) for token, step in alignment.alignments]
        starts = _token_starts(path, len(tokens))
        words, groups = self.tokenizer.split_tokens_on_unicode(tokens)
        heard, first = [], 0
        for word, group in zip(words, groups, strict=True):
            last = first + len(group)
            sure = float(np.mean(alignment.text_token_probs[first:last]))
            heard.append(Heard(word, starts[first], starts[last], min(sure, 1.0)))
            first = last
        return heard


def _token_starts(path: list[tuple[int, int]], count: int) -> list[float]:
    """Seconds at which each token begins, and where the last one ends, from the alignment's (token, step) path."""
    starts = [0.0] * (count + 1)
    for token, step in reversed(path):
        starts[min(token, count)] = step * STEP_SECONDS
    return starts


def known_folder(name: str, models: Path | None, progress: Progress | None) -> Path:
    """Folder of a model known to faster-whisper (`large-v3-turbo`), from its local copy or the hub.

    Raises AsrError `model_missing` when the name is unknown or the hub cannot be reached.
    """
    if name not in available_models() and "/" not in name:
        known = "、".join(available_models())
        raise AsrError("model_missing", f"没有名为 {name} 的语音模型；可用 packaged、模型文件夹，或：{known}")
    store = None if models is None else str(models)
    try:
        return Path(download_model(name, local_files_only=True, cache_dir=store))
    except (OSError, ValueError):
        return _download(name, store, progress or (lambda _: None))


def _download(name: str, store: str | None, progress: Progress) -> Path:
    progress(0.0)
    try:
        folder = Path(download_model(name, cache_dir=store))
    except (OSError, ValueError, RuntimeError) as error:
        message = f"无法从 huggingface.co 下载语音模型 {name}（{type(error).__name__}）；可改用 packaged 或模型文件夹"
        raise AsrError("model_missing", message) from error
    progress(1.0)
    return folder


def _cut(folder: Path) -> vocabulary.CutModel | None:
    try:
        return vocabulary.cut(folder)
    except (OSError, ValueError, KeyError, struct.error) as error:
        raise AsrError("model_damaged", f"语音模型 {folder} 不完整或已损坏：{error}") from error


def card_precisions() -> list[frozenset[str]]:
    """What CTranslate2 can compute with on every NVIDIA GPU of this machine."""
    cards = range(ctranslate2.get_cuda_device_count())
    return [frozenset(ctranslate2.get_supported_compute_types("cuda", card)) for card in cards]


def _device(wanted: str, card: int) -> str:
    if wanted not in ("auto", "cpu", "cuda"):
        raise AsrError("bad_option", f"不支持的设备 {wanted}，可选：auto、cpu、cuda")
    found = ctranslate2.get_cuda_device_count()
    if wanted == "cuda" and not found:
        raise AsrError("bad_option", "指定了 cuda，但没有找到可用的 NVIDIA GPU")
    if wanted == "cpu" or not found:
        return "cpu"
    if card >= found:
        raise AsrError("bad_option", f"没有第 {card} 号 GPU，本机共有 {found} 块（从 0 开始编号）")
    return "cuda"


def _load(
    folder: Path, device: str, precision: str, threads: int, cut: vocabulary.CutModel | None, card: int
) -> ctranslate2.models.Whisper:
    number = card if device == "cuda" else 0
    options = {"device": device, "device_index": number, "compute_type": precision, "intra_threads": threads}
    try:
        return ctranslate2.models.Whisper(str(folder), files=cut and cut.files, **options)
    except (RuntimeError, ValueError) as error:
        raise AsrError("model_damaged", f"无法加载语音模型 {folder}（{device}，{precision}）：{error}") from error


def _tokenizer(folder: Path, multilingual: bool) -> Tokenizer:
    if not multilingual:
        raise AsrError("bad_option", f"语音模型 {folder} 只懂英语，请换用多语言模型")
    raw = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    return Tokenizer(raw, True, task="transcribe", language="zh")
