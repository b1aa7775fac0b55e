"""What an operator can set for remit-svc alone: variables that begin with `RCM_REMIT_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RemitSettings(BaseSettings):
    """The knobs of remit-svc.

    Attributes:
        directory: Folder of the tenants' directories, which say how each receiver is reached;
            empty for `directory` in the data folder.
        mailbox_s: How often the mailboxes are looked at.
        settle_s: How long a dropped file must not have changed.
        reasons: File of rows laid over the table of adjustment reasons, for tenants and payers
            (`rcm/adjustments/reasons.py` tells the format); empty for none.
    """

    model_config = SettingsConfigDict(
        env_prefix="RCM_REMIT_", frozen=True, extra="forbid", hide_input_in_errors=True
    )

    directory: Path | None = None
    mailbox_s: float = Field(5.0, gt=0, le=3_600)
    settle_s: float = Field(2.0, ge=0, le=3_600)
    reasons: Path | None = None
