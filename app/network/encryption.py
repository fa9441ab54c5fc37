"""Encrypted connections: whose certificate is asked for, which is shown, and what is wrong with them in words."""

from __future__ import annotations

import socket
import ssl

from app.network.errors import NetworkError, place_of
from app.network.nodes import NetworkSettings, Node

_PEM_REMEDY = "name PEM files that exist"


def client_context(settings: NetworkSettings, node: Node) -> ssl.SSLContext:
    """How a connection to a node is encrypted: its certificate and its name are checked, the own one is shown.

    Raises
    ------
    NetworkError
        If a file of certificates can't be used.
    """
    try:
        context = ssl.create_default_context(cafile=node.certificate_authority or None)
        if settings.certificate:
            context.load_cert_chain(settings.certificate)
    except (OSError, ssl.SSLError) as error:
        raise NetworkError(
            f"its certificates can't be used ({error})", where=place_of(node), remedy=_PEM_REMEDY
        ) from error
    return context


class _LateHandshake(ssl.SSLContext):
    """Shakes hands on the connection's own thread, with its first byte: one caller can't hold up the others."""

    def wrap_socket(self, sock: socket.socket, *arguments: object, **named: object) -> ssl.SSLSocket:
        return super().wrap_socket(sock, server_side=True, do_handshake_on_connect=False)


def server_context(settings: NetworkSettings) -> ssl.SSLContext | None:
    """How the receiver is encrypted; None if it is not.

    Callers show a certificate if an authority for them is named.

    Raises
    ------
    NetworkError
        If a file of certificates can't be used.
    """
    if not settings.receiver_tls:
        return None
    try:
        context = _LateHandshake(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(settings.certificate)
        if settings.receiver_authority:
            context.load_verify_locations(settings.receiver_authority)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise NetworkError(
            f"the receiver's certificates can't be used ({error})", where="receiver", remedy=_PEM_REMEDY
        ) from error
    return context


def encryption_fault(settings: NetworkSettings, node: Node) -> NetworkError | None:
    """Why an encrypted connection to a node does not come about; None if encryption is not the reason.

    Connects once more, for the DICOM library keeps the reason to itself.
    """
    context = client_context(settings, node)
    try:
        with (
            socket.create_connection((node.host, node.port), timeout=settings.connect_s) as plain,
            context.wrap_socket(plain, server_hostname=node.host) as encrypted,
        ):
            # A peer that does not take our certificate says so after its own handshake (TLS 1.3).
            encrypted.settimeout(min(1.0, settings.connect_s))
            encrypted.recv(1)
    except OSError as error:
        return named_fault(error, node)
    return None


def named_fault(error: OSError, node: Node) -> NetworkError | None:
    """An error of a connection as one of its encryption; None if it is none."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return NetworkError(
            f"its certificate is not accepted: {error.verify_message}",
            where=place_of(node),
            remedy="check host and authority of the node, and ask who runs it; don't go on without encryption",
        )
    if isinstance(error, ssl.SSLError):
        return NetworkError(
            f"no encrypted connection comes about ({error.reason or error})",
            where=place_of(node),
            remedy="check that the port is the encrypted one, and which certificate it asks for",
        )
    return None
