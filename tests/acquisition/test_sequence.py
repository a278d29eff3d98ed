"""The state machine of one pair: the good way, faults, and the interlock."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.record import Order
from acquisition.sequence.machine import step
from acquisition.sequence.words import (
    Begin,
    CheckFailed,
    CheckPassed,
    Event,
    Fetched,
    FetchFiles,
    Finish,
    FirePhone,
    Judged,
    JudgePictures,
    LightsFailed,
    LightsReady,
    Phase,
    PhoneExposed,
    PhoneFailed,
    ReferenceFailed,
    ReferenceTaken,
    RunChecks,
    SetLights,
    State,
    Stop,
    StudioExposed,
    StudioFailed,
    TakeReference,
    Tick,
    TriggerStudio,
)

MS = 1_000_000
GUARD = 400 * MS


class Run:
    """Feeds events and keeps what the machine asked for."""

    def __init__(self, order: Order = "phone_first", *, references: bool = True):
        self.state = State(order=order, takes_references=references)
        self.now = 0
        self.asked: list = []

    def __call__(self, event: Event, *, after_ms: int = 1) -> list:
        self.now += after_ms * MS
        self.state, actions = step(self.state, event, self.now)
        self.asked += actions
        return list(actions)

    def until_phone_fired(self) -> "Run":
        for event in (Begin(), CheckPassed(), LightsReady(), ReferenceTaken()):
            self(event)
        return self

    def until_studio_fired(self) -> "Run":
        self.until_phone_fired()(PhoneExposed(self.now))
        self(LightsReady())
        self(Tick(), after_ms=400)
        return self


def test_the_good_way_with_the_phone_first():
    run = Run()
    assert run(Begin()) == [RunChecks()]
    assert run(CheckPassed()) == [SetLights("dim")]
    assert run(LightsReady()) == [TakeReference(after=False)]
    assert run(ReferenceTaken()) == [FirePhone()]
    assert run(PhoneExposed(run.now)) == [SetLights("studio")]
    assert run(LightsReady()) == []
    assert run(Tick(), after_ms=398) == []
    assert run(Tick(), after_ms=1) == [TriggerStudio()]
    assert run(StudioExposed(run.now)) == [TakeReference(after=True)]
    assert run(ReferenceTaken()) == [FetchFiles()]
    assert run(Fetched()) == [JudgePictures()]
    assert run(Judged()) == [Finish("committed")]
    assert run.state.phase is Phase.DONE


def test_the_good_way_with_the_studio_first():
    run = Run("studio_first")
    for event in (Begin(), CheckPassed(), LightsReady()):
        run(event)
    assert run(ReferenceTaken()) == [SetLights("studio")]
    assert run(LightsReady()) == [TriggerStudio()]
    assert run(StudioExposed(run.now)) == [SetLights("dim")]
    assert run(LightsReady()) == []
    assert run(Tick(), after_ms=399) == [FirePhone()]
    assert run(PhoneExposed(run.now)) == [TakeReference(after=True)]
    for event in (ReferenceTaken(), Fetched()):
        run(event)
    assert run(Judged()) == [Finish("committed")]


def test_a_phone_that_takes_no_references_is_asked_for_none():
    run = Run(references=False)
    for event in (Begin(), CheckPassed()):
        run(event)
    assert run(LightsReady()) == [FirePhone()]
    run(PhoneExposed(run.now))
    run(LightsReady())
    run(Tick(), after_ms=400)
    assert run(StudioExposed(run.now)) == [FetchFiles()]


@pytest.mark.parametrize(
    ("before", "fault"),
    [
        ((), CheckFailed("no consent")),
        ((CheckPassed(),), LightsFailed("no answer")),
        ((CheckPassed(), LightsReady()), ReferenceFailed("camera error")),
        ((CheckPassed(), LightsReady(), ReferenceTaken()), PhoneFailed("no flash", False)),
        ((), Stop()),
        ((CheckPassed(),), Stop()),
        ((CheckPassed(), LightsReady()), Stop()),
    ],
)
def test_a_fault_before_the_first_exposure_leaves_nothing(before: tuple, fault: Event):
    run = Run()
    run(Begin())
    for event in before:
        run(event)
    assert run(fault) == [Finish("aborted")]
    assert TriggerStudio() not in run.asked
    assert run.state.reasons


def test_a_phone_that_never_said_exposed_keeps_the_studio_dark_and_the_pair():
    run = Run().until_phone_fired()
    assert run(Tick(), after_ms=7_900) == []
    assert run(Tick(), after_ms=200) == [FetchFiles()]
    assert run(Fetched(("the flash picture is on the phone",))) == [Finish("incomplete")]
    assert TriggerStudio() not in run.asked
    assert "did not say that it exposed" in run.state.reasons[0]


def test_a_late_exposed_changes_nothing():
    run = Run().until_phone_fired()
    run(Tick(), after_ms=8_100)
    assert run(PhoneExposed(run.now)) == []
    assert run.state.phone == "failed"


def test_a_studio_fault_keeps_the_phone_picture():
    run = Run().until_studio_fired()
    assert run(StudioFailed("autofocus", False)) == [FetchFiles()]
    assert run(Fetched()) == [Finish("incomplete")]
    assert run.state.reasons == ("autofocus",)


def test_a_studio_fault_in_the_order_studio_first_leaves_nothing():
    run = Run("studio_first")
    for event in (Begin(), CheckPassed(), LightsReady(), ReferenceTaken(), LightsReady()):
        run(event)
    assert run(StudioFailed("autofocus", False)) == [Finish("aborted")]
    assert FirePhone() not in run.asked


def test_the_guard_waits_for_lights_that_are_slower_than_it():
    run = Run().until_phone_fired()
    run(PhoneExposed(run.now))
    assert run(Tick(), after_ms=400) == []
    assert run(LightsReady(), after_ms=300) == [TriggerStudio()]


def test_lights_that_fail_in_the_guard_keep_the_phone_picture():
    run = Run().until_phone_fired()
    run(PhoneExposed(run.now))
    assert run(LightsFailed("lamp 2 is away")) == [FetchFiles()]
    assert run(Fetched()) == [Finish("incomplete")]


def test_lights_that_never_answer_end_the_guard():
    run = Run().until_phone_fired()
    run(PhoneExposed(run.now))
    run(Tick(), after_ms=400)
    assert run(Tick(), after_ms=9_000) == []
    assert run(Tick(), after_ms=1_100) == [FetchFiles()]


def test_the_guard_counts_from_the_message_when_the_phone_claims_an_earlier_time():
    run = Run().until_phone_fired()
    run(PhoneExposed(run.now - 10_000 * MS))
    run(LightsReady())
    assert run(Tick(), after_ms=200) == []


def test_stop_while_the_first_shutter_moves_waits_for_its_answer():
    run = Run().until_phone_fired()
    assert run(Stop()) == []
    assert run(PhoneExposed(run.now)) == [FetchFiles()]
    assert run(Fetched()) == [Finish("incomplete")]
    assert run.state.reasons == ("stopped by the operator",)


def test_stop_while_the_second_shutter_moves_still_gives_a_whole_pair():
    run = Run().until_studio_fired()
    run(Stop())
    assert run(StudioExposed(run.now)) == [FetchFiles()]
    run(Fetched())
    assert run(Judged()) == [Finish("committed")]
    assert run.state.reasons == ()


def test_stop_in_the_guard_keeps_the_phone_picture():
    run = Run().until_phone_fired()
    run(PhoneExposed(run.now))
    assert run(Stop()) == [FetchFiles()]


def test_judged_no_good_is_rejected_with_its_reasons():
    run = Run().until_studio_fired()
    for event in (StudioExposed(run.now), ReferenceFailed("late"), Fetched()):
        run(event)
    assert run(Judged(("blurred",))) == [Finish("rejected")]
    assert run.state.reasons == ("blurred",)


def test_a_file_that_is_not_there_is_never_committed():
    run = Run().until_studio_fired()
    for event in (StudioExposed(run.now), ReferenceTaken()):
        run(event)
    assert run(Fetched(("the raw file is on the card",))) == [Finish("incomplete")]


@pytest.mark.parametrize("phase_events", [0, 1, 2, 3])
def test_every_wait_has_an_end(phase_events: int):
    run = Run()
    run(Begin())
    for event in (CheckPassed(), LightsReady(), ReferenceTaken())[:phase_events]:
        run(event)
    for _ in range(6):
        run(Tick(), after_ms=200_000)
    assert run.state.phase is Phase.DONE or run.asked[-1] == FetchFiles()
    run(Tick(), after_ms=200_000)
    assert run.state.phase is Phase.DONE


EVENTS = st.one_of(
    st.sampled_from(
        [
            Begin(),
            CheckPassed(),
            CheckFailed("x"),
            LightsReady(),
            LightsFailed("x"),
            ReferenceTaken(),
            ReferenceFailed("x"),
            StudioFailed("x", True),
            StudioFailed("x", False),
            PhoneFailed("x", True),
            PhoneFailed("x", False),
            Fetched(),
            Fetched(("x",)),
            Judged(),
            Judged(("x",)),
            Stop(),
            Tick(),
        ]
    ),
    st.sampled_from([PhoneExposed(0), StudioExposed(0)]),
)
SCHEDULE = st.lists(st.tuples(EVENTS, st.integers(0, 3_000)), max_size=60)
HAPPY = [Begin(), CheckPassed(), LightsReady(), ReferenceTaken(), PhoneExposed(0), LightsReady()]


@settings(max_examples=600, deadline=None)
@given(SCHEDULE, st.integers(0, len(HAPPY)), st.sampled_from(["phone_first", "studio_first"]))
def test_the_interlock_holds_under_any_schedule(schedule, start: int, order: Order):
    """However events come, the second light never comes before the first said that it is over."""
    run = Run(order)
    exposed_at: int | None = None
    for event, wait_ms in [*((event, 1) for event in HAPPY[:start]), *schedule]:
        fired = run.state
        actions = run(event, after_ms=wait_ms)
        first = fired.phase is (Phase.PHONE if order == "phone_first" else Phase.STUDIO)
        if first and isinstance(event, PhoneExposed | StudioExposed):
            exposed_at = run.now if run.state.phase is not fired.phase else exposed_at
        second = TriggerStudio() if order == "phone_first" else FirePhone()
        if second in actions:
            assert exposed_at is not None
            assert run.now - exposed_at >= GUARD
    finishes = [action for action in run.asked if isinstance(action, Finish)]
    assert len(finishes) <= 1
    assert run.asked.count(FirePhone()) <= 1
    assert run.asked.count(TriggerStudio()) <= 1
    if finishes and finishes[0].outcome == "aborted":
        assert "exposed" not in (run.state.phone, run.state.studio)
    if finishes and finishes[0].outcome in ("committed", "rejected"):
        assert (run.state.phone, run.state.studio) == ("exposed", "exposed")
