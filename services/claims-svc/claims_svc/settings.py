"""What an operator can set for claims-svc alone: environment variables that begin `RCM_CLAIMS_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class ClaimsSettings(BaseSettings):
    """Knobs with their units.

    Attributes:
        directory_dir: Folder of the tenants' directories, one file a tenant; empty for `directory`
            in the data folder.
        drop_dir: Folder of `<tenant>/in`, where acknowledgement files are dropped; empty for
            `drop/acknowledgements` in the data folder.
        drop_settle_s: A file is whole when it has not changed for so long.
        claims_per_interchange_max: Most claims of one file.
        claims_per_transaction_max: Most claims of one ST..SE; a 999 refuses all of it, and each
            neighbour of a faulty claim goes out once more.
        send_interval_s: How often is looked for ready claims.
        gather_s_max: Most that claims wait while others of their kind keep becoming ready.
        mail_interval_s: How often the mailboxes are read.
        catch_up_interval_s: How often waiting encounters and corrections are looked at.
        status_interval_s: How often an interchange of unknown fate is asked about.
        resend_after_s: How long after writing an interchange its absence at the receiver is
            believed, and the same bytes may be handed over again where that is safe.
        pause_s: How long a receiver that refuses is left alone; doubled up to 32 times.
    """

    model_config = SettingsConfigDict(
        env_prefix="RCM_CLAIMS_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory_dir: Path | None = None
    drop_dir: Path | None = None
    drop_settle_s: float = Field(2.0, ge=0)
    claims_per_interchange_max: int = Field(250, ge=1, le=5_000)
    claims_per_transaction_max: int = Field(25, ge=1, le=5_000)
    send_interval_s: float = Field(0.5, gt=0)
    gather_s_max: float = Field(4.0, ge=0)
    mail_interval_s: float = Field(0.5, gt=0)
    catch_up_interval_s: float = Field(1.0, gt=0)
    status_interval_s: float = Field(15.0, gt=0)
    resend_after_s: float = Field(90.0, ge=0)
    pause_s: float = Field(5.0, gt=0)
