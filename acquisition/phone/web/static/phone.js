// The phone's page: takes a picture when the host asks, and brings it there.

import { deviceName, pageName, takeToken } from "./access.js";
import * as cameras from "./camera.js";
import { now, tickMs } from "./clock.js";
import { lightProblem, lights, take } from "./light.js";
import { Link } from "./link.js";
import { Outbox } from "./outbox.js";
import { Screen } from "./screen.js";

const PROTOCOL = 1;
const FACING = "facing";
const PREVIEW_EVERY_MS = 400;
const CAMERA_AGAIN_MS = 1500;
const ORDER_LIFE_MS = 2000;
const QUIET_AFTER_ORDER_MS = 3000;

const token = takeToken();
const device = deviceName();
const tick = tickMs();
const video = document.getElementById("video");
const screen = new Screen();
const outbox = new Outbox(() => changed());
const cancelled = new Set();
const unsent = [];
let camera = null;
let facing = localStorage.getItem(FACING) === "user" ? "user" : "environment";
let cameraProblem = "";
let refused = "";
let isBusy = false;
let quietUntil = 0;
let link = null;
let turn = Promise.resolve();

function problem() {
  return cameraProblem || (camera ? lightProblem(camera) : "") || outbox.problem;
}

function situation() {
  return {
    facing: camera ? camera.facing : "unknown",
    flash_kind: camera ? lights(camera)[0] : "unknown",
    capabilities: camera
      ? { ...cameras.describe(camera), time_origin_ms: performance.timeOrigin } : {},
    pending: outbox.names.slice(0, 500),
    problem: problem().slice(0, 400),
  };
}

function draw() {
  const isWelcome = Boolean(link?.isWelcome);
  if (refused) screen.show("problem", "Not connected", refused);
  else if (problem()) screen.show("problem", "Attention", problem());
  else if (!camera) screen.show("busy", "Starting", "Allow the camera if the phone asks.");
  else if (!isWelcome) screen.show("busy", "Connecting", "Stay in the studio's network.");
  else if (isBusy) screen.show("busy", "Hold still", "A picture is being taken.");
  else screen.show("ready", "Ready", "Leave this page open. The studio takes the pictures.");
  screen.chosen(facing);
  screen.held([...outbox.held.values()]);
  const wakes = screen.lock || !navigator.wakeLock ? "" : " The screen may go dark: turn that off.";
  screen.facts(camera ? facts() + (navigator.wakeLock ? wakes : " Turn off the screen's timeout.") : "");
}

function facts() {
  const words = { flash: "flash", torch: "torch", screen: "white screen, set it to full brightness" };
  const { still, video_px: size } = cameras.describe(camera);
  return `Light: ${words[lights(camera)[0]]}. Picture by ${still}, video ${size[0]} × ${size[1]}.`;
}

let lastSituation = "";

function changed() {
  draw();
  const text = JSON.stringify(situation());
  if (text !== lastSituation && link?.send({ type: "state", situation: situation() })) {
    lastSituation = text;
  }
}

async function openCamera() {
  cameras.closeCamera(camera);
  camera = null;
  cameraProblem = cameras.missing();
  changed();
  if (cameraProblem) return;
  try {
    const opened = await cameras.openCamera(facing, video);
    opened.track.addEventListener("ended", () => {
      cameraProblem = "The camera was taken away, for example by a call. It is opened again.";
      changed();
      setTimeout(openCamera, CAMERA_AGAIN_MS);
    });
    camera = opened;
  } catch (error) {
    cameraProblem = cameras.whyNoCamera(error);
  }
  changed();
}

// `exposed` is said before anything else, and again after a loss of the line.
function say(message) {
  if (!link.send(message)) unsent.push(message);
}

function exposedOf(order, shot) {
  return {
    type: "exposed",
    pair: order.pair,
    kind: order.kind,
    flash_kind: shot.kind === "none" ? "unknown" : shot.kind,
    call_ms: shot.callMs,
    resolve_ms: shot.resolveMs,
    requested: {
      light: shot.kind, how: shot.how, options: shot.options,
      attempts: shot.attempts.slice(0, 8).map((text) => text.slice(0, 200)),
    },
  };
}

function fail(order, reason) {
  say({ type: "failed", pair: order.pair, kind: order.kind, reason: String(reason).slice(0, 400) });
}

async function obey(order, cameMs) {
  if (!camera) {
    fail(order, problem() || "the camera is not open");
    return;
  }
  if (now() - cameMs > ORDER_LIFE_MS) {
    fail(order, "the picture before took too long");
    return;
  }
  isBusy = true;
  quietUntil = Infinity;
  outbox.pause();
  draw();
  try {
    const blob = await take(camera, screen, {
      light: order.light,
      isCancelled: () => cancelled.has(order.pair),
      onExposed: (shot) => say(exposedOf(order, shot)),
    });
    outbox.put(order.pair, order.kind, blob);
    if (cancelled.has(order.pair)) outbox.discard(order.pair);
  } catch (error) {
    fail(order, error.message || error.name);
  } finally {
    isBusy = false;
    quietUntil = now() + QUIET_AFTER_ORDER_MS;
    outbox.resume();
    changed();
  }
}

// The next order may come while the last picture is still being encoded.
function inTurn(order) {
  const cameMs = now();
  turn = turn.then(() => obey(order, cameMs));
}

function welcomed(message) {
  refused = "";
  outbox.connected({ Authorization: `Bearer ${token}`, "X-Device": device }, message.limit_bytes);
  for (const pair of message.discarded) discard(pair);
  while (unsent.length && link.send(unsent[0])) unsent.shift();
  changed();
}

function discard(pair) {
  cancelled.add(pair);
  outbox.discard(pair);
}

function lost() {
  outbox.disconnected();
  draw();
}

function hello() {
  lastSituation = JSON.stringify(situation());
  return {
    type: "hello", protocol: PROTOCOL, token, device, page: pageName,
    agent: navigator.userAgent.slice(0, 400), tick_ms: tick, situation: situation(),
  };
}

async function preview() {
  try {
    if (link?.isWelcome && !isBusy && !outbox.sending && now() > quietUntil) {
      const picture = await cameras.previewPicture(video);
      if (picture && !isBusy) link.sendPicture(picture);
    }
  } catch {
    // The next one comes soon.
  }
  setTimeout(preview, PREVIEW_EVERY_MS);
}

async function start() {
  for (const button of document.querySelectorAll("[data-facing]")) {
    button.addEventListener("click", () => {
      if (isBusy) return;
      facing = button.dataset.facing;
      localStorage.setItem(FACING, facing);
      openCamera();
    });
  }
  // Another QR code scanned into the same tab changes only the fragment.
  window.addEventListener("hashchange", () => location.reload());
  if (!token) {
    refused = "Scan the QR code of the session with this phone.";
    draw();
    return;
  }
  await screen.stayOn();
  await outbox.open();
  link = new Link(hello, {
    welcome: welcomed,
    take: inTurn,
    discard: (message) => discard(message.pair),
    refused: (message) => { refused = message.reason; lost(); },
    replaced: () => { refused = "This page was opened again elsewhere on this phone. Close this tab."; lost(); },
    lost,
  });
  link.open();
  await openCamera();
  window.addEventListener("online", () => link.open());
  document.addEventListener("visibilitychange", () => link.open());
  preview();
}

start();
