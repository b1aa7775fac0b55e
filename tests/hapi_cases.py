"""HAPI, the reference implementation of HL7 v2 and FHIR: fetched once for each recipe."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

from backends import give_up

PEERS = Path(__file__).parents[2] / "shared" / "peers"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "claimstream"


def jars(recipe: Path, timeout_s: int = 280) -> Path:
    """Give the folder of a recipe's jars; skip, and say so, where they cannot be had."""
    name = f"HAPI ({recipe.name})"
    if not (recipe / "pom.xml").exists():
        give_up(name, f"the recipe ../shared/peers/{recipe.name} is not here")
    if shutil.which("java") is None or shutil.which("mvn") is None:
        give_up(name, "apt-get install openjdk-17-jre-headless maven")
    version = hashlib.sha256((recipe / "pom.xml").read_bytes()).hexdigest()[:12]
    folder = CACHE / f"hapi-{recipe.name}-{version}"
    if not (folder / "complete").exists():
        made = subprocess.run(
            [
                *("mvn", "-q", "-B", "-f", recipe / "pom.xml", "dependency:copy-dependencies"),
                *("-DincludeScope=runtime", f"-DoutputDirectory={folder}"),
            ],
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        if made.returncode:
            give_up(name, "Maven could not fetch it")
        (folder / "complete").touch()
    return folder
