"""A file of PyTorch weights to numpy arrays: no torch needed, and no code in the file is run."""

import io
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from asr.errors import AsrError

Weights = dict[str, NDArray[np.float32]]
#: (offset in the storage, shape, steps between elements) are counted in elements of these.
_KINDS = {"FloatStorage": np.dtype("<f4"), "LongStorage": np.dtype("<i8")}


def read_weights(path: Path) -> Weights:
    """The tensors of a state file by name; counters (int64) are left out.

    The format is a zip: `data.pkl` says which tensor lies where in which `data/N`. Raises AsrError `model_damaged`.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            state = _Tensors(archive).load()
    except (OSError, zipfile.BadZipFile, pickle.UnpicklingError, KeyError, ValueError) as error:
        raise AsrError("model_damaged", f"声纹模型文件 {path} 无法读取（{error}）") from error
    return {name: tensor for name, tensor in state.items() if tensor.dtype == np.float32}


class _Tensors(pickle.Unpickler):
    """A pickle reader that knows three names and refuses all others: a pickle can call anything."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._folder = archive.namelist()[0].split("/")[0]
        super().__init__(io.BytesIO(archive.read(f"{self._folder}/data.pkl")))

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if module == "torch" and name in _KINDS:
            return _KINDS[name]
        raise pickle.UnpicklingError(f"不应有的内容 {module}.{name}")

    def persistent_load(self, reference: Any) -> NDArray[Any]:
        _storage, kind, key, _device, _length = reference
        return np.frombuffer(self._archive.read(f"{self._folder}/data/{key}"), kind)


def _tensor(
    storage: NDArray[Any], offset: int, shape: tuple[int, ...], steps: tuple[int, ...], *_: Any
) -> NDArray[Any]:
    strides = [step * storage.itemsize for step in steps]
    return np.lib.stride_tricks.as_strided(storage[offset:], shape, strides, writeable=False).copy()
