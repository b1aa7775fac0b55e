"""What an operator can set for the console."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from rcm.platform.settings import Names


class LifecycleSettings(BaseSettings):
    """Settings of lifecycle-svc.

    Attributes:
        watched: The services that the pipeline page asks for their status: `name=http://host:port`.
        port_offset: Added to each of these ports, as `rcm up --port-offset` does.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_LIFECYCLE_", frozen=True)

    watched: Names = (
        "coding-svc=http://127.0.0.1:8001",
        "claims-svc=http://127.0.0.1:8002",
        "remit-svc=http://127.0.0.1:8003",
        "denials-svc=http://127.0.0.1:8004",
        "lifecycle-svc=http://127.0.0.1:8000",
    )
    port_offset: int = 0

    @property
    def addresses(self) -> dict[str, str]:
        """The watched services' addresses by name."""
        found = {}
        for pair in self.watched:
            name, address = pair.split("=", 1)
            base, _, port = address.rpartition(":")
            found[name] = f"{base}:{int(port) + self.port_offset}"
        return found
