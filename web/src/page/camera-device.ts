/** The device's camera: its stream, its light, and photographs at its full size. */

export type CameraFault = "denied" | "none" | "busy" | "failed";

export class CameraError extends Error {
  readonly fault: CameraFault;

  constructor(fault: CameraFault) {
    super(fault);
    this.name = "CameraError";
    this.fault = fault;
  }
}

/** How the flash is used: with each photograph, or as a lamp that stays on. */
type Light = "flash" | "torch" | null;

const QUALITY = 0.95;
const FAULTS: Readonly<Record<string, CameraFault>> = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "none",
  OverconstrainedError: "none",
  NotReadableError: "busy",
  AbortError: "busy",
};

export class CameraDevice {
  readonly stream: MediaStream;
  readonly light: Light;
  readonly #track: MediaStreamTrack;
  readonly #capture: ImageCapture | null;

  private constructor(stream: MediaStream, capture: ImageCapture | null, light: Light) {
    this.stream = stream;
    this.#track = stream.getVideoTracks()[0]!;
    this.#capture = capture;
    this.light = light;
  }

  /** Opens a camera, the one towards the visitor if none is named. Rejects with CameraError. */
  static async open(id: string | null): Promise<CameraDevice> {
    const which = id ? { deviceId: { exact: id } } : { facingMode: { ideal: "user" } };
    // As much as there is: the browser answers with what comes nearest.
    const video = { ...which, width: { ideal: 4096 }, height: { ideal: 3072 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video, audio: false }).catch((e) => {
      throw new CameraError(FAULTS[(e as DOMException).name] ?? "failed");
    });
    const track = stream.getVideoTracks()[0]!;
    const capture = typeof ImageCapture === "undefined" ? null : new ImageCapture(track);
    return new CameraDevice(stream, capture, await lightOf(track, capture));
  }

  /** Ids of all cameras; known once one was allowed. */
  static async ids(): Promise<string[]> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter((one) => one.kind === "videoinput").map((one) => one.deviceId);
  }

  get id(): string {
    return this.#track.getSettings().deviceId ?? "";
  }

  /** Whether its picture should be shown as a mirror does. */
  get facesVisitor(): boolean {
    return this.#track.getSettings().facingMode !== "environment";
  }

  async setTorch(on: boolean): Promise<void> {
    const wish = { torch: on } as MediaTrackConstraintSet;
    if (this.light === "torch") await this.#track.applyConstraints({ advanced: [wish] });
  }

  /** Returns a photograph, from the sensor where the browser can, else from `view`. */
  async take(view: HTMLVideoElement, flash: boolean): Promise<Blob> {
    if (this.#capture) {
      const fill = this.light === "flash" ? flash : null;
      const settings = fill === null ? {} : { fillLightMode: fill ? "flash" : "off" };
      try {
        return await this.#capture.takePhoto(settings as PhotoSettings);
      } catch (error) {
        console.warn("takePhoto failed; the preview's frame is taken", error);
      }
    }
    return grab(view);
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
  }
}

async function lightOf(track: MediaStreamTrack, capture: ImageCapture | null): Promise<Light> {
  const able = await capture?.getPhotoCapabilities().catch(() => null);
  if (able?.fillLightMode?.includes("flash")) return "flash";
  const can = track.getCapabilities?.() as { torch?: boolean } | undefined;
  return can?.torch ? "torch" : null;
}

async function grab(view: HTMLVideoElement): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = view.videoWidth;
  canvas.height = view.videoHeight;
  canvas.getContext("2d")?.drawImage(view, 0, 0);
  const blob = await new Promise<Blob | null>((resolve) =>
    canvas.toBlob(resolve, "image/jpeg", QUALITY),
  );
  if (!blob) throw new CameraError("failed");
  return blob;
}
