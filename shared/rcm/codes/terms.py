"""Words as the search and the suggestions see them: folded, stemmed, synonyms made one.

The same function is applied to titles when the file is built and to what a person writes, so that
"Fx distal radius" and "fracture of lower end of radius" become the same set of stems.
"""

import functools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import Stemmer

from rcm.codes.synonyms import STOP_WORDS, phrases, single_words

_WORD = re.compile(r"[a-z0-9]+(?:'s)?")


class Token(NamedTuple):
    """A word that carries meaning, and the characters of the text it came from."""

    stem: str
    start: int
    end: int


@functools.cache
def _stemmer() -> Stemmer.Stemmer:
    return Stemmer.Stemmer("english", 0)


@functools.cache
def _phrase_words_max() -> int:
    return max(len(phrase) for phrase in phrases())


@functools.lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Return the stem of one folded word."""
    if word[:1].isdigit():
        return word
    return str(_stemmer().stemWord(single_words().get(word, word)))


def words(text: str) -> list[str]:
    """Split into lower-case words; a possessive loses its ending."""
    return [match.removesuffix("'s") for match in _WORD.findall(_fold(text))]


def tokens(text: str) -> list[Token]:
    """Return the stems of a text with their places, abbreviations and lay phrases expanded.

    Every word of an expansion has the place of the whole phrase.
    """
    found = [
        (match[0].removesuffix("'s"), match.start(), match.end())
        for match in _WORD.finditer(_fold(text))
    ]
    table, longest = phrases(), _phrase_words_max()
    plain = [word for word, _, _ in found]
    out: list[Token] = []
    at = 0
    while at < len(found):
        for size in range(min(longest, len(found) - at), 0, -1):
            meaning = table.get(tuple(plain[at : at + size]))
            if meaning is not None:
                start, end = found[at][1], found[at + size - 1][2]
                out += [Token(stem(w), start, end) for w in meaning if w not in STOP_WORDS]
                at += size
                break
        else:
            word, start, end = found[at]
            if word not in STOP_WORDS:
                out.append(Token(stem(word), start, end))
            at += 1
    return out


def stems(text: str) -> list[str]:
    """Return the stems of a text, in order."""
    return [token.stem for token in tokens(text)]


def one_slip_away(word: str) -> set[str]:
    """Return what a word may be a slip of: one letter more, less, other, or two swapped."""
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    letters = "abcdefghijklmnopqrstuvwxyz"
    less = {a + b[1:] for a, b in cuts if b}
    swapped = {a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1}
    other = {a + letter + b[1:] for a, b in cuts if b for letter in letters}
    more = {a + letter + b for a, b in cuts for letter in letters}
    return (less | swapped | other | more) - {word}


def key(found: Iterable[str]) -> str:
    """Return the order-free form under which a term is filed."""
    return " ".join(sorted(set(found)))


def coverage(wanted: Sequence[str], given: frozenset[str]) -> int:
    """Count the wanted stems that are given."""
    return sum(stem in given for stem in wanted)


def _fold(text: str) -> str:
    # Case folding must not move characters: `str.lower` lengthens a few letters of other scripts.
    lowered = text.lower()
    if len(lowered) != len(text):
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    return lowered.replace("\u2019", "'")  # the typographic apostrophe
