import pytest

from rcm.codes import registry
from rcm.codes.search import Searcher
from rcm.codes.sets import CodeSets


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """A data folder built once from the installed packages; tests only read it."""
    place = tmp_path_factory.mktemp("codes")
    registry.rebuild(place, lambda _: None)
    return place


@pytest.fixture(scope="session")
def sets(folder):
    opened = CodeSets.open(folder / registry.FILE_NAME)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def searcher(sets):
    return Searcher(sets)
