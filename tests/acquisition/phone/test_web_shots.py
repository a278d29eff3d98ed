"""The web phone with simulated phones over real sockets: clocks, shots, uploads, losses."""

import asyncio
import errno
import hashlib

import pytest

from acquisition.errors import PhoneError, PhoneSilent, StoreError
from acquisition.phone.web.driver import Limits
from acquisition.phone.web.exposure import page_ns
from tests.acquisition.phone.web_studio import (
    FLASH,
    OTHER_FLASH,
    OTHER_PAIR,
    PAIR,
    REFERENCE,
    feed,
    picture,
    studio,
    until,
)


def faults_at(shot, *names):
    return lambda pair, kind: names if f"{pair}/{kind}" == str(shot) else ()


def test_a_pair_is_taken_and_stored(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client(clock_offset_s=123.0, drift_ppm=15.0)
            status = await host.phone.check()
            assert status.connected
            assert (status.flash_kind, status.facing, status.problem) == (
                "flash",
                "environment",
                "",
            )
            dark = await host.phone.reference(REFERENCE)
            bright = await host.phone.fire(FLASH)
            assert (dark.flash_kind, bright.flash_kind) == ("unknown", "flash")
            for shot, said in ((REFERENCE, dark), (FLASH, bright)):
                truth = client.exposures[str(shot)]
                assert said.exposure.start_ns <= truth.start_ns
                assert truth.end_ns <= said.exposure.end_ns
                assert said.late_ns is not None
                assert 0 <= said.late_ns < 1e9
                file = await host.phone.fetch(shot)
                assert host.intake.bytes[str(shot)] == feed(shot.pair, shot.kind)
                assert file.origin.endswith(f"/{shot}")
            await until(lambda: client.outbox.names() == [], "the outbox is empty")
            assert host.intake.parts() == []
            assert host.refused == []

    asyncio.run(run())


@pytest.mark.parametrize("tick_ms", [0.005, 0.1, 1.0])
@pytest.mark.parametrize(("offset_s", "drift_ppm"), [(0.0, 0.0), (5000.0, 80.0), (2.5, -80.0)])
def test_the_clock_lies_within_its_bound(tmp_path, tick_ms, offset_s, drift_ppm):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client(
                clock_offset_s=offset_s, drift_ppm=drift_ppm, tick_ms=tick_ms
            )
            for _ in range(5):
                clock = (await host.phone.check()).clock
                assert clock is not None
                at = clock.measured_ns
                truth = client.clock.true_page_ns(at) - at
                assert abs(clock.offset_ns - truth) <= clock.bound_ns
                assert clock.bound_ns >= page_ns(tick_ms)

    asyncio.run(run())


def test_a_clock_jump_is_said_and_the_next_check_passes(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            await host.phone.check()
            client.clock.jump(4.0)
            with pytest.raises(PhoneError, match=r"clock jumped by (3999|400[01]) ms"):
                await host.phone.check()
            await host.phone.check()
            # Between the check and the picture: the times would lie outside of the order's time.
            client.clock.jump(4.0)
            with pytest.raises(PhoneSilent, match="clock jumped while it took the picture"):
                await host.phone.fire(FLASH)
            await host.phone.fetch(FLASH)

    asyncio.run(run())


def test_no_answer_and_a_late_one(tmp_path):
    async def run():
        limits = Limits(shot_s=0.3)
        async with studio(tmp_path, limits) as host:
            client = await host.client(late_s=0.6)
            client._faults = faults_at(FLASH, "never_exposes")
            with pytest.raises(PhoneSilent, match=r"did not say that it exposed within 0\.3 s"):
                await host.phone.fire(FLASH)
            client._faults = faults_at(OTHER_FLASH, "exposes_late")
            with pytest.raises(PhoneSilent, match="did not say"):
                await host.phone.fire(OTHER_FLASH)
            await until(lambda: host.late, "a late `exposed` is reported")
            shot, exposure = host.late[0]
            assert shot == OTHER_FLASH
            assert exposure.exposure.start_ns <= client.exposures[str(shot)].start_ns
            assert (await host.phone.fetch(OTHER_FLASH)).kind == "phone_flash"
            assert host.refused == []

    asyncio.run(run())


def test_a_lost_line_is_no_lost_picture(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client(faults=faults_at(FLASH, "disconnects"))
            said = await host.phone.fire(FLASH)
            truth = client.exposures[str(FLASH)]
            assert said.exposure.start_ns <= truth.start_ns < truth.end_ns <= said.exposure.end_ns
            await host.phone.fetch(FLASH)

    asyncio.run(run())


def test_a_reloaded_page_sends_its_pictures_but_no_times(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            await host.client(faults=faults_at(FLASH, "reload"), clock_offset_s=9.0)
            with pytest.raises(PhoneSilent, match="was loaded anew meanwhile"):
                await host.phone.fire(FLASH)
            await host.phone.fetch(FLASH)
            # Another page has another clock, which is no jump.
            await host.phone.check()

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["upload_cut", "upload_corrupt"])
def test_a_spoiled_upload_leaves_nothing_and_is_sent_again(tmp_path, fault):
    async def run():
        big = picture(size=(900, 900))
        async with studio(tmp_path) as host:
            client = await host.client(
                faults=faults_at(FLASH, fault), feed=lambda _pair, _kind: big
            )
            await host.phone.fire(FLASH)
            await host.phone.fetch(FLASH)
            assert host.intake.bytes == {str(FLASH): big}
            await until(lambda: client.outbox.names() == [], "acknowledged")
            await until(lambda: host.intake.parts() == [], "parts are gone")
            assert len(host.refused) == (1 if fault == "upload_corrupt" else 0)

    asyncio.run(run())


def test_the_phone_keeps_its_picture_until_the_store_has_it(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            kept = []
            host.intake.on_accept = lambda shot: kept.append(str(shot) in client.outbox.names())
            await host.phone.fire(FLASH)
            await host.phone.fetch(FLASH)
            assert kept == [True]

    asyncio.run(run())


def test_pictures_of_an_earlier_run_are_sent_on_connecting(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            stranger = host.stranger()
            stranger.outbox.put(PAIR, "phone_flash", feed(*str(FLASH).split("/")))
            # Acknowledged before, but the word was lost: the same picture is acknowledged again.
            stranger.outbox.put(OTHER_PAIR, "phone_flash", picture("blue"))
            other = host.intake.part(OTHER_FLASH)
            other.write_bytes(picture("blue"))
            sha256 = hashlib.sha256(picture("blue")).hexdigest()
            host.intake.accept(OTHER_FLASH, other, sha256, "before")
            stranger.outbox.put("20251122T141530Z-ffff", "phone_flash", picture())
            await stranger.start()
            await host.phone.fetch(FLASH)
            lost = "20251122T141530Z-ffff/phone_flash"
            await until(lambda: stranger.outbox.names() == [lost], "all but the unknown one")
            await until(lambda: lost in stranger.unwanted, "the phone knows why")
            assert "no pair 20251122T141530Z-ffff" in stranger.unwanted[lost]
            await stranger.drop()
            await until(lambda: host.phone.status().pending == [lost], "still held")

    asyncio.run(run())


def test_a_picture_that_the_full_disk_did_not_take_comes_when_there_is_room(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            refusals = iter([OSError(errno.ENOSPC, "No space left on device")])

            def full(_shot):
                if error := next(refusals, None):
                    raise StoreError("no room for the picture") from error

            host.intake.on_accept = full
            await host.phone.fire(FLASH)
            await until(lambda: host.intake.stored(FLASH), "the picture came by itself")
            await until(lambda: not client.outbox.names(), "the phone was told")
            assert client.unwanted == {}

    asyncio.run(run())


def test_a_discarded_pair_stays_on_the_phone(tmp_path):
    async def run():
        async with studio(tmp_path) as host:
            client = await host.client()
            client.block_uploads = True
            await host.phone.fire(FLASH)
            await host.phone.discard(PAIR)
            await until(lambda: client.unwanted, "the phone was told")
            client.block_uploads = False
            await host.phone.fire(OTHER_FLASH)
            await host.phone.fetch(OTHER_FLASH)
            await until(lambda: client.outbox.names() == [str(FLASH)], "one is held")
            assert list(host.intake.files) == [str(OTHER_FLASH)]
            # Told again to a page that was away.
            await client.drop()
            await asyncio.wait_for(client.welcome.wait(), 5)
            assert client.unwanted == {str(FLASH): "discarded"}

    asyncio.run(run())


def test_no_phone_and_a_phone_that_went_away(tmp_path):
    async def run():
        limits = Limits(fetch_s=0.1)
        async with studio(tmp_path, limits) as host:
            assert (
                host.phone.status().problem
                == "no phone is connected; scan the QR code with the phone"
            )
            for ask in (host.phone.check(), host.phone.fire(FLASH), host.phone.reference(FLASH)):
                with pytest.raises(PhoneError, match="scan the QR code"):
                    await ask
            client = await host.client(problem="no flash here")
            assert host.phone.status().problem == "no flash here"
            await client.stop()
            await until(lambda: not host.phone.status().connected, "it is seen to be away")
            with pytest.raises(PhoneError, match="went away; wake it"):
                await host.phone.fire(FLASH)
            with pytest.raises(
                PhoneError, match=r"did not arrive within 0\.1 s; the phone keeps it"
            ):
                await host.phone.fetch(FLASH)
            await host.phone.discard(PAIR)

    asyncio.run(run())
