"""Who agreed to what: giving, renewing, asking for and withdrawing consent."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from acquisition.consent import text as texts
from acquisition.consent.form import DEFAULT_YEARS, agree, read_signature
from acquisition.consent.ids import new_code
from acquisition.consent.people import People
from acquisition.consent.places import note
from acquisition.consent.private import only_writer, write_private
from acquisition.consent.types import (
    MEANING,
    SCOPES,
    Consent,
    Controller,
    Entry,
    Event,
    NoConsent,
    Place,
    Tombstone,
    stamp,
)
from acquisition.console.state import ConsentForm
from acquisition.errors import ConsentError


class Registry(People):
    """Who agreed to what, and where pictures of whom are.

    Args:
        folder: of the registry; None takes the default. Made with mode 0700 if absent.
        create: False refuses an absent registry.

    Raises:
        ConsentError: others can read it, or the folder holds something else.
    """

    def set_controller(self, controller: str, contact: str) -> None:
        """Keeps who answers for the pictures; it changes the text's SHA-256."""
        value = texts.check_controller(Controller(controller=controller, contact=contact))
        with only_writer(self.folder):
            write_private(self.folder / texts.CONTROLLER, msgspec.yaml.encode(value))

    def text(self, language: str) -> texts.ConsentText:
        """Returns the text to show. Raises ConsentError: no such language, no controller."""
        return texts.fill(self.folder, language, texts.read_controller(self.folder))

    def agreed_text(self, consent: Consent) -> str:
        """Returns the text that was agreed to. Raises ConsentError if it is lost or changed."""
        path = self.folder / "texts" / f"{consent.text_sha256}.md"
        try:
            body = path.read_bytes().decode()
        except (OSError, UnicodeDecodeError) as error:
            raise ConsentError(f"cannot read the text that was agreed to: {error}") from error
        if texts.digest(body) != consent.text_sha256:
            raise ConsentError(f"{path} was changed after it was agreed to; restore a backup")
        return body

    def give(
        self,
        form: ConsentForm,
        *,
        contact: str = "",
        signature: Path | None = None,
        years: int = DEFAULT_YEARS,
        at: datetime | None = None,
    ) -> Consent:
        """Records a new person's consent under a new random id.

        Args:
            form: what was entered.
            contact: how to reach the person; stays in the registry only.
            signature: scan or photograph of the signed form; it is copied.
            years: how long the consent holds.
            at: when, by default now.

        Raises:
            ConsentError: under age, no operator, unknown scope, or another text.
        """
        with only_writer(self.folder):
            code = new_code(lambda code: self.path(f"P-{code}").exists())
            consent = self._agree(f"P-{code}", form, signature, years, at)
            event = Event(event="given", wall=consent.given, consent=consent)
            self.write(
                Entry(participant=consent.participant, events=[event], contact=contact.strip())
            )
        return consent

    def renew(
        self,
        participant: str,
        form: ConsentForm,
        *,
        signature: Path | None = None,
        years: int = DEFAULT_YEARS,
        at: datetime | None = None,
    ) -> Consent:
        """Records that a known person agrees anew; also after a withdrawal. See `give`."""
        with only_writer(self.folder):
            entry = self.entry(participant)
            _refuse_erased(entry)
            consent = self._agree(participant, form, signature, years, at)
            event = Event(event="renewed", wall=consent.given, consent=consent)
            self.write(msgspec.structs.replace(entry, events=[*entry.events, event]))
        return consent

    def valid(
        self, participant: str, purpose: str = "train", at: datetime | None = None
    ) -> Consent:
        """Returns the consent that covers `purpose` at the time `at` (default: now).

        The file is read each time, so a withdrawal in another window counts at once.

        Raises:
            NoConsent: a ConsentError that says why: unknown person, erased, withdrawn,
                expired, scope not given, or a clock that was set back.
        """
        if purpose not in SCOPES:
            raise ConsentError(f"{purpose!r} is no scope of use; choose from {', '.join(SCOPES)}")
        entry = self.entry(participant)
        _refuse_erased(entry)
        consent, last = entry.consent, entry.last
        if last.event == "withdrawn":
            raise NoConsent(
                f"{participant} withdrew on {last.wall}; take no more pictures and use none; "
                f"`acquire erase {participant}` deletes what there is",
                "withdrawn",
            )
        if consent is None:
            raise NoConsent(f"{participant} gave no consent; run `acquire consent give`", "missing")
        _check_time(consent, stamp(at or datetime.now(UTC)))
        if not getattr(consent, purpose):
            raise NoConsent(
                f"{participant} agreed to {', '.join(consent.scopes)} but not to {purpose} "
                f"({MEANING[purpose]}); leave the person out or ask again",
                "missing",
            )
        return consent

    def state(
        self, participant: str, purpose: str = "train", at: datetime | None = None
    ) -> Literal["valid", "missing", "expired", "withdrawn"]:
        """Returns in one word what `valid` says; an erased person's consent is missing."""
        try:
            self.valid(participant, purpose, at)
        except NoConsent as refusal:
            return "missing" if refusal.state in ("erased", "valid") else refusal.state
        return "valid"

    def withdraw(self, participant: str, at: datetime | None = None) -> list[Place]:
        """Ends the person's consent now; returns where pictures still are. Twice is no error."""

        def append(entry: Entry) -> Entry:
            _refuse_erased(entry)
            if entry.last.event == "withdrawn":
                return entry
            event = Event(event="withdrawn", wall=stamp(at or datetime.now(UTC)))
            return msgspec.structs.replace(entry, events=[*entry.events, event])

        return [
            place for place in self.update(participant, append).places if place.state == "holds"
        ]

    def note_place(self, participant: str, folder: Path) -> None:
        """Notes that `folder` (a session, mirror or dataset) has pictures of the person.

        Raises:
            ConsentError: no such folder, an erased person, or the registry lies among the
                pictures.
        """
        known = self.entry(participant)
        if known.last.event == "erased":
            _refuse_erased(known)
        places = note(known.places, folder, self.folder, stamp(datetime.now(UTC)))
        if places == known.places:
            return

        def append(entry: Entry) -> Entry:
            now = stamp(datetime.now(UTC))
            return msgspec.structs.replace(
                entry, places=note(entry.places, folder, self.folder, now)
            )

        self.update(participant, append)

    def erase(self, participant: str) -> Tombstone:
        """Deletes the person from every place; see `acquisition.consent.erase.erase`."""
        from acquisition.consent.erase import erase

        return erase(self, participant)

    def verify_erased(self, participant: str) -> list[str]:
        """Returns what still holds something; see `acquisition.consent.erase.verify_erased`."""
        from acquisition.consent.erase import verify_erased

        return verify_erased(self, participant)

    def _agree(
        self,
        participant: str,
        form: ConsentForm,
        signature: Path | None,
        years: int,
        at: datetime | None,
    ) -> Consent:
        """Checks the form; stores the text and the signed form before anything names them."""
        self.sweep_signatures()
        used = {e.consent.consent for p in self.people() for e in p.events if e.consent}
        code = new_code(lambda code: f"C-{code}" in used)
        text, moment = self.text(form.language), at or datetime.now(UTC)
        consent = agree(
            form, text, participant=participant, consent=f"C-{code}", at=moment, years=years
        )
        stored = self.folder / "texts" / f"{text.sha256}.md"
        if not stored.exists():
            write_private(stored, text.body.encode())
        if signature is None:
            return consent
        suffix, data, sha256 = read_signature(signature)
        name = f"{participant}-{consent.consent}{suffix}"
        write_private(self.folder / "signatures" / name, data)
        return msgspec.structs.replace(consent, signature=name, signature_sha256=sha256)


def _refuse_erased(entry: Entry) -> None:
    words = {"erasing": "is being erased since", "erased": "was erased on"}
    if entry.last.event in words:
        raise NoConsent(
            f"{entry.participant} {words[entry.last.event]} {entry.last.wall}; a person who comes "
            "back gets a new id with `acquire consent give`",
            "erased",
        )


def _check_time(consent: Consent, now: str) -> None:
    """Compares UTC stamps as text, which orders them by time."""
    if now < consent.given:
        raise NoConsent(
            f"{consent.participant} agreed on {consent.given}, but this computer's clock says "
            f"{now}; set the clock right",
            "missing",
        )
    if now >= consent.expires:
        raise NoConsent(
            f"the consent of {consent.participant} expired on {consent.expires}; ask the person "
            f"again and run `acquire consent renew {consent.participant}`",
            "expired",
        )
