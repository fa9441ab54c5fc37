"""python -m tests.kept_results: keep the present numbers."""

from tests.kept_results.keep import write

write()
