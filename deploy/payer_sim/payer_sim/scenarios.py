"""Which fate a claim meets, and where that is written down.

    {
      "seed": "2026",
      "claims":  {"PX5RNTTAI4OQ6ZS": "denied-coding"},
      "members": {"BPX000010005": "denied-authorization"},
      "payers":  {"SKMCD": "835-before-277ca"},
      "groups":  {"GRP013": "rejected-277ca-payer"},
      "mix":     {"contractual": 70, "patient-share": 25, "denied-authorization": 5}
    }

The first of claim id, member number, payer and group that is listed decides; any other claim draws
from the mix, by a hash of the seed and of what is asked for (payer, member, lines): the same charge
always meets the same fate and the same amounts, whatever number its sender gave it. A file of
member numbers alone, as `samples/scenarios.json`, is taken as it is.

A claim meets a rejection or a fault of the line once: sent again, it goes through.
"""

import hashlib
from typing import Final

import msgspec

DEFAULT: Final = "contractual"

DENIALS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "denied-authorization": ("CO", "197", ()),
    "denied-eligibility": ("PR", "27", ()),
    "denied-coding": ("CO", "4", ()),
    "denied-bundling": ("CO", "97", ("N390",)),
    "denied-medical-necessity": ("CO", "50", ("N115",)),
    "denied-documentation": ("CO", "252", ("M127",)),
    "denied-timely-filing": ("CO", "29", ()),
    "denied-duplicate": ("OA", "18", ()),
    "denied-non-covered": ("PR", "96", ("N30",)),
    "denied-cob": ("CO", "22", ()),
    "denied-provider": ("CO", "B7", ()),
    "denied-technical": ("CO", "16", ("N290",)),
    "denied-unprocessable": ("CO", "16", ("MA130", "N290")),
}
"""Line denials: group, claim adjustment reason code, remark codes."""

PAYMENTS: Final = (
    "paid", "contractual", "patient-share", "partial", "denied-whole-claim", "pending", "split",
    "reversal-correction", "forward-balance", "recoupment", "interest", "out-of-balance",
    "835-before-277ca", "835-twice", "crossover",
)  # fmt: skip
"""What may happen to a claim that was accepted, besides the line denials."""

REJECTIONS: Final = (
    "rejected-ta1", "rejected-999", "rejected-277ca-clearinghouse", "rejected-277ca-payer",
)  # fmt: skip
"""Where a claim may be stopped before it is adjudicated."""

LINE_FAULTS: Final = (
    "refused-400", "error-before", "error-after", "hang-before", "hang-after", "html-after",
)  # fmt: skip
"""What may happen to the request that carries a claim, before or after the file is taken."""

SCENARIOS: Final = frozenset((*DENIALS, *PAYMENTS, *REJECTIONS, *LINE_FAULTS))

ONCE: Final = frozenset((*REJECTIONS, *LINE_FAULTS))
"""What a claim meets only when it comes for the first time."""


class UnknownScenario(ValueError):
    """The rules name something that is no scenario."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """Which claim meets which fate. See the module's text."""

    seed: str = "1"
    claims: dict[str, str] = {}
    members: dict[str, str] = {}
    payers: dict[str, str] = {}
    groups: dict[str, str] = {}
    mix: dict[str, int] = msgspec.field(default_factory=lambda: {DEFAULT: 1})

    def scenario(
        self, claim_id: str, member_number: str, payer_id: str, group: str, content: str
    ) -> str:
        """Tell the fate of a claim."""
        return (
            self.claims.get(claim_id)
            or self.members.get(member_number)
            or self.payers.get(payer_id)
            or self.groups.get(group)
            or self._drawn(content)
        )

    def number(self, purpose: str, text: str, below: int) -> int:
        """Draw a number from 0 up to `below`, the same for the same text and purpose."""
        return drawn(self.seed, purpose, text, below)

    def _drawn(self, content: str) -> str:
        place = self.number("fate", content, sum(self.mix.values()))
        for scenario, weight in sorted(self.mix.items()):
            if place < weight:
                return scenario
            place -= weight
        return DEFAULT


def drawn(seed: str, purpose: str, text: str, below: int) -> int:
    """Draw a number by hash."""
    digest = hashlib.blake2b(f"{seed}\0{purpose}\0{text}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % below


def read_rules(data: bytes) -> Rules:
    """Read a rules file.

    Raises:
        UnknownScenario: It names something that is no scenario.
        msgspec.MsgspecError: It is not as described.
    """
    found = msgspec.json.decode(data)
    plain = isinstance(found, dict) and all(isinstance(value, str) for value in found.values())
    if plain and not set(found) <= {"seed"}:
        found = {"members": found}
    rules = msgspec.convert(found, Rules)
    named = {
        *rules.claims.values(), *rules.members.values(), *rules.payers.values(),
        *rules.groups.values(), *rules.mix,
    }  # fmt: skip
    if unknown := sorted(named - SCENARIOS):
        raise UnknownScenario(f"no scenario: {', '.join(unknown)}")
    return rules
