"""Images in view as soon as they are read, while the rest of an opening goes on and nothing may be changed."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.jobs import Job
from app.session import Session
from dosimetry_core.case import Case

NOT_ALIGNED_YET = "Images are being read and aligned; changes are possible when that is done."
IMAGES_ARE_READ = "The images are being read; changes are possible when they are there."
_KEY = "images"


class FirstImages(QObject):
    """Shows what a job has read so far of a case, in place of the case that was shown without its images.

    Changes are forbidden until the job ends. If it fails or is cancelled, the case is shown without images again. Where
    another case was opened meanwhile, nothing is shown.

    Parameters
    ----------
    job
        One that ``shows`` cases.
    case
        The case in the document, as it was given to the job.
    """

    def __init__(self, session: Session, job: Job, case: Case) -> None:
        super().__init__(job)
        self._session = session
        self._without_images = self._shown = case
        session.permission.forbid(_KEY, IMAGES_ARE_READ)
        job.shown.connect(self._show)
        job.failed.connect(lambda _error: self._take_back())
        job.cancelled.connect(self._take_back)

    @property
    def are_in_view(self) -> bool:
        """Whether the case in the document is still the one of the job."""
        return self._session.document.case is self._shown

    def replace_by(self, case: Case) -> bool:
        """Put the whole case in place of what was shown of it, and allow changes; False if another one is open."""
        if not self.are_in_view:
            return False
        self._session.document.open(case)
        self._session.permission.allow(_KEY)
        return True

    def _show(self, case: Case) -> None:
        if self.are_in_view:
            self._shown = case
            self._session.document.open(case)
            self._session.permission.forbid(_KEY, NOT_ALIGNED_YET)

    def _take_back(self) -> None:
        """The rest will not come: the case is as it was before."""
        if self.replace_by(self._without_images):
            self._shown = self._without_images
