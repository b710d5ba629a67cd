"""What this library raises: one error, with a stable code for programs and a clear sentence for people."""

#: Codes of recordings that no other try, machine or model will make usable.
HOPELESS = frozenset(
    {
        "empty",
        "not_audio",
        "no_audio_stream",
        "several_streams",
        "unknown_codec",
        "too_many_channels",
        "corrupt",
        "truncated",
        "too_long",
        "decoder_crashed",
    }
)


class AsrError(Exception):
    """A recording or a model cannot be used. The message names the file, the stream and what was wrong, in Chinese.

    Codes are stable: programs may compare them. For a recording: `not_found`, `unreadable`, `empty`, `not_audio`,
    `no_audio_stream`, `several_streams`, `unknown_codec`, `too_many_channels`, `corrupt`, `truncated`, `too_long`,
    `decoder_crashed`, `decoder_timeout`. For a model or a backend: `model_missing`, `model_damaged`,
    `unknown_backend`, `bad_option`, `backend_failed` (it refused or answered nonsense), `backend_away` (it cannot be
    used now). For a transcript: `not_told_apart`.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
