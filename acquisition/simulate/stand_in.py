"""Somebody who presses the operator's button, and brings misfortune on request."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress

from tqdm import tqdm

from acquisition.console.operator import Operator
from acquisition.errors import CameraError, SessionError
from acquisition.simulate.camera import SimulatedCamera
from acquisition.simulate.script import CAMERA_FAULTS, PHONE_FAULTS, ShotScript, random_faults
from acquisition.simulate.seeing_phone import Stage

PATIENCE_S = 60.0
TRIES = 4


class StandIn:
    """Sets the scene of every pair, and takes the whole plan.

    Args:
        camera: is switched on again when it died.
        stage: what both devices see.
        faults: share of pairs at which something goes wrong.
        seed: of the faults.
    """

    def __init__(self, camera: SimulatedCamera, stage: Stage, *, faults: float, seed: int) -> None:
        self._camera = camera
        self._stage = stage
        self._scripts: Iterator[ShotScript] | None = None
        if faults > 0:
            rates = {name: faults / 2 / len(CAMERA_FAULTS) for name in CAMERA_FAULTS}
            rates |= {name: faults / 2 / len(PHONE_FAULTS) for name in PHONE_FAULTS}
            self._scripts = random_faults(seed, rates)

    async def before_pair(self, operator: Operator, participant: str, pose: str) -> None:
        """Puts the person before both devices, and chooses what goes wrong."""
        info = operator.studio.folder.info
        names = [one.name for one in info.poses]
        scene = self._stage.scene_of(info.people.index(participant), names.index(pose))
        self._stage.scene = scene
        script = next(self._scripts) if self._scripts else ShotScript()
        self._stage.fault = script.phone
        await asyncio.to_thread(self._set_camera, scene, script)

    def _set_camera(self, scene: int, script: ShotScript) -> None:
        self._switch_on()
        self._camera.scene(scene)
        self._camera.script(script.camera)

    def _switch_on(self) -> None:
        if not self._camera.alive:
            self._camera.restart()

    async def press(self, operator: Operator) -> None:
        """Takes pairs until the plan is done; then finishes the session.

        Raises:
            SessionError: nothing could be taken for a minute.
        """
        with tqdm(total=operator.state().planned, unit="pair", desc="session") as bar:
            while await self._can_shoot(operator):
                if self._tries(operator) >= TRIES:
                    await operator.skip()
                    continue
                with suppress(SessionError):  # A device left since; the state says so now.
                    await operator.shoot()
                await operator.idle()
                bar.n = operator.state().done
                bar.refresh()
        await operator.finish()

    @staticmethod
    def _tries(operator: Operator) -> int:
        chosen = operator.state().next
        if chosen is None:
            return 0
        return operator.studio.folder.attempts(chosen.participant, chosen.pose)

    async def _can_shoot(self, operator: Operator) -> bool:
        """Waits until the next pair can be taken; False when there is none any more."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not (state := operator.state()).can_shoot:
                    if operator.is_finishing or state.next is None:
                        return False
                    try:
                        await asyncio.to_thread(self._switch_on)
                    except CameraError:
                        continue
                    await operator.changed(state.version)
        except TimeoutError as error:
            raise SessionError(
                f"no pair could be taken for {PATIENCE_S:g} s: {operator.state().why_not}"
            ) from error
        return not operator.is_finishing
