"""The simulator as the other side of a shared folder: takes `<box>/to`, fills `<box>/from`."""

import re
from datetime import datetime
from pathlib import Path
from typing import Final

from payer_sim.book import Book

_KINDS: Final = ("TA1", "999", "277CA", "835")
_BOX: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}", re.ASCII)
_BATCH: Final = 50


class Folder:
    """The folders of all boxes. Used on the book's thread."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def look(self, book: Book, now: datetime) -> int:
        """Take what came and put out what waits; give how many files moved."""
        moved = 0
        for box in sorted(self._root.iterdir()) if self._root.is_dir() else ():
            if _BOX.fullmatch(box.name) is not None and (box / "to").is_dir():
                moved += self._take(book, box) + self._fill(book, box, now)
        return moved

    def _take(self, book: Book, box: Path) -> int:
        arrived = sorted(one for one in (box / "to").iterdir() if one.suffix == ".837")
        for path in arrived[:_BATCH]:
            book.take(box.name, path.read_bytes())
            path.unlink()
        return len(arrived[:_BATCH])

    def _fill(self, book: Book, box: Path, now: datetime) -> int:
        waiting = book.waiting(box.name, _KINDS, _BATCH, now)
        out = box / "from"
        out.mkdir(exist_ok=True)
        for item in waiting:
            data = book.fetch(box.name, item.name)
            assert data is not None, "what is listed is there"
            unfinished = out / f"{item.name}.tmp"
            unfinished.write_bytes(data)
            unfinished.rename(out / item.name)
            book.remove(box.name, item.name)
        return len(waiting)
