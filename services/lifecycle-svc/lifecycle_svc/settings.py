"""What an operator can set for the console."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from rcm.platform.settings import Names


class LifecycleSettings(BaseSettings):
    """Settings of lifecycle-svc.

    Attributes:
        watched: The services that the pipeline page asks for their status: `name=http://host:port`.
    """

    model_config = SettingsConfigDict(env_prefix="RCM_LIFECYCLE_", frozen=True)

    watched: Names = (
        "coding-svc=http://127.0.0.1:8101",
        "claims-svc=http://127.0.0.1:8102",
        "remit-svc=http://127.0.0.1:8103",
        "denials-svc=http://127.0.0.1:8104",
        "lifecycle-svc=http://127.0.0.1:8100",
    )
