"""Parts of the web phone: certificates, addresses, codes, exposure intervals, the fake camera."""

import io
import ipaddress
import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
import segno
from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from acquisition.clock import ClockOffset
from acquisition.errors import PhoneError, UsageError
from acquisition.phone.web.access import Gate, Refusals, Seat, TurnedAwayError, clean, new_token
from acquisition.phone.web.exposure import exposure_interval, page_clock, ping_of
from acquisition.phone.web.messages import Pong
from acquisition.simulate.phone_chromium import FakeCamera
from deepflash.errors import StorageError
from deepflash.errors import UsageError as SharedUsageError
from deepflash.serving import address as addresses
from deepflash.serving import certificate as certificates
from deepflash.serving.address import LanAddress, choose_address
from deepflash.serving.certificate import server_certificate
from deepflash.serving.qr import svg_code, terminal_code

LAN = "192.168.7.20"
OTHER_LAN = "10.1.2.3"
MS = 1_000_000
# One way at once and the other slow is what a bound must bear.
EXTREME_WAY_US = st.sampled_from([0, 5000]) | st.integers(0, 5000)


def read(path):
    return x509.load_pem_x509_certificate(path.read_bytes())


def handshake(certificate, name):
    """Whether a client that trusts the authority takes the server for `name`; the names of it."""
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trust.load_verify_locations(cadata=certificate.authority_pem.decode())
    ways = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trust.wrap_bio(ways[0], ways[1], server_hostname=name)
    server = certificate.context.wrap_bio(ways[1], ways[0], server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client.getpeercert()


def test_a_certificate_is_trusted_for_its_addresses_only(tmp_path):
    folder = tmp_path / "deep" / "certificates"
    made = server_certificate(folder, [LAN])
    for name in (LAN, "127.0.0.1", "localhost"):
        assert handshake(made, name)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        handshake(made, OTHER_LAN)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {
        "authority.pem": 0o600,
        "server.pem": 0o600,
    }


def test_certificates_live_as_long_as_promised(tmp_path):
    server_certificate(tmp_path, [LAN])
    leaf, authority = read(tmp_path / "server.pem"), read(tmp_path / "authority.pem")
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc <= timedelta(days=398)
    assert authority.not_valid_after_utc - authority.not_valid_before_utc <= timedelta(days=3653)
    assert leaf.not_valid_before_utc < datetime.now(UTC) - timedelta(minutes=30)
    assert authority.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


def test_certificates_are_used_again_until_they_do_not_serve(tmp_path, monkeypatch):
    def state():
        return [(tmp_path / name).read_bytes() for name in ("authority.pem", "server.pem")]

    server_certificate(tmp_path, [LAN])
    first = state()
    server_certificate(tmp_path, [LAN])
    assert state() == first
    both = server_certificate(tmp_path, [OTHER_LAN])  # another network: another leaf
    assert handshake(both, OTHER_LAN)
    second = state()
    assert second[0] == first[0]
    assert second[1] != first[1]
    public = server_certificate(tmp_path, ["8.8.4.4"])  # the authority may not sign for it
    assert handshake(public, "8.8.4.4")
    third = state()
    assert third[0] != second[0]
    (tmp_path / "server.pem").write_text("damaged")
    server_certificate(tmp_path, ["8.8.4.4"])
    assert state()[0] == third[0]
    # Ten days before its end a leaf is made anew.
    monkeypatch.setattr(certificates, "SERVER_DAYS", 10)
    (tmp_path / "server.pem").unlink()
    server_certificate(tmp_path, ["8.8.4.4"])
    short = state()
    monkeypatch.undo()
    server_certificate(tmp_path, ["8.8.4.4"])
    assert state()[0] == short[0]
    assert state()[1] != short[1]


def test_the_authority_signs_for_private_addresses_only(tmp_path):
    server_certificate(tmp_path, [LAN])
    authority = certificates._load(tmp_path / "authority.pem")
    assert authority is not None
    certificates._save(
        tmp_path / "server.pem", certificates._new_server(authority, {"93.184.216.34"})
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    stolen = certificates.ServerCertificate(
        context=context,
        authority_der=b"",
        authority_pem=authority[1].public_bytes(certificates.serialization.Encoding.PEM),
        fingerprint="",
    )
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(stolen, "93.184.216.34")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="choose a folder that you may write"):
        server_certificate(tmp_path / "file" / "folder", [LAN])


def test_an_address_is_chosen_or_the_choice_is_shown(monkeypatch):
    offered = [
        LanAddress(interface="wlan0", address=LAN),
        LanAddress(interface="eth0", address=OTHER_LAN),
    ]
    monkeypatch.setattr(addresses, "lan_addresses", lambda: offered)
    assert choose_address() == LAN
    assert choose_address("eth0") == choose_address(OTHER_LAN) == OTHER_LAN
    with pytest.raises(SharedUsageError, match=r"wlan0 192\.168\.7\.20, eth0 10\.1\.2\.3"):
        choose_address("usb0")
    monkeypatch.setattr(addresses, "lan_addresses", list)
    with pytest.raises(SharedUsageError, match="no network"):
        choose_address()


def test_lan_addresses_are_addresses():
    for one in addresses.lan_addresses():
        assert not ipaddress.ip_address(one.address).is_loopback
        assert one.interface


def test_the_code_holds_the_address():
    url = f"https://{LAN}:8443/#{new_token()}"
    assert svg_code(url).startswith(b"<?xml")
    modules = segno.make(url, error="m", micro=False).symbol_size(border=2)[0]
    lines = [line for line in terminal_code(url).splitlines() if line]
    assert len(lines) == (modules + 1) // 2


def test_tokens_do_not_repeat_and_are_long():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert min(map(len, tokens)) >= 32


def test_the_gate():
    gate = Gate("secret")
    gate.allow(LAN)
    gate.check_host(f"{LAN}:8443")
    for host in ("evil.example", f"{LAN}.evil.example", "", "[::1", "localhost"):
        with pytest.raises(TurnedAwayError, match="is not ours"):
            gate.check_host(host)
    gate.allow("127.0.0.1")
    gate.check_host("localhost:9")
    gate.check_origin("http://a:1", "http", "a:1")
    for origin in (None, "null", "https://a:1", "http://a:2", "http://a:1.evil"):
        with pytest.raises(TurnedAwayError, match="may not speak"):
            gate.check_origin(origin, "http", "a:1")
    gate.check_bearer("Bearer secret")
    for head in ("", "secret", "Bearer secre", "Bearer ", "bearer secret", "Bearer ünï"):
        with pytest.raises(TurnedAwayError) as caught:
            gate.check_bearer(head)
        assert caught.value.status == 401


def test_the_seat():
    seat = Seat(60.0)
    with pytest.raises(TurnedAwayError):
        seat.check("")
    seat.take("first")
    seat.take("first")
    seat.leave()
    with pytest.raises(TurnedAwayError, match="after 60 seconds"):
        seat.take("second")
    seat.check("first")
    seat._left_ns -= 61_000_000_000
    seat.take("second")
    with pytest.raises(TurnedAwayError):
        seat.check("first")


def test_refusals_are_short_printable_lines():
    said: list[str] = []
    Refusals(said.append).note("a\x1b[31m\nb" + "x" * 1000)
    assert said == [clean("a [31m b" + "x" * 1000)]
    assert len(said[0]) == 200


@settings(deadline=None)
@given(
    offset_ms=st.integers(0, 10**7),
    there_us=EXTREME_WAY_US,
    back_us=EXTREME_WAY_US,
    inside_us=st.sampled_from([0, 40, 300]),
    tick_us=st.sampled_from([5, 100, 1000]),
    delay_us=st.integers(0, 3 * 10**6) | st.just(3 * 10**6),
    length_us=st.integers(0, 10**6),
    drift_ppm=st.sampled_from([-90.0, 0.0, 90.0]),
)
def test_an_exposure_lies_in_its_interval(
    offset_ms, there_us, back_us, inside_us, tick_us, delay_us, length_us, drift_ppm
):
    begin = 10**12

    def shown_ms(host_ns):
        true_ns = offset_ms * MS + round((host_ns - begin) * (1 + drift_ppm * 1e-6))
        return true_ns // (tick_us * 1000) * tick_us / 1000

    here = begin + there_us * 1000
    left = here + inside_us * 1000
    pong = Pong(number=1, received_ms=shown_ms(here), answered_ms=shown_ms(left))
    ping = ping_of(begin, pong, left + back_us * 1000)
    tick_ns = tick_us * 1000
    clock = page_clock([ping], tick_ns)
    asked = ping.returned_ns + 1
    call = asked + there_us * 1000 + delay_us * 1000
    resolve = call + length_us * 1000
    interval = exposure_interval(
        call_ns=round(shown_ms(call) * 1e6),
        resolve_ns=round(shown_ms(resolve) * 1e6),
        clock=clock,
        asked_ns=asked,
        told_ns=resolve + back_us * 1000,
    )
    assert interval.start_ns <= call
    assert resolve <= interval.end_ns
    assert asked <= interval.start_ns
    assert interval.end_ns <= resolve + back_us * 1000


@pytest.mark.parametrize(("call_ms", "resolve_ms"), [(2000, 2100), (0, 10), (60, 50)])
def test_times_that_cannot_be_true_are_refused(call_ms, resolve_ms):
    clock = ClockOffset(offset_ns=0, bound_ns=MS, samples=1, measured_ns=100 * MS)
    with pytest.raises(PhoneError, match="clock jumped"):
        exposure_interval(
            call_ns=call_ms * MS,
            resolve_ns=resolve_ms * MS,
            clock=clock,
            asked_ns=50 * MS,
            told_ns=1000 * MS,
        )


def test_the_fake_camera_keeps_its_length_and_shows_the_picture(tmp_path):
    camera = FakeCamera(tmp_path / "camera.mjpeg", (96, 128))
    length = camera.path.stat().st_size
    inode = camera.path.stat().st_ino
    for colour in ("red", "blue"):
        out = io.BytesIO()
        Image.new("RGB", (33, 33), colour).save(out, "PNG")
        camera.show(out.getvalue())
        data = camera.path.read_bytes()
        assert (len(data), camera.path.stat().st_ino) == (length, inode)
        assert data.startswith(b"\xff\xd8\xff\xfe")
        assert data.endswith(b"\xff\xd9")
        with Image.open(camera.path) as shown:
            assert shown.size == (96, 128)
            near = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
            assert all(abs(a - b) < 12 for a, b in zip(shown.getpixel((50, 50)), near, strict=True))
    with pytest.raises(UsageError, match="cannot show"):
        camera.show(b"no picture")
