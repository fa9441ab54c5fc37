"""SOP classes of the services used here (PS3.4, PS3.6 annex A)."""

from __future__ import annotations

from typing import Final

from pydicom.uid import UID

VERIFICATION: Final = UID("1.2.840.10008.1.1")
STUDY_FIND: Final = UID("1.2.840.10008.5.1.4.1.2.2.1")
STUDY_MOVE: Final = UID("1.2.840.10008.5.1.4.1.2.2.2")
STUDY_GET: Final = UID("1.2.840.10008.5.1.4.1.2.2.3")
STORAGE_COMMITMENT: Final = UID("1.2.840.10008.1.20.1")
STORAGE_COMMITMENT_INSTANCE: Final = UID("1.2.840.10008.1.20.1.1")
