// Pictures on their way: kept in IndexedDB until the host acknowledges their SHA-256.

import { sleep } from "./clock.js";

const STORE = "pictures";
const PAUSES_MS = [500, 1000, 2000, 5000];
const UNWANTED = [409, 413];

function openDatabase() {
  return new Promise((done, fail) => {
    const request = indexedDB.open("outbox", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(STORE, { keyPath: "name" });
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
}

async function sha256(blob) {
  const digest = await crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class Outbox {
  constructor(onChange) {
    this.onChange = onChange;
    this.held = new Map();
    this.problem = "";
    this.limitBytes = Infinity;
    this.credentials = null;
    this.database = null;
    this.sending = false;
    this.paused = false;
    this.abort = null;
  }

  async open() {
    try {
      this.database = await openDatabase();
      const read = this.database.transaction(STORE).objectStore(STORE).getAll();
      await new Promise((done, fail) => {
        read.onsuccess = done;
        read.onerror = () => fail(read.error);
      });
      for (const record of read.result) this.held.set(record.name, record);
    } catch {
      this.problem = "This browser keeps no data (private mode?): pictures are lost on reload.";
    }
    this.onChange();
  }

  get names() {
    return [...this.held.keys()];
  }

  // Pictures stay in memory even where the database is full or closed.
  async write(change) {
    if (!this.database) return;
    try {
      const transaction = this.database.transaction(STORE, "readwrite", { durability: "strict" });
      change(transaction.objectStore(STORE));
      await new Promise((done, fail) => {
        transaction.oncomplete = done;
        transaction.onabort = () => fail(transaction.error);
      });
    } catch (error) {
      this.problem = `The phone cannot keep pictures (${error?.name || "full"}): free some space.`;
      this.onChange();
    }
  }

  async put(pair, kind, blob) {
    const record = { name: `${pair}/${kind}`, pair, kind, blob, reason: "" };
    this.held.set(record.name, record);
    this.onChange();
    await this.write((store) => store.put(record));
    this.send();
  }

  async refuse(record, reason) {
    record.reason = reason;
    this.onChange();
    await this.write((store) => store.put(record));
  }

  discard(pair) {
    for (const record of this.held.values()) {
      if (record.pair === pair) this.refuse(record, "The session does not want it.");
    }
  }

  // The host is there: everything is sent, what it refused before as well.
  connected(credentials, limitBytes) {
    this.credentials = credentials;
    this.limitBytes = limitBytes;
    for (const record of this.held.values()) record.reason = "";
    this.send();
  }

  disconnected() {
    this.credentials = null;
    this.abort?.abort();
  }

  // An upload would hold up the word that a picture was taken.
  pause() {
    this.paused = true;
    this.abort?.abort();
  }

  resume() {
    this.paused = false;
    this.send();
  }

  get next() {
    if (this.paused || !this.credentials) return null;
    return [...this.held.values()].find((record) => !record.reason) || null;
  }

  async send() {
    if (this.sending) return;
    this.sending = true;
    let failures = 0;
    try {
      for (let record = this.next; record; record = this.next) {
        const isDone = await this.upload(record);
        failures = isDone ? 0 : failures + 1;
        if (!isDone && !this.paused) await sleep(PAUSES_MS[Math.min(failures, PAUSES_MS.length) - 1]);
      }
    } finally {
      this.sending = false;
    }
  }

  // Returns whether the picture needs no further try now.
  async upload(record) {
    if (record.blob.size > this.limitBytes) {
      await this.refuse(record, "It is longer than the session takes.");
      return true;
    }
    this.abort = new AbortController();
    try {
      const sum = await sha256(record.blob);
      const answer = await fetch(`/upload/${record.name}`, {
        method: "PUT",
        body: record.blob,
        headers: { ...this.credentials, "X-SHA256": sum },
        signal: this.abort.signal,
      });
      const body = await answer.json();
      if (answer.ok && body.sha256 === sum) await this.remove(record);
      else if (UNWANTED.includes(answer.status)) await this.refuse(record, body.reason);
      else return false;
      return true;
    } catch {
      return false;
    } finally {
      this.abort = null;
    }
  }

  async remove(record) {
    this.held.delete(record.name);
    this.onChange();
    await this.write((store) => store.delete(record.name));
  }
}
