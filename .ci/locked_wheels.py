"""Lists the wheels of a uv.lock whose digests requirements.lock allows: one line ``sha256 file-name`` each."""

import re
import sys
import tomllib
from pathlib import Path


def main(uv_lock: str, requirements: str) -> None:
    """Print the allowed wheels, sorted by name."""
    allowed = set(re.findall(r"sha256:([0-9a-f]{64})", Path(requirements).read_text("utf-8")))
    wheels = set()
    for package in tomllib.loads(Path(uv_lock).read_text("utf-8"))["package"]:
        for wheel in package.get("wheels", []):
            digest = wheel["hash"].removeprefix("sha256:")
            if digest in allowed:
                wheels.add((wheel["url"].rsplit("/", 1)[1].replace("%2B", "+"), digest))
    for name, digest in sorted(wheels):
        print(digest, name)


main(sys.argv[1], sys.argv[2])
