"""Run the simulator: `rcm serve payer-sim`. Environment variables begin with `RCM_PAYER_`."""

from pathlib import Path
from typing import Final

from fastapi import FastAPI
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from payer_sim.app import Setup
from payer_sim.app import create_app as create_simulator
from payer_sim.book import Timing
from payer_sim.scenarios import Rules, read_rules
from rcm.platform.settings import Settings

NAME: Final = "payer-sim"
PORT: Final = 8010


class PayerSettings(BaseSettings):
    """Knobs with their units.

    Attributes:
        path: The SQLite file; empty to keep everything in memory.
        rules: The rules file (see `scenarios.py`); empty for the default fate of every claim.
        folder: Root of shared folders; empty for HTTP alone.
        remit_after_s: From taking a claim to its 835.
        rethink_after_s: From the first 835 to the reversal and correction.
        late_277ca_s: How much later a 277CA comes that is to come after the 835.
        hang_s: How long a request hangs that is to hang.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_PAYER_", frozen=True, extra="forbid")

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


def create_app(settings: Settings) -> FastAPI:
    """Make the simulator beside the services of a data folder, which keeps its book."""
    own = PayerSettings()
    if own.path is None:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        own = own.model_copy(update={"path": settings.data_dir / "payer_sim.db"})
    return create_simulator(setup_of(own))
