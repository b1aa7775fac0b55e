"""What an operator can set for remit-svc: environment variables that begin with `RCM_REMIT_`."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class RemitSettings(BaseSettings):
    """Settings of remit-svc, beside those that all services share.

    Attributes:
        directory_dir: Folder of the tenants' directories, which say how each receiver is reached;
            empty for `directory` in the data folder.
        mailbox_s: How often the mailboxes are looked at when they are empty.
        early_s: How long an 835 in a mailbox waits that is faster than the record of our sending.
        drop_dir: Folder of `<tenant>/in`, where 835 files are dropped; empty for `drop/remits` in
            the data folder.
        drop_settle_s: A file is whole when it has not changed for so long.
        reasons: File of rows laid over the table of adjustment reasons, for tenants and payers
            (`rcm/adjustments/reasons.py` tells the format); empty for none. denials-svc needs the
            same file.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_REMIT_", frozen=True, extra="forbid")

    directory_dir: Path | None = None
    mailbox_s: float = Field(5.0, gt=0, le=3_600)
    early_s: float = Field(3.0, ge=0, le=3_600)
    drop_dir: Path | None = None
    drop_settle_s: float = Field(2.0, ge=0)
    reasons: Path | None = None
