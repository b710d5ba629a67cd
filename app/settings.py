"""The service's settings: the only reader of the environment (TINGJIAN_*)."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import BeforeValidator, DirectoryPath, Field, FilePath, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.filenames import FileName
from app.references import FetchError, References
from app.schemas import CallFacts
from app.sealing import Seal, SealError, new_key, read_keys
from app.security import Role
from app.wording import Language

MIB = 1024 * 1024


def _words(text: object) -> object:
    return text.replace(",", " ").split() if isinstance(text, str) else text


def _lines(text: object) -> object:
    if not isinstance(text, str):
        return text
    return json.loads(text) if text.startswith("[") else [line.strip() for line in text.splitlines() if line.strip()]


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_words)]


class Settings(BaseSettings):
    """Every knob of the service, each read from TINGJIAN_<NAME>."""

    model_config = SettingsConfigDict(env_prefix="TINGJIAN_", extra="forbid")

    data: Path = platformdirs.user_data_path("tingjian")  #: recordings, models and the embedded database
    database_url: str | None = None  #: postgresql://…; None: the embedded PostgreSQL under `data`
    packs: DirectoryPath | None = None  #: a folder of rule packs searched before the built-in ones
    templates: DirectoryPath | None = None  #: a folder of scoring templates searched before the built-in ones
    template: str = "collection-standard"  #: the template of a call that names none

    recordings: str | None = None  #: a folder, or s3://bucket/prefix with AWS_… set; None: under `data`
    #: Base64 of 32 bytes each; the first seals recordings at rest, the others still open theirs. None: kept plain.
    recording_keys: SecretStr | None = None
    recording_keys_file: FilePath | None = None  #: the same, in a file

    #: What `recording_url` must lie under: https://host/folder/, http://10.1.2.3:8080/, s3://bucket/; by white space.
    recording_sources: Listed = ()
    #: What file names say, such as {agent_id}_{started_at:%Y%m%d%H%M%S}.wav; JSON list or one a line, first one wins.
    file_names: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_lines)] = ()
    #: Facts that go without saying, by who posts: {"dialer-2": {"agent_channel": "right", "template": "…"}}.
    sources: dict[str, CallFacts] = {}

    watch: DirectoryPath | None = None  #: a folder whose recordings become calls, see app.watch
    watch_settle_seconds: Annotated[float, Field(ge=0)] = 10  #: without a change, after which a recording is complete

    asr_backend: str = "whisper"  #: or `openai`: a server with OpenAI's transcription protocol at `asr_url`
    asr_url: str | None = None
    asr_key: SecretStr | None = None
    asr_model: str = "packaged"  #: a folder, a name faster-whisper knows, or `packaged`
    asr_device: Literal["auto", "cpu", "cuda"] = "auto"
    asr_profile: Literal["fast", "accurate"] = "fast"
    asr_threads: Annotated[int, Field(ge=1)] = 1  #: of a worker; another worker makes more of a core
    asr_card: Annotated[int, Field(ge=0)] = 0  #: the GPU a worker uses; `serve` spreads its workers from this one on

    language: Language = "zh"  #: of the pages, unless somebody chooses another one

    session_idle_minutes: Annotated[float, Field(gt=0)] = 30  #: without a request, after which one signs in again
    session_hours: Annotated[float, Field(gt=0)] = 12  #: after which one signs in again, busy or not
    beep: bool = False  #: a tone over personal data in recordings, for whoever may not unmask it
    inspectors_see: Literal["all", "assigned"] = "all"  #: calls: of their team, or only what is assigned to them

    oidc_issuer: str | None = None  #: https://… of the institution's identity provider; None: passwords only
    oidc_client_id: str | None = None
    oidc_client_secret: SecretStr | None = None
    oidc_scopes: str = "openid profile"
    oidc_role_claim: str = "groups"
    oidc_roles: dict[str, Role] = {}  #: group -> role, as JSON; the first one that fits counts
    oidc_team_claim: str = "team"  #: "*" in it stands for every team; set to empty: there are no teams
    oidc_agent_claim: str = "agent_id"

    retention_days: Annotated[int, Field(ge=730)] = 1827  #: five years; two are the least for credit cards

    requests_per_minute: Annotated[int, Field(gt=0)] = 6000  #: of one caller, in each server process
    failed_sign_ins_per_minute: Annotated[int, Field(gt=0)] = 30  #: from one address
    trusted_proxies: str = "127.0.0.1"  #: whose X-Forwarded-For and -Proto are believed; comma-separated, or *

    statement_seconds: Annotated[float, Field(gt=0)] = 30  #: of a database query for a page or a program, at most

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8300
    #: Processes that `serve` starts beside itself; None: as many as fit the machine, on GPUs one for each.
    workers: Annotated[int, Field(ge=0)] | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    metrics_token: SecretStr | None = None  #: what Prometheus must send to read /metrics; None: it is open
    patience: Annotated[float, Field(ge=0)] = 60.0  #: seconds a worker told to stop may take for the call in hand
    max_upload_mib: Annotated[int, Field(gt=0)] = 1024
    max_call_hours: Annotated[float, Field(gt=0)] = 4.0
    max_queue: Annotated[int, Field(gt=0)] = 100_000  #: waiting calls past which posting answers 503
    max_disk_share: Annotated[float, Field(gt=0, le=1)] = 0.95  #: of the disk under `data`, likewise

    @field_validator("database_url")
    @classmethod
    def _postgresql(cls, url: str | None) -> str | None:
        # Handed to psycopg, Procrastinate and SQLAlchemy alike, so no dialect in it.
        if url is not None and not url.startswith(("postgresql://", "postgres://")):
            raise ValueError("须以 postgresql:// 开头")
        return url and url.replace("postgres://", "postgresql://", 1)

    @field_validator("recording_keys")
    @classmethod
    def _keys(cls, keys: SecretStr | None) -> SecretStr | None:
        try:
            read_keys(keys.get_secret_value() if keys else new_key())
        except SealError as error:
            raise ValueError(str(error)) from None
        return keys

    @field_validator("recording_keys_file")
    @classmethod
    def _keys_in(cls, file: Path | None) -> Path | None:
        try:
            read_keys(file.read_text("utf-8") if file else new_key())
        except (SealError, ValueError) as error:
            raise ValueError(f"{file}: {error}") from None
        return file

    @field_validator("recording_sources")
    @classmethod
    def _addresses(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        for prefix in prefixes:
            try:
                References((prefix,), 0).check(prefix.rstrip("/") + "/")
            except FetchError as error:
                raise ValueError(f"{prefix}: {error}") from None
        return prefixes

    @field_validator("file_names")
    @classmethod
    def _patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        for pattern in patterns:
            FileName(pattern)
        return patterns

    @field_validator("data")
    @classmethod
    def _absolute(cls, folder: Path) -> Path:
        return folder.expanduser().resolve()

    @property
    def session_idle(self) -> timedelta:
        """How long a session lives without a request."""
        return timedelta(minutes=self.session_idle_minutes)

    @property
    def session_longest(self) -> timedelta:
        """How long a session lives at most."""
        return timedelta(hours=self.session_hours)

    @property
    def max_upload(self) -> int:
        """The largest request body, in bytes."""
        return self.max_upload_mib * MIB

    @property
    def max_seconds(self) -> float:
        """The longest recording."""
        return self.max_call_hours * 3600

    @property
    def recordings_place(self) -> str:
        """Where recordings are kept: a folder or an S3 URL."""
        return self.recordings or str(self.data / "recordings")

    @property
    def incoming(self) -> Path:
        """Where recordings are while they come in or are decoded; on the disk where they are kept, if it is one."""
        remote = self.recordings_place.startswith("s3://")
        return (self.data if remote else Path(self.recordings_place)) / "incoming"

    @property
    def seal(self) -> Seal | None:
        """What recordings are sealed with; None: they are kept plain."""
        given = self.recording_keys.get_secret_value() if self.recording_keys else None
        if given is None and self.recording_keys_file:
            given = self.recording_keys_file.read_text("utf-8")
        return None if given is None else Seal(read_keys(given))

    @property
    def models(self) -> Path:
        """Where the joined speech model is kept."""
        return self.data / "models"
