/** XMP packets of photographs: kept when they are still true of the new picture. */
import { bytesOf, latin1 } from "./bytes.ts";

/** A segment of 65533 bytes less the 29 of its name. */
export const LARGEST_IN_JPEG = 65502;

// Packets that speak of other parts of the file (gain maps, depth, film, the rest of the packet)
// or hold small pictures of the photograph as it was.
const STALE =
  /HDRGainMap|hdrgm|Container:|GCamera:|GDepth:|GImage:|HasExtendedXMP|xmpGImg|Thumbnails/;
// Spaces as in bytes, because the packet is looked at byte by byte.
const TURNED = /(tiff:Orientation[ \t-\r]*(?:=[ \t-\r]*["']|>)[ \t-\r]*)[2-8](?=[ \t-\r]*["'<])/g;
const SIZES =
  /[ \t-\r](?:tiff:Image(?:Width|Length)|exif:Pixel[XY]Dimension)[ \t-\r]*=[ \t-\r]*(?:"\d*"|'\d*')|<(tiff:Image(?:Width|Length)|exif:Pixel[XY]Dimension)>[ \t-\r]*\d*[ \t-\r]*<\/\1>/g;
const PLACE = /exif:GPS|GPSL(?:atitude|ongitude)|LocationCreated|LocationShown/;

/** Returns the packet for an upright picture, null if there is none to keep. */
export function keptXmp(packet: Uint8Array | null): Uint8Array | null {
  if (packet === null) return null;
  const text = latin1(packet);
  if (!text.includes("<") || STALE.test(text)) return null;
  return bytesOf(text.replace(TURNED, "$11").replace(SIZES, ""));
}

/** Whether the packet says where the photograph was taken. */
export function xmpHasPlace(packet: Uint8Array | null): boolean {
  return packet !== null && PLACE.test(latin1(packet));
}
