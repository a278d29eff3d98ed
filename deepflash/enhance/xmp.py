"""XMP packets of photographs: kept when they are still true of the new picture.

Adobe, XMP Specification part 1 (ISO 16684-1) and part 3 (where files keep them).
"""

import re

LARGEST_IN_JPEG = 65502  # a segment of 65533 bytes less the 29 of its name

# Packets that speak of other parts of the file (gain maps, depth, film, the rest of the packet)
# or hold small pictures of the photograph as it was.
_STALE = re.compile(
    rb"HDRGainMap|hdrgm|Container:|GCamera:|GDepth:|GImage:|HasExtendedXMP|xmpGImg|Thumbnails"
)
_TURNED = re.compile(
    rb"(tiff:Orientation\s*(?:=\s*[\"']|>)\s*)[2-8](?=\s*[\"'<])"  # attribute or element
)
_SIZES = re.compile(
    rb"\s(?:tiff:Image(?:Width|Length)|exif:Pixel[XY]Dimension)\s*=\s*(?:\"\d*\"|'\d*')"
    rb"|<(tiff:Image(?:Width|Length)|exif:Pixel[XY]Dimension)>\s*\d*\s*</\1>"
)


def kept(packet: bytes | str | None) -> bytes | None:
    """Returns the packet for an upright picture, None if there is none to keep.

    The orientation becomes 1 and sizes in pixels are left out.
    """
    if isinstance(packet, str):
        packet = packet.encode()
    if not packet or b"<" not in packet or _STALE.search(packet):
        return None
    return _SIZES.sub(b"", _TURNED.sub(rb"\g<1>1", packet))
