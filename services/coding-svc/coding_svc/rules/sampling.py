"""Samples that anybody can draw again: the order of drawing derives from the seed and the ids."""

from collections.abc import Iterable
from hashlib import sha256
from typing import Final, TypeVar

Item = TypeVar("Item")

CASES_MAX: Final = 500
"""How many cases one sample may have; each is coded by a person."""


def size_of(population_count: int, *, size_count: int = 0, rate_milli: int = 0) -> int:
    """Return how many are drawn: a number, or a rate rounded up; never more than there are.

    Args:
        population_count: How many there are.
        size_count: How many are wanted; 0 where a rate is given.
        rate_milli: How many of a thousand are wanted.
    """
    wanted = size_count or -(-population_count * rate_milli // 1_000)
    return min(wanted, population_count, CASES_MAX)


def drawn(population: Iterable[tuple[str, Item]], seed: str, count: int) -> list[Item]:
    """Draw without replacement; each of the population is as likely as any other.

    Each id gets the number sha256(seed, id), and the smallest numbers are taken: the draw depends
    on no order and on no program's generator, and growing it keeps what was drawn.

    Args:
        population: Ids, each once, with what is drawn.
        seed: Any text.
        count: How many.
    """
    ranked = sorted(
        (sha256(f"{seed}\n{name}".encode()).digest(), item) for name, item in population
    )
    return [item for _, item in ranked[:count]]
