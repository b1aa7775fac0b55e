"""What an operator can set for coding-svc: environment variables that begin with `RCM_CODING_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class CodingSettings(BaseSettings):
    """Settings of coding-svc, beside those that all services share.

    Attributes:
        mllp_ports: TCP port of each tenant's MLLP listener, as `northside=2575,lakeview=2576`;
            empty for none. The port tells the tenant, so that no message can choose another.
        mllp_host: Address to listen on. Anything but loopback needs a certificate.
        mllp_peers: Networks that may connect, such as `10.1.0.0/16,10.2.3.4`; empty for any.
        mllp_certificate: PEM file of the listener's certificate; empty for plain TCP.
        mllp_key: PEM file of its key.
        mllp_client_ca: PEM file of the authorities that sign the senders' certificates; empty to
            ask for none.
        mllp_bytes_max: Largest message.
        mllp_connections_max: Connections of one listener at once.
        mllp_frame_s: How long one message may take to arrive.
        profiles_dir: Folder of sender profiles: `<tenant>/profile.yaml` and
            `<tenant>/profiles/*.yaml`; empty for the shipped ones.
        codes_dir: Folder of the code sets; empty for where `rcm codes` keeps them: `RCM_CODES`,
            else the user's data folder.
        codes_s: How often it is looked whether other code sets were put in place.
        patient_day: Charges are held against the patient's other encounters of the day, too: one
            query more for the messages of a moment.
        suggestions_s: How often notes that wait for suggested codes are looked for.
        drop_dir: Folder of `<tenant>/in`, where batch files are dropped; empty for
            `drop/charges` in the data folder.
        drop_settle_s: A file is whole when it has not changed for so long.
        waiting_s: How often encounters that wait for late charges are looked at again.
        desk_lease_s: How long an encounter stays with the coder who took it.
        desk_credentials: By patient class, the credentials of which one is needed to code it, as
            `I=CCS|CIC,B=CCS`; empty for none.
        desk_must_take: Codes are changed only by whoever took the encounter.
        desk_separate_release: What a person has coded, another person releases.
        accuracy_goal_milli: Correct codes of a thousand that are asked for.
        accuracy_cases_min: Reviewed encounters from which on a coder's accuracy is judged.
        accuracy_days: Over how many days' reviews.
        accuracy_s: How often it is looked whether accuracy has changed since the last review.
        withdrawal_wait_s: How long a request to take a release back waits for billing's answer.
        query_interval_s: How often physician queries are looked at that are to be delivered or
            escalated.
        query_lease_s: How long after its channel's own time an attempt of delivery is believed to
            be under way; then it counts as unknown, and is made again.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_CODING_", frozen=True, extra="forbid")

    mllp_ports: str = Field("", pattern=r"^([a-z0-9-]+=\d{1,5}(,[a-z0-9-]+=\d{1,5})*)?$")
    mllp_host: str = "127.0.0.1"
    mllp_peers: str = ""
    mllp_certificate: Path | None = None
    mllp_key: Path | None = None
    mllp_client_ca: Path | None = None
    mllp_bytes_max: int = Field(5_000_000, ge=1_024, le=50_000_000)
    mllp_connections_max: int = Field(100, ge=1, le=10_000)
    mllp_frame_s: float = Field(30.0, gt=0)
    profiles_dir: Path | None = None
    codes_dir: Path | None = None
    codes_s: float = Field(10.0, gt=0)
    patient_day: bool = True
    suggestions_s: float = Field(2.0, gt=0)
    drop_dir: Path | None = None
    drop_settle_s: float = Field(2.0, ge=0)
    waiting_s: float = Field(3_600.0, gt=0)
    desk_lease_s: int = Field(3_600, ge=1, le=604_800)
    desk_credentials: str = Field(
        "", pattern=r"^([A-Z]=[A-Z0-9-]+(\|[A-Z0-9-]+)*(,[A-Z]=[A-Z0-9-]+(\|[A-Z0-9-]+)*)*)?$"
    )
    desk_must_take: bool = False
    desk_separate_release: bool = False
    accuracy_goal_milli: int = Field(950, ge=1, le=1_000)
    accuracy_cases_min: int = Field(10, ge=1, le=1_000)
    accuracy_days: int = Field(90, ge=1, le=366)
    accuracy_s: float = Field(3_600.0, gt=0)
    withdrawal_wait_s: float = Field(5.0, ge=0, le=20)
    query_interval_s: float = Field(2.0, gt=0)
    query_lease_s: float = Field(60.0, ge=0)

    @property
    def listeners(self) -> dict[str, int]:
        """Port by tenant."""
        pairs = (pair.partition("=") for pair in self.mllp_ports.split(",") if pair)
        return {tenant: int(port) for tenant, _, port in pairs}
