/** The dialog in which a photograph is taken. */
import { CameraDevice, CameraError } from "./camera-device.ts";
import { byId, setText } from "./dom.ts";
import { word } from "./words.ts";

export class Camera {
  readonly #onPhoto: (file: File) => void;
  readonly #dialog = byId("camera", HTMLDialogElement);
  readonly #view = byId("camera-view", HTMLVideoElement);
  readonly #words = byId("camera-words", HTMLElement);
  readonly #take = byId("camera-take", HTMLButtonElement);
  readonly #flash = byId("camera-flash", HTMLButtonElement);
  readonly #switch = byId("camera-switch", HTMLButtonElement);
  #device: CameraDevice | null = null;
  #ids: string[] = [];
  /** Counts openings, so that a camera that comes late is closed again. */
  #opening = 0;

  constructor(onPhoto: (file: File) => void) {
    this.#onPhoto = onPhoto;
    this.#take.addEventListener("click", () => void this.#takePhoto());
    this.#flash.addEventListener("click", () => void this.#toggleFlash());
    this.#switch.addEventListener("click", () => void this.#start(this.#nextId()));
    byId("camera-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#stop());
    // A page that nobody sees must not keep the camera on.
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#dialog.close();
    });
  }

  /** Whether the browser lets pages use cameras at all. */
  static get usable(): boolean {
    return navigator.mediaDevices?.getUserMedia !== undefined;
  }

  open(): void {
    this.#dialog.showModal();
    void this.#start(null);
  }

  async #start(id: string | null): Promise<void> {
    this.#stop();
    const mine = this.#opening;
    setText(this.#words, word("camera.starting"));
    try {
      const device = await CameraDevice.open(id);
      if (mine !== this.#opening || !this.#dialog.open) return device.close();
      this.#device = device;
      this.#ids = await CameraDevice.ids();
      this.#view.classList.toggle("mirrored", device.facesVisitor);
      this.#view.srcObject = device.stream;
      await this.#view.play();
      setText(this.#words, "");
      this.#take.disabled = false;
      this.#flash.hidden = device.light === null;
      this.#switch.hidden = this.#ids.length < 2;
    } catch (error) {
      if (mine === this.#opening) this.#fail(error);
    }
  }

  #stop(): void {
    this.#opening++;
    this.#device?.close();
    this.#device = null;
    this.#view.srcObject = null;
    this.#take.disabled = true;
    this.#flash.hidden = true;
    this.#flash.ariaPressed = "false";
    this.#switch.hidden = true;
  }

  async #takePhoto(): Promise<void> {
    const device = this.#device;
    if (!device) return;
    this.#take.disabled = true;
    try {
      const blob = await device.take(this.#view, this.#flash.ariaPressed === "true");
      const time = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
      this.#dialog.close();
      this.#onPhoto(new File([blob], word("camera.file", { time }), { type: blob.type }));
    } catch (error) {
      this.#fail(error);
      this.#take.disabled = false;
    }
  }

  async #toggleFlash(): Promise<void> {
    const on = this.#flash.ariaPressed !== "true";
    this.#flash.ariaPressed = `${on}`;
    await this.#device?.setTorch(on).catch((error) => this.#fail(error));
  }

  #nextId(): string | null {
    const index = this.#ids.indexOf(this.#device?.id ?? "");
    return this.#ids[(index + 1) % this.#ids.length] ?? null;
  }

  #fail(error: unknown): void {
    if (!(error instanceof CameraError)) console.error(error);
    const fault = error instanceof CameraError ? error.fault : "failed";
    setText(this.#words, word(`camera.${fault}`));
  }
}
