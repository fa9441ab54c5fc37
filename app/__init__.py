"""Shell and workflow: holds the document and connects the science with the widgets."""

import os as _os

# Before the first import of numpy. The matrices here are small: threads of linear algebra would only wait for each
# other, on the core that the window or another computation needs; and one thread sums in one order on every computer.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    _os.environ.setdefault(_name, "1")
