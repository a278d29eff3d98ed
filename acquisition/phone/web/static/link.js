// The WebSocket to the host: says hello, answers pings at once, comes back after a loss.

import { now } from "./clock.js";

const PAUSES_MS = [200, 500, 1000, 2000, 4000];
const REPLACED = 4001;
const REFUSED = 4003;
const REFUSED_PAUSE_MS = 15000;
// The host speaks every 1.5 s; a dead line would be noticed by nobody else for minutes.
const SILENCE_MS = 7000;

export class Link {
  // `hello` returns the first message; `on` has welcome, take, discard, refused, lost, replaced.
  constructor(hello, on) {
    this.hello = hello;
    this.on = on;
    this.socket = null;
    this.isWelcome = false;
    this.isFinal = false;
    this.failures = 0;
    this.timer = 0;
    this.heardMs = 0;
    setInterval(() => this.watch(), 1000);
  }

  watch() {
    if (!this.socket || now() - this.heardMs < SILENCE_MS) return;
    const dead = this.socket;
    dead.onopen = dead.onmessage = dead.onclose = null;
    dead.close();
    this.lost(0);
  }

  open() {
    clearTimeout(this.timer);
    if (this.socket || this.isFinal) return;
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/socket`);
    this.socket = socket;
    this.heardMs = now();
    socket.onopen = () => socket.send(JSON.stringify(this.hello()));
    socket.onmessage = (event) => this.hear(event.data, now());
    socket.onclose = (event) => this.lost(event.code);
  }

  hear(text, receivedMs) {
    this.heardMs = receivedMs;
    const message = JSON.parse(text);
    if (message.type === "ping") {
      const pong = { type: "pong", number: message.number, received_ms: receivedMs };
      this.socket.send(JSON.stringify({ ...pong, answered_ms: now() }));
      return;
    }
    if (message.type === "welcome") {
      this.isWelcome = true;
      this.failures = 0;
    }
    if (message.type === "refused") this.isFinal = message.is_final;
    this.on[message.type]?.(message);
  }

  lost(code) {
    this.socket = null;
    this.isWelcome = false;
    if (code === REPLACED) {
      this.on.replaced();
      return;
    }
    if (code !== REFUSED) this.on.lost();
    if (this.isFinal) return;
    const pause = PAUSES_MS[Math.min(this.failures, PAUSES_MS.length - 1)];
    this.failures += 1;
    this.timer = setTimeout(() => this.open(), code === REFUSED ? REFUSED_PAUSE_MS : pause);
  }

  // Returns whether the message left.
  send(message) {
    if (!this.isWelcome || this.socket.readyState !== WebSocket.OPEN) return false;
    this.socket.send(JSON.stringify(message));
    return true;
  }

  // A picture goes only where the line is free.
  sendPicture(blob) {
    if (this.isWelcome && this.socket.bufferedAmount === 0) this.socket.send(blob);
  }
}
