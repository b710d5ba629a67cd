"""Our transcriber beside faster-whisper's own ways to run the same model on the same calls.

    uv run python -m tests.benchmarks.asr [--calls FOLDER] [--systems NAME ...]

FOLDER holds two-channel recordings (agent left), each with NAME.transcript.json, or all with labels.jsonl (see
`accuracy.py`); `samples` when not given. Every
system runs alone in a process of its own, one after the other, with one thread, int8 and beam 5. Printed for each:
CPU and wall seconds, CPU seconds per second of call, CER of each speaker's whole text, CER turn by turn (who said it
when), peak memory, and CPU relative to ours. `floor` is the model alone: the same windows, encoded and decoded, no
decoding of audio, no speech detection, no alignment. `two` are two processes of ours sharing the calls.

Measured on 24 development calls (868 s, 3 451 characters; differences in CER under 0.7 are noise), on 2 cores of an
AMD EPYC with AVX2 that had little else to do:

                         CPU s    CPU/s  CPU/ours  peak MB   CER %  by turn %  speaker %  edge s
    fast                  66.9    0.077      1.00      522    14.6       14.6      100.0    0.02
    transcribe+vad       207.6    0.239      3.10      482    19.2       32.0       70.9    0.46
    batched              179.1    0.206      2.68      536    15.6      128.0       65.1   12.39

and in a second run, while tests ran beside it (wall seconds: `two` 47.8, `batched` 228.7):

    fast                  71.9    0.083      1.00      525    14.6       14.6      100.0    0.02
    two                   72.3    0.083      1.00     1025
    batched              177.5    0.204      2.47      550    15.6      128.0       65.1   12.39
    floor                 62.3    0.072      0.87      462
    accurate             131.6    0.152      1.83      612    14.5       14.5      100.0    0.02

The settings of `fast` were chosen on these calls among some twenty.

`whisper-ctranslate2` 0.5.8 took 12.8 times the CPU of ours on two of them (its process and its model start anew for
each channel), with CER 22.5 against 16.3 %. On the 11 samples, on a nearly quiet
machine and before windows were encoded at their own length, two processes took 21.5 seconds of wall time, one 39.0 and
`batched` 81.5. A batched chunk runs over many turns: its text is as good, but who said it when is lost, which is what
`by turn`, `speaker` and `edge` show.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import asr
from asr.models import default_models, packaged
from asr.transcript import Speaker, Transcript, Utterance
from rules import load_pack
from tests.benchmarks.accuracy import found_by, guarded, labelled_calls, turn_of, wanted_in
from tests.benchmarks.scoring import Turn, by_channel, by_turn, edges, rate, rightly

#: The peer's command: installed, or run by uv from its own environment.
COMMAND = ["whisper-ctranslate2"] if shutil.which("whisper-ctranslate2") else ["uvx", "whisper-ctranslate2@0.5.8"]
SIDES: tuple[Speaker, Speaker] = ("agent", "customer")
Hear = Callable[[Path], list[Utterance]]


@dataclass(frozen=True, slots=True)
class Result:
    """What one system did with all calls."""

    cpu: float
    wall: float
    peak: float  #: MB
    heard: list[list[Utterance]]


def ours(profile: str) -> Hear:
    """This product."""
    transcriber = asr.load_transcriber(profile=profile)
    return lambda path: list(transcriber.transcribe(path).utterances)


def prompted(words: str) -> Hear:
    """This product, its decoder told words of the trade first, as `initial_prompt` and `hotwords` do."""
    from asr.whisper import WhisperRecogniser

    recogniser = WhisperRecogniser(packaged(default_models()), "packaged", device="cpu")
    tokens = recogniser.tokenizer.encode(" " + words)
    recogniser.prompt = [recogniser.tokenizer.sot_prev, *tokens, *recogniser.prompt]
    transcriber = asr.Transcriber(recogniser)
    return lambda path: list(transcriber.transcribe(path).utterances)


def per_channel(transcribe: Callable[[Any], Iterable[Any]]) -> Hear:
    """A peer that knows no channels, given each by itself."""
    from faster_whisper.audio import decode_audio

    def hear(path: Path) -> list[Utterance]:
        channels = zip(SIDES, decode_audio(str(path), split_stereo=True), strict=True)
        return [Utterance(who, s.text, s.start, s.end) for who, sound in channels for s in transcribe(sound)]

    return hear


def faster_whisper_model() -> Any:
    """The model as faster-whisper loads it."""
    from faster_whisper import WhisperModel

    return WhisperModel(str(packaged(default_models())), device="cpu", compute_type="int8", cpu_threads=1)


def plain() -> Hear:
    """`transcribe()` with its defaults."""
    model = faster_whisper_model()
    return per_channel(lambda sound: model.transcribe(sound, language="zh", beam_size=5)[0])


def with_vad() -> Hear:
    """`transcribe()` with Silero VAD."""
    model = faster_whisper_model()
    return per_channel(lambda sound: model.transcribe(sound, language="zh", beam_size=5, vad_filter=True)[0])


def batched() -> Hear:
    """`BatchedInferencePipeline`, batch 8."""
    from faster_whisper import BatchedInferencePipeline

    pipeline = BatchedInferencePipeline(faster_whisper_model())
    return per_channel(lambda sound: pipeline.transcribe(sound, language="zh", beam_size=5, batch_size=8)[0])


def command_line() -> Hear:
    """The `whisper-ctranslate2` command, run once for each channel."""

    def transcribe(sound: Any) -> Iterable[Any]:
        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "channel.wav"
            _write_wav(wav, sound)
            options = ["--language", "zh", "--compute_type", "int8", "--threads", "1", "--output_format", "json"]
            model = ["--model_directory", str(packaged(default_models())), "--output_dir", folder]
            subprocess.run([*COMMAND, str(wav), *options, *model], check=True, capture_output=True)
            segments = json.loads((Path(folder) / "channel.json").read_text("utf-8"))["segments"]
        return [Utterance("unknown", s["text"], s["start"], s["end"]) for s in segments]

    return per_channel(transcribe)


def _write_wav(path: Path, sound: Any) -> None:
    import wave

    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes((np.asarray(sound) * 32767).astype(np.int16).tobytes())


#: A sentence as collectors open with, and the words that matter most to the rules.
PROMPT = "以下是催收员与客户的普通话通话。您好，请问是张先生本人吗？您的贷款已经逾期，今天能还款吗？"
WORDS = "逾期，欠款，还款，起诉，坐牢，拘留，律师函，征信，上门，公安局，法院，通讯录，投诉，分期，减免"

SYSTEMS: dict[str, Callable[[], Hear]] = {
    "fast": lambda: ours("fast"),
    "accurate": lambda: ours("accurate"),
    "fast+prompt": lambda: prompted(PROMPT),
    "fast+hotwords": lambda: prompted(WORDS),
    "transcribe": plain,
    "transcribe+vad": with_vad,
    "batched": batched,
    "whisper-ctranslate2": command_line,
}


def run(system: str, paths: list[Path]) -> Result:
    """One system over all calls in this process; loading is not counted."""
    if system == "floor":
        return run_floor(paths)
    hear = SYSTEMS[system]()
    cpu, wall = _cpu(), time.perf_counter()
    heard = [hear(path) for path in paths]
    return Result(_cpu() - cpu, time.perf_counter() - wall, _peak(), heard)


def run_floor(paths: list[Path]) -> Result:
    """The model alone on our windows."""
    from asr.audio import decode
    from asr.packing import pack
    from asr.vad import frame_levels, spans
    from asr.whisper import WhisperRecogniser

    recogniser = WhisperRecogniser(packaged(default_models()), "packaged")
    spent, began = 0.0, time.perf_counter()
    for path in paths:
        audio = decode(path)
        windows = pack(spans(frame_levels(audio)), audio.samples.shape[1], recogniser.windows[0])
        windows.sort(key=lambda window: window.length, reverse=True)
        for first in range(0, len(windows), recogniser.profile.batch):
            mels = [recogniser.mel(window.sound(audio)) for window in windows[first : first + recogniser.profile.batch]]
            cpu = _cpu()
            recogniser.decode(recogniser.encode(mels))
            spent += _cpu() - cpu
    return Result(spent, time.perf_counter() - began, _peak(), [])


def _cpu() -> float:
    """CPU seconds of this process and of the commands it ran."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def _peak() -> float:
    return max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024


def in_process(system: str, paths: list[Path]) -> subprocess.Popen[str]:
    """Start one system in a process of its own, with one thread."""
    command = [sys.executable, "-m", "tests.benchmarks.asr", "--run", system, *map(str, paths)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"OMP_NUM_THREADS": "1"})


def result_of(process: subprocess.Popen[str]) -> Result:
    """Wait for a system and read what it did."""
    out, _ = process.communicate()
    if process.returncode:
        raise SystemExit(f"a system failed with exit code {process.returncode}")
    answer = json.loads(out.splitlines()[-1])
    heard = [[Utterance(*utterance) for utterance in call] for call in answer.pop("heard")]
    return Result(heard=heard, **answer)


def two_processes(paths: list[Path]) -> Result:
    """Ours in two processes sharing the calls; the longer one's time."""
    parts = [result_of(process) for process in [in_process("fast", paths[::2]), in_process("fast", paths[1::2])]]
    longest = max(part.wall for part in parts)
    return Result(sum(part.cpu for part in parts), longest, sum(part.peak for part in parts), [])


def labels_of(folder: Path) -> dict[str, Any]:
    """Labelled calls by their id, where the folder has labels.jsonl."""
    return {call["id"]: call for call in labelled_calls(folder)} if (folder / "labels.jsonl").is_file() else {}


def turns_of(path: Path) -> list[Turn]:
    """What was really said in a recording: labelled, or in the transcript beside it."""
    if labels := labels_of(path.parent):
        given = labels[path.stem]["turns"]
    else:
        given = json.loads(path.with_suffix(".transcript.json").read_text("utf-8"))["utterances"]
    return [Turn(u["speaker"], u["start"], u["end"], u["text"]) for u in given]


def report(name: str, result: Result, paths: list[Path], seconds: float, unit: float) -> str:
    """One line of the table."""
    speed = f"{result.cpu:7.1f} {result.wall:7.1f} {result.cpu / seconds:8.3f} {result.cpu / unit:9.2f}"
    heard = f" {hearing(result, paths)} {violations(result, paths)}" if result.heard else ""
    return f"{name:20} {speed} {result.peak:8.0f}{heard}"


def hearing(result: Result, paths: list[Path]) -> str:
    """Errors over a speaker's whole text and turn by turn, characters at the right speaker, median error of edges."""
    pairs, turn_pairs, right, off = [], [], [], list[float]()
    for path, heard in zip(paths, result.heard, strict=True):
        turns = turns_of(path)
        texts: dict[str, str] = {who: "".join(u.text for u in heard if u.speaker == who) for who in SIDES}
        pairs += by_channel(turns, texts)
        turn_pairs += by_turn(turns, Transcript("", "zh", None, "channels", tuple(heard)))
        right.append(rightly(turns, heard))
        off += edges(turns, heard)
    share = 100 * sum(ours for ours, _ in right) / sum(everything for _, everything in right)
    return f"{rate(pairs):7.1f} {rate(turn_pairs):9.1f} {share:9.1f} {float(np.median(off)):7.2f}"


def violations(result: Result, paths: list[Path]) -> str:
    """Violations and signals found where labelled, and where none is, of all labelled; nothing without labels."""
    labels = labels_of(paths[0].parent)
    wanted = {place for path in paths if path.stem in labels for place in wanted_in(labels[path.stem])}
    if not wanted:
        return ""
    found = set()
    for path, heard in zip(paths, result.heard, strict=True):
        transcript = Transcript("faster-whisper", "zh", None, "channels", tuple(sorted(heard, key=start_of)))
        for name, at, category in found_by(load_pack("collection-standard"), path.stem, transcript, guarded):
            found.add((name, turn_of(labels[name], transcript.utterances[at]), category))
    labelled = {category for *_, category in wanted}
    invented = sum(place[2] in labelled for place in found - wanted)
    return f"{len(found & wanted):6d} {invented:8d} {len(wanted):7d}"


def start_of(utterance: Utterance) -> float:
    """Second at which it begins."""
    return utterance.start or 0.0


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=Path, default=Path("samples"))
    parser.add_argument("--systems", nargs="+", default=[*SYSTEMS, "floor", "two"])
    parser.add_argument("--run", nargs="+", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.run:
        system, *files = options.run
        result = run(system, [Path(file) for file in files])
        heard = [[(u.speaker, u.text, u.start, u.end) for u in call] for call in result.heard]
        print(json.dumps({"cpu": result.cpu, "wall": result.wall, "peak": result.peak, "heard": heard}))
    else:
        compare(sorted(options.calls.glob("*.wav")), options.systems)


def compare(paths: list[Path], systems: list[str]) -> None:
    """Every system on the same calls; ours first, as the unit."""
    packaged(default_models())
    seconds = sum(asr.probe(path).duration or 0.0 for path in paths)
    print(f"{len(paths)} calls, {seconds:.0f} s, {os.cpu_count()} cores")
    columns = ["CPU s", "wall s", "   CPU/s", " CPU/ours", " peak MB", "  CER %", "by turn %", "speaker %", " edge s"]
    print(f"{'':20} {' '.join(f'{name:>7}' for name in [*columns, ' found', 'invented', '     of'])}")
    unit = 0.0
    for name in ["fast", *(system for system in systems if system != "fast")]:
        if name == "whisper-ctranslate2" and not shutil.which(COMMAND[0]):
            print(f"{name:20} skipped: neither it nor uvx is installed")
            continue
        result = two_processes(paths) if name == "two" else result_of(in_process(name, paths))
        unit = unit or result.cpu
        print(report(name, result, paths, seconds, unit), flush=True)


if __name__ == "__main__":
    main()
