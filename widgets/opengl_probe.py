"""Whether VTK can draw here: tried once in a child process, because a missing library ends the process."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import threading

_SCRIPT = """
import os
if not os.environ.get("DISPLAY") and os.name == "posix" and __import__("sys").platform.startswith("linux"):
    os.environ["VTK_DEFAULT_OPENGL_WINDOW"] = "vtkEGLRenderWindow"
import vtkmodules.vtkRenderingOpenGL2
from vtkmodules.vtkRenderingCore import vtkRenderWindow, vtkRenderer
from vtkmodules.vtkCommonCore import vtkUnsignedCharArray
window = vtkRenderWindow()
window.SetOffScreenRendering(1)
window.SetMultiSamples(0)
window.SetSize(16, 16)
renderer = vtkRenderer()
renderer.SetBackground(1, 0, 0)
window.AddRenderer(renderer)
window.Render()
pixels = vtkUnsignedCharArray()
window.GetRGBACharPixelData(0, 0, 15, 15, 0, pixels)
print("drawn" if pixels.GetNumberOfTuples() == 256 and pixels.GetTuple(0)[0] > 200 else "blank")
"""
_TIMEOUT_S = 60.0


_TRYING = threading.Lock()


def opengl_fault() -> str | None:
    """None if surfaces can be drawn; else a sentence saying why not.

    Takes half a second the first time; whoever asks meanwhile waits for the same answer.
    """
    with _TRYING:
        return _tried()


@functools.cache
def _tried() -> str | None:
    environment = {**os.environ}
    environment.pop("QT_QPA_PLATFORM", None)
    try:
        tried = subprocess.run(
            [sys.executable, "-c", _SCRIPT],
            capture_output=True,
            text=True,
            timeout=_TIMEOUT_S,
            env=environment,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"The 3D view is off: OpenGL could not be tried ({type(error).__name__})."
    if tried.returncode == 0 and tried.stdout.strip().endswith("drawn"):
        return None
    return "The 3D view is off: this computer can't draw with OpenGL. A projection is shown instead."
