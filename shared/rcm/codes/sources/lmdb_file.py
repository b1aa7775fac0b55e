"""Read an LMDB file without LMDB: the pages of one B+tree, from the standard library alone.

    page 0, 1     meta: magic, version, the roots of two trees, transaction number
    branch page   sorted (key, child page)
    leaf page     sorted (key, value), or (key, number of the first overflow page)

Only what the code tables need: one unnamed database, 64-bit, little-endian, keys without
duplicates. Everything else is refused by name. Layout: OpenLDAP `mdb.c`, data version 1.
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

_MAGIC = 0xBEEFC0DE
_HEADER = 16
_META = struct.Struct("<IIQQ")
_TREE = struct.Struct("<IHHQQQQQ")
_NODE = struct.Struct("<HHHH")
_BRANCH, _LEAF = 0x01, 0x02
_BIG_DATA = 0x01
_DEPTH_MAX = 16


class LmdbError(ValueError):
    """The file is not an LMDB file of the kind that is understood here."""


def read_tables(path: Path) -> dict[str, bytes]:
    """Return every key (trailing NULs dropped) with its value.

    Raises:
        LmdbError: The file is damaged, or of a layout not understood.
    """
    with path.open("rb") as file:
        try:
            pages = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError as error:
            raise LmdbError("the file is empty") from error
        with pages:
            try:
                page_size, root = _newest_root(pages)
                return {
                    key.rstrip(b"\0").decode("ascii"): value
                    for key, value in _walk(pages, page_size, root, 0)
                }
            except (struct.error, UnicodeDecodeError, IndexError) as error:
                raise LmdbError("the file is truncated or damaged") from error


def _newest_root(pages: mmap.mmap) -> tuple[int, int]:
    """Return page size and root page of the newer of the two metas."""
    found: tuple[int, int, int] | None = None
    page_size = 4096
    for number in (0, 1):
        start = number * page_size + _HEADER
        magic, version, _, _ = _META.unpack_from(pages, start)
        if magic != _MAGIC or version != 1:
            raise LmdbError("not an LMDB file of data version 1")
        free = _TREE.unpack_from(pages, start + _META.size)
        main = _TREE.unpack_from(pages, start + _META.size + _TREE.size)
        page_size = free[0]
        (transaction,) = struct.unpack_from("<Q", pages, start + _META.size + 2 * _TREE.size + 8)
        if found is None or transaction > found[0]:
            found = (transaction, page_size, main[7])
    assert found is not None
    return found[1], found[2]


def _walk(
    pages: mmap.mmap, page_size: int, number: int, depth: int
) -> Iterator[tuple[bytes, bytes]]:
    """Yield keys and values below one page, in order."""
    if depth > _DEPTH_MAX:
        raise LmdbError("the tree is too deep")
    start = number * page_size
    _, _, flags, lower, _ = struct.unpack_from("<QHHHH", pages, start)
    if not flags & (_BRANCH | _LEAF):
        raise LmdbError("a page is neither branch nor leaf")
    for index in range((lower - _HEADER) // 2):
        (offset,) = struct.unpack_from("<H", pages, start + _HEADER + 2 * index)
        node = start + offset
        low, high, node_flags, key_size = _NODE.unpack_from(pages, node)
        key_at = node + _NODE.size
        if flags & _BRANCH:
            child = low | high << 16 | node_flags << 32
            yield from _walk(pages, page_size, child, depth + 1)
            continue
        value_at = key_at + key_size
        if node_flags & _BIG_DATA:
            (overflow,) = struct.unpack_from("<Q", pages, value_at)
            value_at = overflow * page_size + _HEADER
        size = low | high << 16
        value = pages[value_at : value_at + size]
        if len(value) != size:
            raise LmdbError("a value runs past the end of the file")
        yield pages[key_at : key_at + key_size], value
