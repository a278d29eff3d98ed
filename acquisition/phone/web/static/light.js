// Taking one picture with the best light that works, or without any.

import { encode, grab } from "./camera.js";
import { now, sleep, withDeadline } from "./clock.js";

const TORCH_SETTLE_MS = 700;
const SCREEN_SETTLE_MS = 600;
// Metering with a flash takes some phones seconds.
const STILL_DEADLINE_MS = 5000;

// Which lights this camera may have, best first.
export function lights(camera) {
  const kinds = [];
  if (camera.capture && camera.fill.includes("flash")) kinds.push("flash");
  if (camera.torch) kinds.push("torch");
  kinds.push("screen");
  return kinds.filter((kind) => kind === "screen" || !camera.refused.has(kind));
}

export function lightProblem(camera) {
  if (lights(camera)[0] === "screen" && camera.facing === "environment") {
    return "The browser offers neither flash nor torch of the rear camera, and the screen lights "
      + "the other side: choose the front camera, or use another phone.";
  }
  return "";
}

async function switchOn(kind, camera, screen) {
  if (kind === "torch") {
    await camera.track.applyConstraints({ advanced: [{ torch: true }] });
    if (camera.track.getSettings().torch === false) throw new Error("the torch stays off");
    await sleep(TORCH_SETTLE_MS);
  } else if (kind === "screen") {
    screen.white(true);
    await sleep(SCREEN_SETTLE_MS);
  }
}

async function switchOff(kind, camera, screen) {
  if (kind === "screen") screen.white(false);
  if (kind !== "torch") return;
  try {
    await camera.track.applyConstraints({ advanced: [{ torch: false }] });
  } catch {
    // A camera that was closed meanwhile took its torch along.
  }
}

function optionsFor(kind, camera) {
  const options = {};
  if (kind === "flash") options.fillLightMode = "flash";
  if (kind === "none" && camera.fill.includes("off")) options.fillLightMode = "off";
  if (camera.width && camera.height && !camera.refused.has("size")) {
    options.imageWidth = camera.width;
    options.imageHeight = camera.height;
  }
  return options;
}

async function still(kind, camera, onExposed) {
  const options = optionsFor(kind, camera);
  const callMs = now();
  const photo = camera.capture.takePhoto(options);
  const blob = await withDeadline(photo, STILL_DEADLINE_MS, "takePhoto");
  onExposed({ callMs, resolveMs: now(), how: "takePhoto", options });
  return blob;
}

async function frame(camera, onExposed) {
  const callMs = now();
  const canvas = await grab(camera);
  onExposed({ callMs, resolveMs: now(), how: "video frame", options: {} });
  return encode(canvas);
}

async function picture(kind, camera, onExposed, attempts) {
  if (!camera.capture) return frame(camera, onExposed);
  const hasSize = "imageWidth" in optionsFor(kind, camera);
  for (const isSecond of hasSize ? [false, true] : [true]) {
    try {
      return await still(kind, camera, onExposed);
    } catch (error) {
      attempts.push(`${kind}: ${error.name}: ${error.message}`);
      if (!isSecond) camera.refused.add("size");
      else if (kind === "flash") throw error;
    }
  }
  // The size was not to blame where the picture fails without it as well.
  camera.refused.delete("size");
  return frame(camera, onExposed);
}

// Returns the picture's blob; `onExposed` is told times and light before the light goes out.
export async function take(camera, screen, { light, onExposed, isCancelled }) {
  const attempts = [];
  for (const kind of light ? lights(camera) : ["none"]) {
    try {
      await switchOn(kind, camera, screen);
      if (isCancelled()) throw new Error("the session took the order back");
      const tell = (shot) => onExposed({ ...shot, kind, attempts: [...attempts] });
      return await picture(kind, camera, tell, attempts);
    } catch (error) {
      if (isCancelled()) throw error;
      attempts.push(`${kind}: ${error.message}`);
      if (kind === "flash" || kind === "torch") camera.refused.add(kind);
    } finally {
      switchOff(kind, camera, screen);
    }
  }
  throw new Error(attempts.join("; ") || "no picture");
}
