"""What clinicians and patients write, in the words of the tabular list.

`data/phrases.txt` and `data/words.txt` hold one `written = meaning` a line: general clinical
abbreviations, lay words, British spelling. An abbreviation of several readings takes the commonest
in US ambulatory notes, or is left out.
"""

import functools
from importlib import resources

STOP_WORDS = frozenset(
    ("a", "an", "and", "are", "as", "associated", "at", "be", "by", "classified", "due",
     "elsewhere", "for", "from", "has", "in", "into", "is", "it", "its", "nec", "nos", "of", "on",
     "or", "otherwise", "patient", "per", "pt", "than", "that", "the", "this", "to", "via", "was",
     "were", "who", "with")
)  # fmt: skip
"""Words that tell no code from another. `without`, `other` and `type` do, so they stay."""


@functools.cache
def phrases() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Return words as written, in order -> words of the tabular list."""
    return {tuple(left.split()): tuple(right.split()) for left, right in _pairs("phrases.txt")}


@functools.cache
def single_words() -> dict[str, str]:
    """Return one word -> the word whose stem stands for both."""
    return dict(_pairs("words.txt"))


def _pairs(name: str) -> list[tuple[str, str]]:
    text = resources.files("rcm.codes").joinpath("data", name).read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(left.strip(), right.strip()) for left, _, right in (s.partition("=") for s in lines)]
