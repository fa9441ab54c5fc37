"""Neither the window nor a command opens a connection or a port by itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys
told = []
WATCHED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request")
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


WINDOW = """
import os, sys
told = []
WATCHED = ("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "urllib.Request")


def watch(event, arguments):
    # A text is the name of a socket of this machine's own processes.
    if event in WATCHED and not (len(arguments) > 1 and isinstance(arguments[1], str)):
        told.append(event)


sys.addaudithook(watch)
from pathlib import Path
from PySide6.QtWidgets import QApplication
import app.main
from app.cli import main
from app.screenshots import wait_until_idle
from tests.app.working import say_who_works
from tests.journeys.small_case import write_tandem_case

folder = Path(sys.argv[1])
case = write_tandem_case(folder / "case")
windows, seen = [], []
made = app.main.MainWindow


def remember(*arguments, **named):
    windows.append(made(*arguments, **named))
    return windows[-1]


def internet_sockets():
    # Those that the libraries below Python opened stand here, too.
    own = set()
    for one in Path("/proc/self/fd").glob("*"):
        try:
            own.add(os.readlink(one))
        except OSError:
            pass
    found = []
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        listed = Path("/proc/self/net") / kind
        lines = listed.read_text().splitlines()[1:] if listed.exists() else []
        found += [kind for line in lines if f"socket:[{line.split()[9]}]" in own]
    return found


def run():
    wait_until_idle(windows[0])
    say_who_works(windows[0], "A. Nowak")
    wait_until_idle(windows[0])
    assert windows[0].session.document.evaluation is not None
    seen.extend(internet_sockets())
    windows[0].close()
    return 0


app.main.MainWindow = remember
QApplication.exec = staticmethod(run)
status = [main([str(case)]), main(["compute", str(case), "--out", str(folder / "out")])]
seen += internet_sockets()
import socket
control = socket.create_server(("127.0.0.1", 0))
print(status, told, seen, internet_sockets() if sys.platform == "linux" else ["tcp"])
"""


def test_that_the_window_and_a_computation_open_no_connection_and_no_port(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "LUTETIA_DATA": str(tmp_path / "data"),
        "XDG_CONFIG_HOME": str(tmp_path / "configuration"),
    }
    ended = subprocess.run(
        [sys.executable, "-c", WINDOW, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        env=environment,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.count("Traceback") == 0, ended.stderr
    # What stands last is the control: what is watched would be seen.
    assert ended.stdout.splitlines()[-1] == "[0, 0] ['socket.bind'] [] ['tcp']"
