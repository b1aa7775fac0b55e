"""Which guide reads which version: the one list to extend when a transaction is added."""

from functools import cache
from importlib import import_module

from rcm.x12.guide import Guide

#: Modules that hold a guide's table as GUIDE, by the id of the version that we write.
GUIDE_MODULES: dict[str, str] = {
    "005010X221A1": "rcm.x12.guide_835",
    "005010X231A1": "rcm.x12.guide_999",
    "005010X214": "rcm.x12.guide_277ca",
    "005010X222A1": "rcm.x12.guide_837p",
    "005010X223A2": "rcm.x12.guide_837i",
    "005010X224A2": "rcm.x12.guide_837d",
    # Versions that two transaction sets share are told apart by ST01.
    "270 005010X279A1": "rcm.x12.guide_270",
    "271 005010X279A1": "rcm.x12.guide_271",
    "276 005010X212": "rcm.x12.guide_276",
    "277 005010X212": "rcm.x12.guide_277",
    "005010X217": "rcm.x12.guide_278",
    "005010X210": "rcm.x12.guide_275",
    "005010X213": "rcm.x12.guide_277rfai",
    "005010X220A1": "rcm.x12.guide_834",
    "005010X218": "rcm.x12.guide_820",
}
#: Versions that are read with another version's table.
ALSO_READ: dict[str, str] = {
    "005010X221": "005010X221A1",
    "005010X231": "005010X231A1",
    # 837: other errata of the same guide, then the predetermination and reporting guides beside it.
    "005010X222": "005010X222A1",
    "005010X222A2": "005010X222A1",
    "005010X291": "005010X222A1",
    "005010X298": "005010X222A1",
    "005010X223": "005010X223A2",
    "005010X223A1": "005010X223A2",
    "005010X223A3": "005010X223A2",
    "005010X292": "005010X223A2",
    "005010X299": "005010X223A2",
    "005010X224": "005010X224A2",
    "005010X224A1": "005010X224A2",
    "005010X224A3": "005010X224A2",
    "005010X300": "005010X224A2",
    # 006020 forms of the attachment rule of 2026 (CMS-0053-F), and X211 beside X210.
    "006020X314": "005010X210",
    "005010X211": "005010X210",
    "005010X306": "005010X218",
    "006020X313": "005010X213",
    "005010X220": "005010X220A1",
    "005010X217E1": "005010X217",
    "005010X217E2": "005010X217",
    "270 005010X279": "270 005010X279A1",
    "271 005010X279": "271 005010X279A1",
    "276 005010X212E1": "276 005010X212",
    "277 005010X212E1": "277 005010X212",
    "276 005010X212E2": "276 005010X212",
    "277 005010X212E2": "277 005010X212",
}


@cache
def guide(version: str) -> Guide | None:
    """Find the guide that reads a version (ST03, or GS08 where ST03 is not used); None if ours
    has no table for it. Where two sets share a version, ST01 comes before it: `270 005010X279A1`.
    """
    module = GUIDE_MODULES.get(ALSO_READ.get(version, version))
    if module is None:
        return None
    found = import_module(module).GUIDE
    assert isinstance(found, Guide)
    return found
