"""Run the simulator: `python -m payer_sim.main`. Environment variables begin with `RCM_PAYER_`."""

from pathlib import Path

import uvicorn
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from payer_sim.app import Setup, create_app
from payer_sim.book import Timing
from payer_sim.scenarios import Rules, read_rules


class PayerSettings(BaseSettings):
    """Knobs with their units.

    Attributes:
        host: Address to listen on.
        port: TCP port.
        path: The SQLite file; empty to keep everything in memory.
        rules: The rules file (see `scenarios.py`); empty for the default fate of every claim.
        folder: Root of shared folders; empty for HTTP alone.
        remit_after_s: From taking a claim to its 835.
        rethink_after_s: From the first 835 to the reversal and correction.
        late_277ca_s: How much later a 277CA comes that is to come after the 835.
        hang_s: How long a request hangs that is to hang.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_PAYER_", frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(8010, ge=0, le=65_535)
    path: Path | None = None
    rules: Path | None = None
    folder: Path | None = None
    remit_after_s: float = Field(1.0, ge=0)
    rethink_after_s: float = Field(1.0, ge=0)
    late_277ca_s: float = Field(3.0, ge=0)
    hang_s: float = Field(75.0, ge=0)


def setup_of(settings: PayerSettings) -> Setup:
    """Read what the settings name.

    Raises:
        payer_sim.scenarios.UnknownScenario: The rules name something that is no scenario.
    """
    rules = read_rules(settings.rules.read_bytes()) if settings.rules is not None else Rules()
    timing = Timing(settings.remit_after_s, settings.rethink_after_s, settings.late_277ca_s)
    return Setup(
        rules=rules,
        timing=timing,
        path=settings.path,
        folder=settings.folder,
        hang_s=settings.hang_s,
    )


def main() -> None:
    """Run it."""
    settings = PayerSettings()
    uvicorn.run(
        create_app(setup_of(settings)),
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
    )


if __name__ == "__main__":
    main()
