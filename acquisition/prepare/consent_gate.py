"""Who may be in a dataset: asked of the registry each time, for one purpose."""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from acquisition.consent.people import VARIABLE
from acquisition.consent.registry import Registry
from acquisition.consent.types import NoConsent, Scope
from acquisition.errors import ConsentError, one_line


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says of some people."""

    scopes: dict[str, list[str]]
    """By participant who may be in the dataset: everything that was agreed to."""
    refused: dict[str, str]
    """By participant who may not: why, in a line."""
    unreadable: list[str]
    """Entries that are damaged, in words; these people are among the refused."""


class Gate:
    """Lets people through whose consent covers a purpose.

    Args:
        registry: of the people of real sessions; None takes the usual one.
        simulated: registry of those of simulated sessions; None takes `registry`.
        purpose: what the dataset is for.
    """

    def __init__(self, registry: Path | None, simulated: Path | None, purpose: Scope) -> None:
        self._folders = {False: registry, True: simulated or registry}
        self._open: dict[bool, Registry] = {}
        self.purpose: Scope = purpose

    def registry(self, *, simulated: bool) -> Registry:
        """Returns the registry of a kind of session. Raises ConsentError where there is none."""
        if simulated not in self._open:
            self._open[simulated] = Registry(self._folders[simulated], create=False)
        return self._open[simulated]

    def admit(self, people: Iterable[tuple[str, bool]]) -> Admission:
        """Asks for each participant; the flag says whether the person is a simulated one.

        Raises:
            ConsentError: there is no registry, or it knows none of the people, so that it is
                hardly theirs; a dataset must not be emptied because of a mistyped folder.
        """
        asked = sorted(set(people))
        scopes: dict[str, list[str]] = {}
        refused: dict[str, str] = {}
        unreadable: list[str] = []
        for participant, simulated in asked:
            try:
                consent = self.registry(simulated=simulated).valid(participant, self.purpose)
                scopes[participant] = list(consent.scopes)
            except NoConsent as error:
                refused[participant] = one_line(error)
            except ConsentError as error:
                self.registry(simulated=simulated)  # its absence is nobody's refusal
                refused[participant] = one_line(error)
                unreadable.append(refused[participant])
        self._check_known(asked)
        return Admission(scopes=scopes, refused=refused, unreadable=unreadable)

    def _check_known(self, asked: list[tuple[str, bool]]) -> None:
        for simulated, registry in self._open.items():
            people = [person for person, is_simulated in asked if is_simulated == simulated]
            if people and not any(registry.path(person).exists() for person in people):
                raise ConsentError(
                    f"the registry {registry.folder} knows none of the people in these sessions "
                    f"({', '.join(people[:3])}); name theirs with --registry or {VARIABLE}"
                )

    def note(self, participant: str, dataset: Path, *, simulated: bool) -> None:
        """Notes that the dataset holds pictures of the person. Raises ConsentError."""
        self.registry(simulated=simulated).note_place(participant, dataset)
