/** EXIF blocks read and changed in place: maker notes point to absolute places inside them. */
import { joined, startsWith, viewOf } from "./bytes.ts";

// Layout: TIFF 6.0 section 2; tags: CIPA DC-008 (Exif 2.32) sections 4.6.4 to 4.6.7.
export const ORIENTATION = 0x0112;
export const COLOUR_SPACE = 0xa001;
export const WIDTH = 0xa002;
export const HEIGHT = 0xa003;
const FLASH = 0x9209;
const EXIF_POINTER = 0x8769;
const GPS_POINTER = 0x8825;
const INTEROPERABILITY_POINTER = 0xa005;
const INTEROPERABILITY_INDEX = 1;
const THUMBNAIL_WIDTH = 0x0100;
const THUMBNAIL_HEIGHT = 0x0101;
const THUMBNAIL_START = 0x0201;
const THUMBNAIL_LENGTH = 0x0202;

/** Of a JPEG's segment, whose length counts its own two bytes. */
export const LARGEST_BLOCK = 65533;

const PREFIX = "Exif\0\0";
const START = PREFIX.length;
const SHORT = 3;
const LONG = 4;
const ENTRY = 12;
const MAX_ENTRIES = 1000;
const SIZE_OF_KIND = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4];
// Of the GPS directory: altitude, latitude and longitude, destination, names of method and area.
const PLACE_TAGS = new Set([2, 4, 6, 0x14, 0x16, 0x1b, 0x1c]);

interface Entry {
  readonly tag: number;
  readonly kind: number;
  readonly count: number;
  /** Of the twelve bytes, from the start of the block. */
  readonly place: number;
}

/** A block being read; reading beyond its end raises RangeError. */
interface Reader {
  readonly view: DataView;
  readonly little: boolean;
}

function readerOf(block: Uint8Array): Reader | null {
  if (!startsWith(block, PREFIX)) return null;
  const little = startsWith(block, "II*\0", START);
  return little || startsWith(block, "MM\0*", START) ? { view: viewOf(block), little } : null;
}

function mainDirectory({ view, little }: Reader): number {
  return START + view.getUint32(START + 4, little);
}

function entriesOf({ view, little }: Reader, directory: number): Entry[] {
  const count = Math.min(view.getUint16(directory, little), MAX_ENTRIES);
  const found: Entry[] = [];
  for (let index = 0; index < count; index++) {
    const place = directory + 2 + ENTRY * index;
    const tag = view.getUint16(place, little);
    const kind = view.getUint16(place + 2, little);
    found.push({ tag, kind, count: view.getUint32(place + 4, little), place });
  }
  return found;
}

function isNumber(entry: Entry): boolean {
  return (entry.kind === SHORT || entry.kind === LONG) && entry.count === 1;
}

function numberIn({ view, little }: Reader, entry: Entry): number {
  const place = entry.place + 8;
  return entry.kind === SHORT ? view.getUint16(place, little) : view.getUint32(place, little);
}

function overwrite({ view, little }: Reader, entry: Entry, value: number): void {
  if (entry.kind !== SHORT) view.setUint32(entry.place + 8, value, little);
  else if (value <= 0xffff) view.setUint16(entry.place + 8, value, little);
}

/** The place of the offset of the directory that follows. */
function linkOf({ view, little }: Reader, directory: number): number {
  return directory + 2 + ENTRY * view.getUint16(directory, little);
}

/** The single numbers of the main directory and of the Exif directory. */
function numbersOf(reader: Reader): Entry[] {
  const found: Entry[] = [];
  for (const entry of entriesOf(reader, mainDirectory(reader)).filter(isNumber)) {
    found.push(entry);
    if (entry.tag === EXIF_POINTER) {
      const inner = entriesOf(reader, START + numberIn(reader, entry));
      for (const one of inner) if (isNumber(one)) found.push(one);
    }
  }
  return found;
}

/** Returns `otherwise` where a block ends too early. */
function guarded<T>(work: () => T, otherwise: T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof RangeError) return otherwise;
    throw error;
  }
}

/** Returns a copy of the block with its "Exif" prefix, null when there is none or it is damaged. */
export function normalised(block: Uint8Array | null): Uint8Array | null {
  if (block === null || block.length === 0) return null;
  const whole = startsWith(block, PREFIX)
    ? block.slice()
    : joined([Uint8Array.from(PREFIX, (letter) => letter.charCodeAt(0)), block]);
  const reader = readerOf(whole);
  if (reader === null) return null;
  return guarded(() => {
    for (const entry of numbersOf(reader)) numberIn(reader, entry);
    return whole;
  }, null);
}

/** Returns the value of a tag that holds one number, null when it is not there. */
export function numberOf(block: Uint8Array | null, tag: number): number | null {
  const reader = block && readerOf(block);
  if (!reader) return null;
  const entry = numbersOf(reader).find((one) => one.tag === tag);
  return entry ? numberIn(reader, entry) : null;
}

/** Returns the block with the given tags, [tag, value] each, overwritten where they exist. */
export function withNumbers(
  block: Uint8Array,
  values: readonly (readonly [number, number])[],
): Uint8Array {
  const changed = block.slice();
  const reader = readerOf(changed);
  if (reader === null) return changed;
  const wanted = new Map(values);
  for (const entry of numbersOf(reader)) {
    const value = wanted.get(entry.tag);
    if (value !== undefined) overwrite(reader, entry, value);
  }
  return changed;
}

/** Whether the flash fired; null if the camera does not say or has none. */
export function flashFired(block: Uint8Array | null): boolean | null {
  const flash = numberOf(block, FLASH);
  if (flash === null || flash & 0x20) return null; // bit 5: no flash function
  return (flash & 1) === 1;
}

/** Whether a camera marked its JPEG as Adobe RGB, the way DCF does without a profile. */
export function meansAdobeRgb(block: Uint8Array | null): boolean {
  if (block === null || numberOf(block, COLOUR_SPACE) !== 0xffff) return false;
  const pointer = numberOf(block, INTEROPERABILITY_POINTER);
  const reader = readerOf(block);
  if (pointer === null || reader === null) return false;
  return guarded(() => {
    const { view, little } = reader;
    const entry = START + pointer + 2;
    const tag = view.getUint16(entry, little);
    const length = view.getUint32(entry + 4, little);
    return tag === INTEROPERABILITY_INDEX && length === 4 && startsWith(block, "R03", entry + 8);
  }, false);
}

/** The places of the directories in which a pointer to the place may stand, thumbnail's included. */
function directoriesOf(reader: Reader): number[] {
  const main = mainDirectory(reader);
  const places = [main];
  for (const entry of entriesOf(reader, main)) {
    if (entry.tag === EXIF_POINTER) places.push(START + numberIn(reader, entry));
  }
  const second = guarded(() => reader.view.getUint32(linkOf(reader, main), reader.little), 0);
  if (second) places.push(START + second);
  return places.filter((place) => guarded(() => entriesOf(reader, place), null) !== null);
}

/** Whether the block says where the photograph was taken (not merely when, by a satellite). */
export function hasGps(block: Uint8Array | null): boolean {
  const reader = block && readerOf(block);
  if (!reader) return false;
  const pointers = directoriesOf(reader).flatMap((place) => entriesOf(reader, place));
  return pointers.some(
    (pointer) =>
      pointer.tag === GPS_POINTER &&
      guarded(() => entriesOf(reader, START + numberIn(reader, pointer)), []).some((entry) =>
        PLACE_TAGS.has(entry.tag),
      ),
  );
}

/** Returns the block without its GPS directory: the bytes zeroed, the pointer taken out. */
export function withoutPlace(block: Uint8Array): Uint8Array {
  const changed = block.slice();
  const reader = readerOf(changed);
  if (reader === null) return changed;
  const { view, little } = reader;
  const kept = directoriesOf(reader);
  // From the back, so that the entries in front stay where they were found.
  for (const directory of kept) {
    for (const pointer of entriesOf(reader, directory).reverse()) {
      if (pointer.tag !== GPS_POINTER) continue;
      const place = guarded(() => START + numberIn(reader, pointer), 0);
      zeroDirectory(changed, reader, place, kept);
      const end = Math.min(linkOf(reader, directory) + 4, changed.length);
      changed.copyWithin(pointer.place, pointer.place + ENTRY, end);
      changed.fill(0, Math.max(end - ENTRY, pointer.place), end);
      view.setUint16(directory, view.getUint16(directory, little) - 1, little);
    }
  }
  return changed;
}

/** Zeroes a directory and its values, save where they lie over the header or `kept` ones. */
function zeroDirectory(
  block: Uint8Array,
  reader: Reader,
  place: number,
  kept: readonly number[],
): void {
  const spared = kept.map((start) => [start, linkOf(reader, start) + 4] as const);
  const zero = (start: number, end: number) => {
    if (start < START + 8 || spared.some(([from, to]) => start < to && from < end)) return;
    block.fill(0, start, end);
  };
  guarded(() => {
    for (const entry of entriesOf(reader, place)) {
      const size = entry.count * (SIZE_OF_KIND[entry.kind] ?? 0);
      const start = START + reader.view.getUint32(entry.place + 8, reader.little);
      if (size > 4 && start + size <= block.length) zero(start, start + size);
    }
    zero(place, linkOf(reader, place) + 4);
  }, undefined);
}

export interface Thumbnail {
  readonly jpeg: Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** The thumbnail of a block: its numbers, and where it lies. Null if it cannot be replaced. */
function thumbnailOf(block: Uint8Array, reader: Reader) {
  const offset = reader.view.getUint32(linkOf(reader, mainDirectory(reader)), reader.little);
  if (offset === 0) return null;
  const directory = START + offset;
  const numbers = entriesOf(reader, directory).filter(isNumber);
  const of = (tag: number) => numbers.findLast((entry) => entry.tag === tag);
  const [start, length] = [of(THUMBNAIL_START), of(THUMBNAIL_LENGTH)];
  if (!start || !length) return null;
  const from = START + numberIn(reader, start);
  const room = numberIn(reader, length);
  // Cameras put the picture behind its directory; elsewhere it could lie over something else.
  if (from < directory + 2 + ENTRY * numbers.length || from + room > block.length) return null;
  return { numbers, from, room };
}

/** How many bytes a new thumbnail may have to take the place of the old one; null: there is none. */
export function thumbnailRoom(block: Uint8Array): number | null {
  const reader = readerOf(block);
  if (reader === null) return null;
  return guarded(() => thumbnailOf(block, reader)?.room ?? null, null);
}

/**
 * Returns the block with its thumbnail, if it has one, replaced; null takes it out.
 *
 * The new one takes the place of the old, so nothing else moves; where it does not fit it goes to
 * the end. One that cannot be replaced is unlinked.
 */
export function withThumbnail(block: Uint8Array, thumbnail: Thumbnail | null): Uint8Array {
  const changed = block.slice();
  const reader = readerOf(changed);
  if (reader === null) return changed;
  return guarded(() => {
    const link = linkOf(reader, mainDirectory(reader));
    if (reader.view.getUint32(link, reader.little) === 0) return changed;
    const old = thumbnailOf(changed, reader);
    if (old) changed.fill(0, old.from, old.from + old.room);
    const fits = old && thumbnail && thumbnail.jpeg.length <= old.room;
    const atEnd = thumbnail && changed.length + thumbnail.jpeg.length <= LARGEST_BLOCK;
    if (!old || !thumbnail || !(fits || atEnd)) {
      reader.view.setUint32(link, 0, reader.little);
      return changed;
    }
    const start = fits ? old.from : changed.length;
    const news = new Map([
      [THUMBNAIL_START, start - START],
      [THUMBNAIL_LENGTH, thumbnail.jpeg.length],
      [THUMBNAIL_WIDTH, thumbnail.width],
      [THUMBNAIL_HEIGHT, thumbnail.height],
      [ORIENTATION, 1],
    ]);
    for (const entry of old.numbers) {
      const value = news.get(entry.tag);
      if (value !== undefined) overwrite(reader, entry, value);
    }
    if (!fits) return joined([changed, thumbnail.jpeg]);
    changed.set(thumbnail.jpeg, start);
    return changed;
  }, changed);
}
