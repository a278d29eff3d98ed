"""The pictures of the simulated studio camera: the feed's scenes as its dials make them."""

from datetime import UTC, datetime

from acquisition.simulate.dials import Dials, Quality
from acquisition.simulate.exposures import Exposure
from acquisition.simulate.feed import Feed, StudioExposure
from acquisition.simulate.settings import FeedSettings
from acquisition.simulate.similarity import Similarity


class StudioPictures:
    """Makes a file for an exposure.

    Args:
        settings: of the feed.
        serial: of the camera.
    """

    def __init__(self, settings: FeedSettings, serial: str) -> None:
        self._feed = Feed(settings)
        self._serial = serial

    def warm(self) -> None:
        """Renders the first scene, so that the first shot is as quick as the others."""
        shot = StudioExposure(
            taken=datetime.now(UTC), exposure_s=1.0, f_number=1.0, iso=100, number=0
        )
        self._feed.studio_jpeg(0, shot)
        self._feed.studio_raw(0, shot)

    def truth(self, scene: int) -> Similarity:
        """Returns how the phone's picture of a scene lies in the studio's."""
        return self._feed.truth(scene)

    def take(self, quality: Quality, exposure: Exposure, when: datetime, dials: Dials) -> bytes:
        """Returns the file of one quality."""
        shot = StudioExposure(
            taken=when,
            exposure_s=dials.shutter_s(),
            f_number=dials.named()["f-number"] / 100,
            iso=dials.named()["iso"],
            # The clock keeps files of a restarted camera apart.
            number=exposure.opened_ns,
            serial=self._serial,
        )
        if quality == "jpeg":
            return self._feed.studio_jpeg(exposure.scene, shot)
        return self._feed.studio_raw(exposure.scene, shot)
