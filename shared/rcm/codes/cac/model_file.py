"""The learned part as one small file: msgpack, zlib, strengths in one byte each.

Holds stems, codes and counts; no text of any note. The model shipped in `data/` was made from the
train part of CodiEsp (CC BY 4.0) by `rcm codes train`; see docs/codes/suggestions.md and NOTICE.
"""

import hashlib
import sys
import zlib
from array import array
from collections.abc import Collection, Iterator, Mapping
from importlib import resources
from typing import NamedTuple

import msgspec

from rcm.codes.cac.association import Association, Link
from rcm.codes.cac.ranking import NAMES, Ranking

SHIPPED = "suggest.model"
_VERSION = 1
_BYTES_MAX = 50_000_000
_STRENGTHS = tuple(byte / 255 for byte in range(256))


class ModelError(ValueError):
    """The file is not a model, or of another version."""


class Model(NamedTuple):
    """Everything that was learned.

    Attributes:
        model_id: Name and digest; recorded with every suggestion.
        source: What it was learned from, with its licence.
        codes: Words -> codes.
        categories: Words -> three-character categories.
        ranking: How candidates are weighed.
    """

    model_id: str
    source: str
    codes: Association
    categories: Association
    ranking: Ranking


class _Packed(msgspec.Struct):
    codes: list[str]
    counts: list[int]
    note_count: int
    features: list[str]
    lengths: bytes
    indexes: bytes
    strengths: bytes


class _File(msgspec.Struct):
    version: int
    source: str
    codes: _Packed
    categories: _Packed
    ranking: tuple[list[float], list[float], list[float], float]


def dump(source: str, codes: Association, categories: Association, ranking: Ranking) -> bytes:
    """Return the file of a model."""
    means, scales, weights, bias = ranking
    whole = _File(
        _VERSION, source, _pack(codes), _pack(categories),
        ([round(x, 6) for x in means], [round(x, 6) for x in scales],
         [round(x, 6) for x in weights], round(bias, 6)),
    )  # fmt: skip
    return zlib.compress(msgspec.msgpack.encode(whole), 9)


def load(data: bytes) -> Model:
    """Read a model.

    Raises:
        ModelError: Damaged, or of another version.
    """
    try:
        unpacker = zlib.decompressobj()
        raw = unpacker.decompress(data, _BYTES_MAX)
        if unpacker.unconsumed_tail:
            raise ModelError("the model is too long")
        whole = msgspec.msgpack.decode(raw, type=_File)
        ranking = Ranking(
            tuple(whole.ranking[0]), tuple(whole.ranking[1]), tuple(whole.ranking[2]),
            whole.ranking[3],
        )  # fmt: skip
        fits = all(len(part) == len(NAMES) for part in ranking[:3])
        if whole.version != _VERSION or not fits:
            raise ModelError(f"version {whole.version} of the model is not understood")
        model_id = f"association-{_VERSION}-{hashlib.sha256(data).hexdigest()[:12]}"
        return Model(
            model_id, whole.source, _unpack(whole.codes), _unpack(whole.categories), ranking
        )
    except (zlib.error, msgspec.MsgspecError, IndexError, ValueError) as error:
        raise ModelError(f"not a model of suggestions: {error}") from error


def shipped() -> Model:
    """Return the model inside the package."""
    return load(resources.files("rcm.codes").joinpath("data", SHIPPED).read_bytes())


def _pack(found: Association) -> _Packed:
    codes = sorted(found.code_counts)
    number = {code: index for index, code in enumerate(codes)}
    features = sorted(found.links)
    lengths, indexes, strengths = array("H"), array("H"), bytearray()
    for feature in features:
        links = sorted(found.links[feature])
        lengths.append(len(links))
        indexes.extend(number[code] for code, _ in links)
        strengths.extend(max(1, round(strength * 255)) for _, strength in links)
    return _Packed(
        codes, [found.code_counts[code] for code in codes], found.note_count, features,
        _little(lengths), _little(indexes), bytes(strengths),
    )  # fmt: skip


class _Links(Mapping[str, Collection[Link]]):
    """Links read out of packed bytes when asked for: a tenth of the memory of tuples."""

    def __init__(self, packed: _Packed) -> None:
        self._codes = packed.codes
        self._indexes = _from_little(packed.indexes)
        self._strengths = packed.strengths
        self._at: dict[str, tuple[int, int]] = {}
        start = 0
        for feature, length in zip(packed.features, _from_little(packed.lengths), strict=True):
            self._at[feature] = (start, start + length)
            start += length
        if not start == len(self._indexes) == len(self._strengths):
            raise ModelError("the links of the model are not whole")
        if self._indexes and max(self._indexes) >= len(self._codes):
            raise ModelError("a link of the model names no code")

    def __getitem__(self, feature: str) -> Collection[Link]:
        start, end = self._at[feature]
        codes = map(self._codes.__getitem__, self._indexes[start:end])
        return list(
            zip(codes, map(_STRENGTHS.__getitem__, self._strengths[start:end]), strict=True)
        )

    def __contains__(self, feature: object) -> bool:
        return feature in self._at

    def __iter__(self) -> Iterator[str]:
        return iter(self._at)

    def __len__(self) -> int:
        return len(self._at)


def _unpack(packed: _Packed) -> Association:
    counts = dict(zip(packed.codes, packed.counts, strict=True))
    return Association(_Links(packed), counts, packed.note_count)


def _little(numbers: "array[int]") -> bytes:
    swapped = array("H", numbers)
    if sys.byteorder == "big":  # pragma: no cover - no such machine in our tests
        swapped.byteswap()
    return swapped.tobytes()


def _from_little(data: bytes) -> "array[int]":
    numbers = array("H")
    numbers.frombytes(data)
    if sys.byteorder == "big":  # pragma: no cover - no such machine in our tests
        numbers.byteswap()
    return numbers
