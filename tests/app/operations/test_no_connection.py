"""No command on kept courses opens a connection or a port."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
told = []
WATCHED = ("socket.connect", "socket.bind", "socket.listen", "socket.getaddrinfo", "socket.sendto", "urllib.Request")
sys.addaudithook(lambda event, arguments: told.append(event) if event in WATCHED else None)
from app.cli import main
from app.store import open_store
from pathlib import Path
folder = Path(sys.argv[1])
open_store(folder / "data", who="test").close()
store = ["--data-folder", str(folder / "data")]
status = [
    main(["backup", str(folder / "one"), "--by", "B", *store]),
    main(["list", *store]),
    main(["doctor", "--rehearse-upgrade", *store]),
    main(["restore", str(folder / "one"), "--by", "B", "--yes", *store]),
]
import socket
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
control.bind(("127.0.0.1", 0))
control.close()
print(status, told)
"""


def test_that_the_commands_on_kept_courses_open_no_connection(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", PROGRAM, str(tmp_path)], capture_output=True, text=True, check=True)
    # The one at the end is the control: what is watched would be seen.
    assert ended.stdout.splitlines()[-1] == "[0, 0, 0, 0] ['socket.bind']"
