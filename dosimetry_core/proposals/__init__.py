"""VOIs proposed from SPECT and CT, to be reviewed by a person before anything is signed."""

from dosimetry_core.proposals.proposal import VoiProposals, propose_vois

__all__ = ["VoiProposals", "propose_vois"]
