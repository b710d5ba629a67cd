"""Sound to voice prints: Kaldi's mel features, and CAM++ on onnxruntime."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from asr import campplus
from asr.audio import SAMPLE_RATE
from asr.errors import AsrError

#: What the extra `speakers` brings, apart from the weights.
_LIBRARIES = ("kaldi_native_fbank", "onnx", "onnxruntime")


def installed(models: Path) -> bool:
    """Whether voices can be told apart here: the extra `speakers` is installed, its weights too or built already."""
    return all(map(find_spec, _LIBRARIES)) and campplus.available(models)


class VoicePrinter:
    """CAM++, loaded. Raises AsrError as `campplus.ready` does."""

    def __init__(self, models: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        # One thread per process, as Whisper has: cores are filled by processes.
        options.intra_op_num_threads = 1
        options.log_severity_level = 3
        model = campplus.ready(models)
        try:
            self._session = onnxruntime.InferenceSession(str(model), options, ["CPUExecutionProvider"])
        except Exception as error:  # its errors share no other base
            raise AsrError("model_damaged", f"声纹模型 {model} 已损坏，删除后会重新生成（{error}）") from error

    def prints(self, sound: NDArray[np.float32], windows: Sequence[tuple[int, int]]) -> NDArray[np.float32]:
        """A voice print of length 1 for each window (first and last frame of 10 ms) of 16 kHz sound, (windows, 192).

        Windows are of one length, at most `campplus.LONGEST` frames. Likeness of two prints is their product.
        """
        features = mel_features(sound)
        heard = np.stack([features[start:end] - features[start:end].mean(axis=0) for start, end in windows])
        prints = np.asarray(self._session.run(None, {"features": heard})[0], np.float32)
        unit: NDArray[np.float32] = prints / np.linalg.norm(prints, axis=1, keepdims=True)
        return unit


def mel_features(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """80 log mel energies for every 10 ms of 16 kHz sound, as CAM++ was trained on, shape (frames, 80)."""
    import kaldi_native_fbank

    options = kaldi_native_fbank.FbankOptions()
    options.frame_opts.samp_freq = SAMPLE_RATE
    options.frame_opts.dither = 0.0  # noise on purpose: the same recording must give the same voices
    options.frame_opts.snip_edges = False  # as many frames as there are 10 ms
    options.mel_opts.num_bins = campplus.BANDS
    bank = kaldi_native_fbank.OnlineFbank(options)
    bank.accept_waveform(SAMPLE_RATE, sound)
    bank.input_finished()
    return np.array([bank.get_frame(frame) for frame in range(bank.num_frames_ready)], np.float32)
