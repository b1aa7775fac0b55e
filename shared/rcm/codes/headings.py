"""The hierarchy as one value: parents, children, and the child that a bare heading means.

The Alphabetic Index sends "fracture of radius" to one default code. Where no index is loaded the
default is chosen from the titles: unspecified before specified, uncomplicated before complicated,
initial encounter for closed injury before later ones.
"""

from collections.abc import Iterable, Mapping

from rcm.codes.sources.tabular import Heading
from rcm.codes.terms import stems, words

FREE_WORDS = frozenset(
    ("unspecified", "initial", "encounter", "closed", "uncomplicated", "specified", "nos",
     "without", "complication", "complications", "type")
)  # fmt: skip
"""Words of a title that a person leaves out when the plain case is meant."""


def section_of(code: str, known: Iterable[str]) -> str | None:
    """Return the section, such as J40-J4A, whose range a category extends or lies in."""
    ranges = sorted(name for name in known if "-" in name and name <= code and name[0] == code[0])
    return ranges[-1] if ranges else None


class Headings:
    """Printed headings and billable codes below them, with those newer than the printed list."""

    def __init__(
        self,
        printed: Iterable[Heading],
        active: Iterable[str],
        nos: frozenset[str],
        titles: Mapping[str, str],
    ) -> None:
        """Merge the printed list with the codes in force.

        Args:
            printed: The tabular list.
            active: Billable codes of the newest release, printed or not.
            nos: Codes that have an inclusion term ending in NOS.
            titles: Titles that a file gives to codes, printed or not.
        """
        self.by_code: dict[str, Heading] = {heading.code: heading for heading in printed}
        self._nos = nos
        self._active = frozenset(active)
        unprinted = self._active - self.by_code.keys()
        self.untitled = frozenset(unprinted - titles.keys())
        for code in sorted(unprinted):
            self._add_unprinted(code, titles.get(code))
        self.children: dict[str | None, list[str]] = {}
        for heading in self.by_code.values():
            self.children.setdefault(heading.parent, []).append(heading.code)
        for code, heading in self.by_code.items():
            billable = code in self._active and code not in self.children
            if heading.billable != billable:
                self.by_code[code] = heading._replace(billable=billable)
        self._title_stems: dict[str, frozenset[str]] = {}
        self._defaults: dict[str, str | None] = {}

    def _add_unprinted(self, code: str, title: str | None) -> None:
        """File a code newer than the printed list under its nearest printed category."""
        shorter = (code[:size] for size in range(len(code) - 1, 2, -1))
        parent = next((above for above in shorter if above in self.by_code), None)
        parent = parent or section_of(code, self.by_code)
        title = title or (self.by_code[parent].title if parent else "")
        self.by_code[code] = Heading(code, "code", title, parent, billable=True)

    def above(self, code: str) -> list[Heading]:
        """Return the headings above a code, nearest first."""
        found = []
        heading = self.by_code.get(code)
        while heading is not None and heading.parent is not None:
            heading = self.by_code[heading.parent]
            found.append(heading)
        return found

    def default(self, code: str) -> str | None:
        """Return the billable code that a heading means when nothing more is said."""
        if code not in self._defaults:
            self._defaults[code] = self._find_default(code)
        return self._defaults[code]

    def _find_default(self, code: str) -> str | None:
        heading = self.by_code.get(code)
        if heading is None:
            return None
        if heading.billable:
            return code
        below = [self.by_code[child] for child in self.children.get(code, ())]
        for child in sorted(below, key=lambda h: (-self.plainness(h), h.code)):
            found = self.default(child.code)
            if found is not None:
                return found
        return None

    def added(self, heading: Heading) -> frozenset[str]:
        """Return the stems that a title has and the title above has not."""
        return self._stems(heading.title) - self._stems(self._title_above(heading))

    def plainness(self, heading: Heading) -> float:
        """Score how far a heading is the plain case of the one above it."""
        above = frozenset(words(self._title_above(heading)))
        return plainness(heading.code, heading.title, above, said_nos=heading.code in self._nos)

    def _title_above(self, heading: Heading) -> str:
        parent = self.by_code.get(heading.parent or "")
        return parent.title if parent else ""

    def _stems(self, title: str) -> frozenset[str]:
        if title not in self._title_stems:
            self._title_stems[title] = frozenset(stems(title))
        return self._title_stems[title]


_WORD_SCORES: Mapping[str, float] = {
    "unspecified": 2.0, "without": 1.0, "uncomplicated": 1.0, "initial": 2.0, "closed": 1.0,
    "other": -1.5, "specified": -0.5, "sequela": -3.0, "subsequent": -2.0,
}  # fmt: skip


def plainness(code: str, title: str, above: frozenset[str], *, said_nos: bool = False) -> float:
    """Score how far a code is the plain case among its siblings.

    Args:
        code: Normalised.
        title: Its title.
        above: Words of the title above, which count neither for nor against.
        said_nos: An inclusion term ending in NOS points to it.
    """
    found = words(title)
    score = sum(_WORD_SCORES.get(word, 0.0) for word in set(found))
    score += 4.0 * (found[:1] == ["unspecified"])
    score += 1.5 * code.endswith("9") + 0.5 * code.endswith("0") + 3.0 * said_nos
    extra = set(found) - above - FREE_WORDS
    return score - 0.15 * len(extra)
