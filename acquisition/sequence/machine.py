"""The state machine of one pair, pure: (state, event, now) -> (state, actions).

Two lights cannot be on one face at the same time, so the two pictures follow each other. The
interlock is by message, not by timing: in the order `phone_first` the studio's flashes are never
released before the phone said `exposed` and the guard is over; in the order `studio_first` the
phone is never fired before the studio camera was released and the guard is over.

A fault before the first exposure leaves nothing (`aborted`). After it the pair is kept, whatever
happens: `incomplete` when something is missing, else `committed` or `rejected`.
"""

from msgspec.structs import replace

from acquisition.sequence.words import (
    Action,
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
    Outcome,
    Phase,
    PhoneExposed,
    PhoneFailed,
    ReferenceFailed,
    ReferenceTaken,
    RunChecks,
    Scene,
    SetLights,
    State,
    Stop,
    StudioExposed,
    StudioFailed,
    TakeReference,
    Tick,
    TriggerStudio,
)

Step = tuple[State, tuple[Action, ...]]


def step(state: State, event: Event, now_ns: int) -> Step:
    """Returns the next state and what must be done now.

    An event that does not belong to the present phase (a phone's `exposed` after its deadline)
    changes nothing.

    Args:
        state: from the last call, or a fresh one.
        event: what happened.
        now_ns: host clock.
    """
    if isinstance(event, Stop):
        return _stop(state, now_ns)
    if isinstance(event, Tick) and (state.deadline_ns is None or now_ns < state.deadline_ns):
        return state, ()
    return _ROOMS[state.phase](state, event, now_ns)


def _idle(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, Begin):
        return _enter(state, Phase.CHECK, now_ns), (RunChecks(),)
    return state, ()


def _check(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, CheckPassed):
        return _enter(state, Phase.DIM, now_ns), (SetLights("dim"),)
    if isinstance(event, CheckFailed):
        return _abort(state, event.reason)
    if isinstance(event, Tick):
        return _abort(state, "the checks did not end in time; press the button again")
    return state, ()


def _dim(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, LightsReady):
        if state.takes_references:
            return _enter(state, Phase.REFERENCE, now_ns), (TakeReference(after=False),)
        return _first_exposure(state, now_ns)
    if isinstance(event, LightsFailed):
        return _abort(state, event.reason)
    if isinstance(event, Tick):
        return _abort(state, "the lights did not answer in time; look at their controller")
    return state, ()


def _reference(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, ReferenceTaken):
        return _first_exposure(state, now_ns)
    if isinstance(event, ReferenceFailed):
        return _abort(state, event.reason)
    if isinstance(event, Tick):
        return _abort(state, "the phone took no reference picture in time; look at its screen")
    return state, ()


def _first_exposure(state: State, now_ns: int) -> Step:
    if state.order == "phone_first":
        fired = replace(_enter(state, Phase.PHONE, now_ns), phone="fired")
        return fired, (FirePhone(),)
    # The dim scene suits the reference; strobes need no other one, panels get theirs first.
    waiting = _enter(state, Phase.GUARD, now_ns)
    return replace(waiting, lights_ready=False, guard_until_ns=now_ns), (SetLights("studio"),)


def _phone(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, PhoneExposed):
        state = replace(state, phone="exposed")
        if state.order == "studio_first":
            return _after_both(state, now_ns)
        if state.stopping:
            return _fetch(state, now_ns)
        return _guard_after(state, event.at_ns, "studio", now_ns)
    if isinstance(event, Tick):
        event = PhoneFailed(
            "the phone did not say that it exposed; its picture may still come", True
        )
    if isinstance(event, PhoneFailed):
        state = replace(state, phone="failed", reasons=(*state.reasons, event.reason))
        if event.may_have_exposed or state.studio != "rest":
            return _fetch(state, now_ns)
        return _abort(state)
    return state, ()


def _guard_after(state: State, exposed_ns: int, scene: Scene, now_ns: int) -> Step:
    # A clock that runs behind must not shorten the guard: it counts from the message at least.
    until = max(exposed_ns, now_ns) + state.timing.guard_ms * 1_000_000
    waiting = replace(_enter(state, Phase.GUARD, now_ns), guard_until_ns=until, deadline_ns=until)
    return replace(waiting, lights_ready=False), (SetLights(scene),)


def _guard(state: State, event: Event, now_ns: int) -> Step:
    lights_until = state.guard_until_ns + int(state.timing.lights_s * 1e9)
    if isinstance(event, LightsReady):
        state = replace(state, lights_ready=True, deadline_ns=state.guard_until_ns)
    elif isinstance(event, LightsFailed):
        return _second_given_up(state, event.reason, now_ns)
    elif not isinstance(event, Tick):
        return state, ()
    if now_ns < state.guard_until_ns:
        return state, ()
    if not state.lights_ready:
        if now_ns >= lights_until:
            return _second_given_up(state, "the lights did not answer in time", now_ns)
        return replace(state, deadline_ns=lights_until), ()
    return _after_guard(state, now_ns)


def _after_guard(state: State, now_ns: int) -> Step:
    if state.studio == "rest" and (state.phone == "exposed" or state.order == "studio_first"):
        fired = replace(_enter(state, Phase.STUDIO, now_ns), studio="fired")
        return fired, (TriggerStudio(),)
    fired = replace(_enter(state, Phase.PHONE, now_ns), phone="fired")
    return fired, (FirePhone(),)


def _second_given_up(state: State, reason: str, now_ns: int) -> Step:
    if "exposed" in (state.phone, state.studio):
        return _fetch(replace(state, reasons=(*state.reasons, reason)), now_ns)
    return _abort(state, reason)


def _studio(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, StudioExposed):
        state = replace(state, studio="exposed")
        if state.order == "phone_first":
            return _after_both(state, now_ns)
        if state.stopping:
            return _fetch(state, now_ns)
        return _guard_after(state, event.at_ns, "dim", now_ns)
    if isinstance(event, Tick):
        event = StudioFailed("the studio camera did not answer the release in time", True)
    if isinstance(event, StudioFailed):
        state = replace(state, studio="failed", reasons=(*state.reasons, event.reason))
        if event.may_have_exposed or state.phone != "rest":
            return _fetch(state, now_ns)
        return _abort(state)
    return state, ()


def _after_both(state: State, now_ns: int) -> Step:
    if state.takes_references and not state.stopping:
        return _enter(state, Phase.REFERENCE_AFTER, now_ns), (TakeReference(after=True),)
    return _fetch(state, now_ns)


def _reference_after(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, ReferenceTaken | ReferenceFailed | Tick):
        return _fetch(state, now_ns)
    return state, ()


def _fetch(state: State, now_ns: int) -> Step:
    return _enter(state, Phase.FETCH, now_ns), (FetchFiles(),)


def _fetching(state: State, event: Event, now_ns: int) -> Step:
    if isinstance(event, Tick):
        event = Fetched(("not every file came in time; they are fetched when there is time",))
    if not isinstance(event, Fetched):
        return state, ()
    reasons = (*state.reasons, *event.missing)
    state = replace(state, reasons=reasons)
    if event.missing or state.phone != "exposed" or state.studio != "exposed":
        return _finish(state, "incomplete")
    return _enter(state, Phase.QUALITY, now_ns), (JudgePictures(),)


def _quality(state: State, event: Event, now_ns: int) -> Step:
    del now_ns
    if isinstance(event, Tick):
        event = Judged(("the pictures could not be judged in time",))
    if not isinstance(event, Judged):
        return state, ()
    state = replace(state, reasons=(*state.reasons, *event.reasons))
    return _finish(state, "rejected" if event.reasons else "committed")


def _done(state: State, event: Event, now_ns: int) -> Step:
    del event, now_ns
    return state, ()


def _stop(state: State, now_ns: int) -> Step:
    if state.phase in (Phase.PHONE, Phase.STUDIO):
        # A shutter is moving: what it took must be known before anything is decided. Behind the
        # second one the pair is whole, and there is nothing left to stop.
        is_first = "exposed" not in (state.phone, state.studio)
        reasons = (*state.reasons, _STOPPED) if is_first and not state.stopping else state.reasons
        return replace(state, stopping=True, reasons=reasons), ()
    if state.phase is Phase.GUARD:
        return _second_given_up(replace(state, stopping=True), _STOPPED, now_ns)
    if state.phase in (Phase.CHECK, Phase.DIM, Phase.REFERENCE):
        return _abort(state, _STOPPED)
    return state, ()


_STOPPED = "stopped by the operator"


def _abort(state: State, *reasons: str) -> Step:
    return _finish(replace(state, reasons=(*state.reasons, *reasons)), "aborted")


def _finish(state: State, outcome: Outcome) -> Step:
    done = replace(state, phase=Phase.DONE, deadline_ns=None, outcome=outcome)
    return done, (Finish(outcome),)


def _enter(state: State, phase: Phase, now_ns: int) -> State:
    timing = state.timing
    seconds = {
        Phase.CHECK: timing.check_s,
        Phase.DIM: timing.lights_s,
        Phase.REFERENCE: timing.reference_s,
        Phase.PHONE: timing.phone_s,
        Phase.GUARD: timing.guard_ms / 1000,
        Phase.STUDIO: timing.studio_s,
        Phase.REFERENCE_AFTER: timing.reference_s,
        Phase.FETCH: timing.fetch_s,
        Phase.QUALITY: timing.quality_s,
    }[phase]
    return replace(state, phase=phase, deadline_ns=now_ns + int(seconds * 1e9))


_ROOMS = {
    Phase.IDLE: _idle,
    Phase.CHECK: _check,
    Phase.DIM: _dim,
    Phase.REFERENCE: _reference,
    Phase.PHONE: _phone,
    Phase.GUARD: _guard,
    Phase.STUDIO: _studio,
    Phase.REFERENCE_AFTER: _reference_after,
    Phase.FETCH: _fetching,
    Phase.QUALITY: _quality,
    Phase.DONE: _done,
}
