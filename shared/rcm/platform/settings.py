"""What an operator can set, for every service alike: environment variables that begin with `RCM_`.

A secret may stand in a file: `RCM_POSTGRES_URL_FILE=/run/secrets/claims_db` reads the setting from
there. A variable that no setting has a name for stops the start: a misspelt security setting must
not be passed over. A service's own settings begin with its name, such as `RCM_CODING_MLLP_PORT`.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

SERVICE_PREFIXES: Final = ("CODING_", "CLAIMS_", "REMIT_", "DENIALS_", "LIFECYCLE_", "PAYER_")
"""What a service's own settings begin with, after `RCM_`."""

TEST_PREFIXES: Final = ("TEST_", "REQUIRE_CONNECTED")
"""What the test session reads; a service that it starts passes over these."""

OTHER_NAMES: Final = frozenset({"CODES"})
"""What the code sets read for themselves: `RCM_CODES`, their data folder."""

LOOPBACK_NAMES: Final = ("localhost", "127.0.0.1", "[::1]")
DEFAULT_TENANTS: Final = ("northside", "lakeview")
_TENANT: Final = re.compile(r"[A-Za-z0-9_-]{1,63}", re.ASCII)


def _names(value: Any) -> Any:
    return tuple(filter(None, value.replace(" ", "").split(","))) if type(value) is str else value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
"""Several names, separated by commas in the environment."""


class Misconfigured(ValueError):
    """The settings do not go together, or are not safe to start with. Names the setting."""


class Settings(BaseSettings):
    """The settings that all services share.

    Attributes:
        data_dir: Folder of everything embedded: the log, the stores, keys, archives, process ids.
        host: Address to listen on. Anything but loopback needs an OIDC issuer.
        port: TCP port; 0 for the service's own.
        allowed_hosts: Values of the `Host` header that are answered; `*` for any.
        bus: `embedded`: the SQLite log in the data folder; `kafka`.
        kafka_servers: `host:port,...`.
        kafka_security_protocol: Anything but loopback needs SSL or SASL_SSL.
        kafka_username: SASL user (SCRAM-SHA-512), or empty.
        kafka_password: Its password.
        kafka_ca: PEM file of the authority that signs the brokers' certificates; empty for those
            that the system trusts.
        kafka_identity: PEM file of our own key and certificate, where brokers ask for one.
        partition_count: Partitions of each topic. The same for ever: it decides the order by key.
        postgres_url: `postgresql://user:password@host/database` of this service; empty for SQLite
            in the data folder. `{service}` stands for the service's name with underscores.
        postgres_owner_url: The same database as the role that owns the tables and migrates them at
            the start; empty where they are migrated beforehand.
        member: Name of this process among those of the same service; keeps its partitions over a
            restart.
        backlog_max: Facts not yet on the log at which commands are refused and consumption pauses.
        tenants: The tenants that this process works for: drop folders and jobs; on a development
            machine also who may sign in, and what the demo feeds.
        oidc_issuer: `iss` of the access tokens; empty for the development issuer.
        oidc_audience: `aud` that a token must name.
        oidc_jwks_url: Where the issuer's public keys are; the only place that they come from.
        oidc_client_id: The console's name at the issuer; empty where a proxy signs people in.
        oidc_client_secret: Its secret; empty for a public client.
        oidc_authorize_url: Where the issuer signs people in.
        oidc_token_url: Where it trades a code for tokens.
        oidc_end_session_url: Where a person signs out there; or empty.
        oidc_scope: What is asked for; must bring an access token for `oidc_audience`.
        console_url: How people reach the console, such as `https://claims.hospital.example`; the
            issuer sends them back to `/sign-in/callback` under it.
        oidc_tenant_claim: The claim that names the tenant.
        oidc_roles_claim: The claim that lists the roles.
        master_key: 32 bytes as base64 that wrap the tenants' keys, such as a secret that the
            orchestrator brings; empty for a key file in the data folder.
        vault_url: Vault (or what speaks its Transit API) that wraps the tenants' keys; or empty.
        vault_token: Its token, with the right to encrypt and decrypt with that key.
        vault_key: Name of the key, of a kind with associated data: aes256-gcm96.
        vault_mount: Where the Transit engine is mounted.
        body_bytes_max: Largest request body.
        json_bytes_max: Largest JSON body; it is held in memory.
        request_s_max: A request that takes longer is given up.
        docs_open: Serve the API's description without a token, off loopback too.
        log_level: Least severe level that is written.
        batch_records_max: Upstream records and commands of one transaction.
    """

    model_config = SettingsConfigDict(
        env_prefix="RCM_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    data_dir: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = Field(0, ge=0, le=65_535)
    allowed_hosts: Names = LOOPBACK_NAMES
    bus: Literal["embedded", "kafka"] = "embedded"
    kafka_servers: str = "127.0.0.1:9092"
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    kafka_username: str = ""
    kafka_password: str = Field("", repr=False)
    kafka_ca: Path | None = None
    kafka_identity: Path | None = None
    partition_count: int = Field(8, ge=1, le=1_000)
    postgres_url: str = Field("", repr=False)
    postgres_owner_url: str = Field("", repr=False)
    member: str = "0"
    backlog_max: int = Field(20_000, ge=1)
    tenants: Names = DEFAULT_TENANTS
    oidc_issuer: str = ""
    oidc_audience: str = "claimstream"
    oidc_jwks_url: str = ""
    oidc_client_id: str = ""
    oidc_client_secret: str = Field("", repr=False)
    oidc_authorize_url: str = ""
    oidc_token_url: str = ""
    oidc_end_session_url: str = ""
    oidc_scope: str = "openid"
    console_url: str = ""
    oidc_tenant_claim: str = "tenant"
    oidc_roles_claim: str = "roles"
    master_key: str = Field("", repr=False)
    vault_url: str = ""
    vault_token: str = Field("", repr=False)
    vault_key: str = "claimstream"
    vault_mount: str = "transit"
    body_bytes_max: int = Field(64 * 1024 * 1024, ge=1_024)
    json_bytes_max: int = Field(8 * 1024 * 1024, ge=1_024)
    request_s_max: float = Field(30.0, gt=0)
    docs_open: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    batch_records_max: int = Field(500, ge=1, le=10_000)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the framework's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the framework's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take arguments first, then the environment and the files that it names."""
        return init_settings, _FilesOf(settings_cls), env_settings

    @property
    def on_loopback(self) -> bool:
        """Whether only this machine can reach what listens."""
        return is_loopback(self.host)

    @model_validator(mode="after")
    def _safe_together(self) -> Self:
        for tenant_id in self.tenants:
            # A list in brackets would be one tenant of an odd name, whose work nobody does.
            if _TENANT.fullmatch(tenant_id) is None:
                raise Misconfigured("RCM_TENANTS is names of letters, digits, - and _, with commas")
        if not self.oidc_issuer and not self.on_loopback:
            raise Misconfigured(
                "RCM_OIDC_ISSUER is needed: the development issuer serves loopback only"
            )
        if self.oidc_issuer and not self.oidc_jwks_url:
            raise Misconfigured("RCM_OIDC_JWKS_URL is needed with RCM_OIDC_ISSUER")
        if self.oidc_jwks_url and not self.oidc_jwks_url.startswith(
            ("https://", "http://127.0.0.1")
        ):
            raise Misconfigured("RCM_OIDC_JWKS_URL must be https")
        if self.oidc_client_id:
            for name in ("oidc_authorize_url", "oidc_token_url", "console_url"):
                if not getattr(self, name).startswith(("https://", "http://127.0.0.1")):
                    raise Misconfigured(f"RCM_{name.upper()} is needed, and must be https")
        if self.vault_url and not self.vault_url.startswith(("https://", "http://127.0.0.1")):
            raise Misconfigured("RCM_VAULT_URL must be https")
        if self.vault_url and (self.master_key or not self.vault_token):
            raise Misconfigured("RCM_VAULT_URL goes with RCM_VAULT_TOKEN, not with RCM_MASTER_KEY")
        return self


def is_loopback(host: str) -> bool:
    """Tell whether an address or name can only be reached from this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def unknown_variables(
    environment: Mapping[str, str], settings: type[BaseSettings] = Settings
) -> list[str]:
    """Name the `RCM_*` variables that no setting reads."""
    known = {name.upper() for name in settings.model_fields}
    known |= {f"{name}_FILE" for name in known}
    return sorted(
        name
        for name in environment
        if name.startswith("RCM_")
        and (short := name.removeprefix("RCM_")) not in known | OTHER_NAMES
        and not short.startswith(SERVICE_PREFIXES + TEST_PREFIXES)
    )


def load_settings(**given: Any) -> Settings:
    """Read the settings from the environment.

    Raises:
        Misconfigured: A variable is unknown, or settings do not go together.
        pydantic.ValidationError: A value has the wrong shape.
    """
    if unknown := unknown_variables(os.environ):
        raise Misconfigured(f"unknown settings: {', '.join(unknown)}")
    return Settings(**given)


class _FilesOf(EnvSettingsSource):
    """Settings whose value stands in the file that `RCM_<NAME>_FILE` names."""

    def __call__(self) -> dict[str, Any]:
        """Read the files that are named."""
        found: dict[str, Any] = {}
        for name in self.settings_cls.model_fields:
            path = os.environ.get(f"{self.env_prefix}{name.upper()}_FILE")
            if path:
                found[name] = Path(path).read_text(encoding="utf-8").strip()
        return found
