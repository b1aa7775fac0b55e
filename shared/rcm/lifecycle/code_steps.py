"""Notes, suggested codes and edits set aside, in words."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from rcm.events import coding_codes
from rcm.events.event import Event
from rcm.lifecycle.said import Said

OF_ENCOUNTER: Final[tuple[type[Event], ...]] = (
    coding_codes.NoteReceived,
    coding_codes.NoteWithdrawn,
    coding_codes.CodesSuggested,
    coding_codes.SuggestionDecided,
    coding_codes.HoldsOverruled,
    coding_codes.EncounterRechecked,
)
"""Events of an encounter's story, and of no claim's alone."""


def _suggested(event: coding_codes.CodesSuggested) -> Said:
    count = len(event.suggestions)
    return Said(f"{count} code{'s' if count != 1 else ''} suggested from a note", event.model_id)


def _decided(event: coding_codes.SuggestionDecided) -> Said:
    instead = event.coded_as if event.coded_as not in ("", event.code) else ""
    return Said(f"suggestion {event.code} {event.decision}", instead and f"coded as {instead}")


def _overruled(event: coding_codes.HoldsOverruled) -> Said:
    rules = ", ".join(dict.fromkeys(hold.rule_id for hold in event.overruled))
    return Said(f"passed by decision: {rules}", f"as {event.role}")


def _rechecked(event: coding_codes.EncounterRechecked) -> Said:
    ends = {
        "same": "nothing changed",
        "held": "held for other reasons now",
        "coded": "went to billing",
    }
    what = f"checked again by new code sets: {ends[event.outcome]}"
    return Said(what, ", ".join(event.touched_codes[:5]))


WORDS: Final[Mapping[type[Event], Callable[[Any], Said]]] = {
    coding_codes.NoteReceived: lambda e: Said(
        "a note came in" if e.note_version == 1 else f"a note came in, version {e.note_version}",
        e.kind,
    ),
    coding_codes.NoteWithdrawn: lambda _: Said("a note was taken back"),
    coding_codes.CodesSuggested: _suggested,
    coding_codes.SuggestionDecided: _decided,
    coding_codes.SuggestionLearned: lambda e: Said(
        f"learned from a decision on {e.code}", is_detail=True
    ),
    coding_codes.HoldsOverruled: _overruled,
    coding_codes.EncounterRechecked: _rechecked,
    coding_codes.CodeSetsAdopted: lambda e: Said(
        "new code sets are in force", f"{e.code_sets}: {len(e.release_ids)} releases"
    ),
}
