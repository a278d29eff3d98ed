"""Names that rendering, mixing and training share; the standard library only.

A scene is rendered once for each of its lights; a picture under any mixture of them is a weighted
sum of these layers, because light adds up.
"""

LAYERS = (
    "flash",
    "key_left",
    "key_right",
    "high",
    "low",
    "rim_left",
    "rim_right",
    "surround",
    "room",
    "window",
)
"""The lights of a scene, in the order in which layers are stored.

flash: the phone's; key_left, key_right: large soft boxes before and above the face; high: one
straight ahead above; low: a reflector below the chin; rim_left, rim_right: strips behind the
shoulders; surround: light from everywhere; room: a lamp on the ceiling and what shines by itself
in the room; window: daylight from one side. Left and right are those of the picture.

Each is scaled so that white paper at the head's place, turned towards the light, has the linear
value 1; `surround` has radiance 1 from every direction.
"""

MASKS = ("person", "skin", "hair", "eyes")
"""Masks stored with each pair, 8-bit coverage; `person` is everything that is not background."""
