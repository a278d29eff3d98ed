// The phone's camera: opened, asked what it can do, and read.

import { sleep, withDeadline } from "./clock.js";

const PREVIEW_PX = 480;
const PREVIEW_QUALITY = 0.6;
const STILL_QUALITY = 0.95;
const FRAME_DEADLINE_MS = 400;
// A frame that is shown now was exposed up to three frames ago.
const FRAMES_ON_THE_WAY = 4;

export function missing() {
  if (!window.isSecureContext) {
    return "This address is not secure, so the browser gives no camera. Use the https address "
      + "of the QR code.";
  }
  if (!navigator.mediaDevices?.getUserMedia) return "This browser gives pages no camera.";
  return "";
}

export function whyNoCamera(error) {
  if (error.name === "NotAllowedError") {
    return "The camera is not allowed. Allow it for this page in the browser's settings, then "
      + "load the page again.";
  }
  if (error.name === "NotFoundError") return "This phone shows no camera to the browser.";
  if (error.name === "NotReadableError") return "Another app uses the camera. Close it, then try again.";
  return `The camera cannot be opened: ${error.message || error.name}`;
}

async function ask(question) {
  try {
    return await withDeadline(question(), 3000, "the camera's answer");
  } catch {
    return {};
  }
}

const largest = (range) => (range && range.max > 0 ? range.max : 0);

export async function openCamera(facing, video) {
  // Without ImageCapture the picture is a frame of the video, which must be as large as can be.
  const hasStills = "ImageCapture" in window;
  const stream = await navigator.mediaDevices.getUserMedia({
    audio: false,
    video: {
      facingMode: { ideal: facing },
      width: { ideal: hasStills ? 1920 : 4096 },
      height: { ideal: hasStills ? 1440 : 3072 },
    },
  });
  const track = stream.getVideoTracks()[0];
  video.srcObject = stream;
  video.play().catch(() => {});
  const capture = hasStills ? new ImageCapture(track) : null;
  const photo = capture ? await ask(() => capture.getPhotoCapabilities()) : {};
  const abilities = track.getCapabilities ? track.getCapabilities() : {};
  const settings = track.getSettings();
  return {
    stream, track, video, capture, settings,
    fill: [...(photo.fillLightMode || [])],
    torch: abilities.torch === true,
    width: largest(photo.imageWidth),
    height: largest(photo.imageHeight),
    // Once refused, a size or light is not asked for again.
    refused: new Set(),
    facing: ["user", "environment"].includes(settings.facingMode) ? settings.facingMode : "unknown",
  };
}

export function closeCamera(camera) {
  camera?.stream.getTracks().forEach((track) => track.stop());
}

export function describe(camera) {
  const { width, height, frameRate } = camera.settings;
  return {
    still: camera.capture ? "takePhoto" : "video frame",
    fill_light: camera.fill,
    torch: camera.torch,
    still_px: [camera.width, camera.height],
    video_px: [width || 0, height || 0],
    frame_rate: frameRate || 0,
  };
}

function nextFrame(video) {
  if (!video.requestVideoFrameCallback) return sleep(50);
  return Promise.race([
    new Promise((done) => video.requestVideoFrameCallback(done)),
    sleep(FRAME_DEADLINE_MS),
  ]);
}

// Waits until a frame that was exposed after the call is there, then returns a canvas with it.
export async function grab(camera) {
  for (let frame = 0; frame < FRAMES_ON_THE_WAY; frame += 1) await nextFrame(camera.video);
  let picture = camera.video;
  if (camera.capture) {
    try {
      picture = await withDeadline(camera.capture.grabFrame(), 1500, "grabFrame");
    } catch {
      picture = camera.video;
    }
  }
  const canvas = document.createElement("canvas");
  canvas.width = picture.videoWidth || picture.width;
  canvas.height = picture.videoHeight || picture.height;
  if (!canvas.width) throw new Error("the camera shows no picture");
  canvas.getContext("2d").drawImage(picture, 0, 0);
  return canvas;
}

export function encode(canvas, quality = STILL_QUALITY) {
  return new Promise((done, fail) => {
    canvas.toBlob((blob) => (blob ? done(blob) : fail(new Error("no JPEG"))), "image/jpeg", quality);
  });
}

const small = document.createElement("canvas");

// A small JPEG of what the camera sees, null before it sees anything.
export async function previewPicture(video) {
  const { videoWidth: width, videoHeight: height } = video;
  if (!width) return null;
  const scale = Math.min(1, PREVIEW_PX / Math.max(width, height));
  small.width = Math.round(width * scale);
  small.height = Math.round(height * scale);
  small.getContext("2d").drawImage(video, 0, 0, small.width, small.height);
  return encode(small, PREVIEW_QUALITY);
}
