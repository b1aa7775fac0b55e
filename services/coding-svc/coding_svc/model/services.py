"""What was billed for a patient on a day, as the next encounter of the same patient sees it."""

from msgspec import Struct

from rcm.events.clinical import ChargeLine


class Service(Struct, frozen=True, array_like=True):
    """A billed line, as far as duplicates, unit limits and global periods need it.

    Attributes:
        on: First date of service.
        form: P or I: the two are never each other's duplicate.
        procedure_code: HCPCS or CPT.
        modifiers: In order.
        units: Whole ones.
        provider_npi: Who rendered it; empty for a facility's.
    """

    on: str
    form: str
    procedure_code: str
    modifiers: tuple[str, ...] = ()
    units: int = 1
    provider_npi: str = ""


def services_of(lines: list[ChargeLine]) -> tuple[Service, ...]:
    """Keep what other encounters of the patient are compared with."""
    return tuple(
        Service(
            line.service_from,
            line.form,
            line.procedure_code,
            tuple(line.modifiers),
            whole_units(line.units_milli),
            line.rendering.npi if line.rendering is not None else "",
        )
        for line in lines
        if line.procedure_code
    )


def whole_units(units_milli: int) -> int:
    """Round thousandths of a unit up: a limit is on whole units."""
    return -(-units_milli // 1000)
