"""How a PKCS#12 file protects its private key: the rounds that each guess at the passphrase costs."""

from __future__ import annotations

from typing import Any

from asn1crypto import pkcs12


def rounds_of_key(content: bytes) -> int:
    """Fewest rounds of key derivation before a private key in the file; 0 where one lies in it unprotected.

    The integrity check of the file, which a passphrase can be tried against as well, counts too.

    Raises
    ------
    ValueError, KeyError
        If the file is no PKCS#12, or is protected in a way that states no rounds.
    """
    file = pkcs12.Pfx.load(content)
    rounds = []
    if file["mac_data"].native is not None:
        rounds.append(int(file["mac_data"]["iterations"].native))
    for part in pkcs12.AuthenticatedSafe.load(file["auth_safe"]["content"].native):
        if part["content_type"].native == "encrypted_data":
            # Certificates as a rule; whoever reads them has the passphrase that the key has.
            rounds.append(_rounds(part["content"]["encrypted_content_info"]["content_encryption_algorithm"]))
        elif part["content_type"].native == "data":
            for bag in pkcs12.SafeContents.load(part["content"].native):
                if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
                    rounds.append(_rounds(bag["bag_value"]["encryption_algorithm"]))
                elif bag["bag_id"].native == "key_bag":
                    rounds.append(0)
    return min(rounds, default=0)


def _rounds(algorithm: Any) -> int:
    parameters = algorithm["parameters"]
    if algorithm["algorithm"].native == "pbes2":
        return int(parameters["key_derivation_func"]["parameters"]["iteration_count"].native)
    return int(parameters["iterations"].native)
