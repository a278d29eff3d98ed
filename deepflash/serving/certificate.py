"""The certificates of pages for phones: an authority of this computer's own, and its server.

A page may use a camera only over HTTPS. Phones take the server's certificate after a warning,
or without one where the authority was installed. The authority is good for private addresses
only, so that a stolen key opens nothing else.
"""

import contextlib
import ipaddress
import os
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from deepflash.errors import StorageError

SERVER_DAYS = 397
AUTHORITY_DAYS = 3650
RENEW_DAYS = 30
AUTHORITY_FILE = "authority.pem"
SERVER_FILE = "server.pem"
LOOPBACK = ("127.0.0.1",)
PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "127.0.0.0/8")

Issued = tuple[ec.EllipticCurvePrivateKey, x509.Certificate]


@dataclass(frozen=True, kw_only=True)
class ServerCertificate:
    """What a server needs to speak HTTPS."""

    context: ssl.SSLContext
    authority_der: bytes
    """The authority's certificate, for phones that shall trust it."""
    authority_pem: bytes
    fingerprint: str
    """SHA-256 of the authority's certificate in hex, to compare on the phone."""


def server_certificate(folder: Path, addresses: Sequence[str]) -> ServerCertificate:
    """Returns a certificate for these IPv4 addresses and localhost.

    Files of `folder` (made with mode 0700) are used again while they are valid.

    Raises:
        StorageError: the folder cannot be written.
    """
    wanted = {str(ipaddress.ip_address(one)) for one in (*addresses, *LOOPBACK)}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        authority = _load(folder / AUTHORITY_FILE)
        if authority is None or not _authority_serves(authority[1], wanted):
            authority = _new_authority(wanted)
            _save(folder / AUTHORITY_FILE, authority)
        server = _load(folder / SERVER_FILE)
        if server is None or not _server_serves(server[1], authority[1], wanted):
            _save(folder / SERVER_FILE, _new_server(authority, wanted))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(folder / SERVER_FILE)
    except OSError as error:
        raise StorageError(
            f"the certificate for phones cannot be kept in {folder}: {error.strerror}; "
            "choose a folder that you may write"
        ) from error
    return ServerCertificate(
        context=context,
        authority_der=authority[1].public_bytes(serialization.Encoding.DER),
        authority_pem=authority[1].public_bytes(serialization.Encoding.PEM),
        fingerprint=authority[1].fingerprint(hashes.SHA256()).hex(),
    )


def _authority_serves(authority: x509.Certificate, wanted: set[str]) -> bool:
    if not _lasts(authority, SERVER_DAYS + RENEW_DAYS):
        return False
    constraint = authority.extensions.get_extension_for_class(x509.NameConstraints).value
    nets = [one.value for one in constraint.permitted_subtrees or [] if _is_net(one)]
    return all(any(ipaddress.ip_address(one) in net for net in nets) for one in wanted)


def _is_net(name: x509.GeneralName) -> bool:
    return isinstance(name, x509.IPAddress)


def _server_serves(server: x509.Certificate, authority: x509.Certificate, wanted: set[str]) -> bool:
    if not _lasts(server, RENEW_DAYS):
        return False
    try:
        server.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return wanted <= {str(one) for one in names.get_values_for_type(x509.IPAddress)}


def _lasts(certificate: x509.Certificate, days: int) -> bool:
    now = datetime.now(UTC)
    ends = certificate.not_valid_after_utc
    return certificate.not_valid_before_utc <= now and ends - now > timedelta(days=days)


def _new_authority(wanted: set[str]) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DeepFlash capture authority")])
    nets = [ipaddress.ip_network(one) for one in PRIVATE]
    # Some networks give public addresses to every computer: those exactly are allowed as well.
    nets += [
        ipaddress.ip_network(one)
        for one in sorted(wanted)
        if not any(ipaddress.ip_address(one) in net for net in nets)
    ]
    permitted = [x509.DNSName("localhost"), *(x509.IPAddress(net) for net in nets)]
    builder = _builder(name, name, key, AUTHORITY_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    builder = builder.add_extension(_usage(signs=True), critical=True)
    builder = builder.add_extension(x509.NameConstraints(permitted, None), critical=True)
    return key, builder.sign(key, hashes.SHA256())


def _new_server(authority: Issued, wanted: set[str]) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "DeepFlash capture")])
    names = [x509.DNSName("localhost")]
    names += [x509.IPAddress(ipaddress.ip_address(one)) for one in sorted(wanted)]
    builder = _builder(name, authority[1].subject, key, SERVER_DAYS)
    builder = builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
    builder = builder.add_extension(_usage(signs=False), critical=True)
    builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = builder.add_extension(purpose, critical=False)
    issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority[0].public_key())
    builder = builder.add_extension(issuer, critical=False)
    return key, builder.sign(authority[0], hashes.SHA256())


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
) -> x509.CertificateBuilder:
    # An hour back: the phone's calendar clock may run behind.
    start = datetime.now(UTC) - timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _load(path: Path) -> Issued | None:
    """Returns what the file holds; None if it is absent or damaged, so that it is made anew."""
    try:
        data = path.read_bytes()
        path.chmod(0o600)
        key = serialization.load_pem_private_key(data, password=None)
        certificate = x509.load_pem_x509_certificate(data)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return None
    return (key, certificate) if key.public_key() == certificate.public_key() else None


def _save(path: Path, issued: Issued) -> None:
    """Writes key and certificate into one file, so that they never part; mode 0600."""
    key, certificate = issued
    data = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    data += certificate.public_bytes(serialization.Encoding.PEM)
    handle, name = tempfile.mkstemp(prefix=".new-", dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
