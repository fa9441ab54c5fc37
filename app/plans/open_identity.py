"""Opens what a person signs with: an identity file, or a key on a token of the site."""

from __future__ import annotations

from pathlib import Path

from app.operations.site_configuration import read_site_configuration
from app.plans.certificate_trust import require_signing_identity
from app.plans.identity import Identity, load_identity
from app.plans.token_identity import is_on_token, load_token_identity


def open_identity(named: Path, passphrase: str) -> Identity:
    """The identity in a PKCS#12 file, opened with its passphrase; or on a token, opened with its PIN.

    Raises
    ------
    DosimetryError
        If it can't be opened, or is not one that plans are signed with.
    """
    _leave_no_core_file()
    if is_on_token(named):
        identity = load_token_identity(str(named), passphrase, library=read_site_configuration().token_library)
    else:
        identity = load_identity(named, passphrase)
    require_signing_identity(identity)
    return identity


def _leave_no_core_file() -> None:
    """From now on a crash of this process writes no copy of its memory, which holds a passphrase."""
    try:
        import resource
    except ImportError:  # Windows writes none by itself
        return
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))
