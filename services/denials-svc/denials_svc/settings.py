"""What an operator can set for denials-svc: variables that begin with `RCM_DENIALS_`."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

from rcm.platform.settings import Names


class DenialsSettings(BaseSettings):
    """Settings of denials-svc, beside those that all services share.

    Attributes:
        reasons: File of rows laid over the table of adjustment reasons, for tenants and payers
            (`rcm/adjustments/reasons.py` tells the format); empty for none. remit-svc needs the
            same file.
        deadlines: File of rows laid over the deadlines (`rules/deadlines.py`); empty for none.
        separate_write_off: Tenants in which nobody who may code writes off, by commas; empty for
            none: in a small practice one person does both.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_DENIALS_", frozen=True, extra="forbid")

    reasons: Path | None = None
    deadlines: Path | None = None
    separate_write_off: Names = ()
