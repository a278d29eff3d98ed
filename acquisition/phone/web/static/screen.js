// What the phone's screen shows, and keeping it on.

const byId = (id) => document.getElementById(id);

export class Screen {
  constructor() {
    this.lock = null;
    this.urls = [];
    document.addEventListener("visibilitychange", () => this.stayOn());
  }

  show(state, title, text) {
    document.documentElement.dataset.state = state;
    byId("title").textContent = title;
    byId("text").textContent = text;
  }

  facts(text) {
    byId("facts").textContent = text;
  }

  chosen(facing) {
    for (const button of document.querySelectorAll("[data-facing]")) {
      button.setAttribute("aria-pressed", String(button.dataset.facing === facing));
    }
  }

  white(isOn) {
    byId("white").hidden = !isOn;
  }

  // Pictures that the host lacks; refused ones with a link to save them.
  held(records) {
    byId("held").hidden = records.length === 0;
    const unwanted = records.filter((record) => record.reason);
    const plural = records.length === 1 ? "picture waits" : "pictures wait";
    byId("count").textContent = `${records.length} ${plural} here`
      + (unwanted.length ? `, ${unwanted.length} not wanted` : "");
    this.urls.forEach((url) => URL.revokeObjectURL(url));
    this.urls = [];
    byId("list").replaceChildren(...records.map((record) => this.row(record)));
  }

  row(record) {
    const row = document.createElement("li");
    const words = document.createElement("span");
    words.textContent = record.reason ? `${record.name}: ${record.reason}` : record.name;
    row.append(words);
    if (record.reason) {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(record.blob);
      link.download = record.name.replace("/", "_") + (record.blob.type === "image/png" ? ".png" : ".jpg");
      link.textContent = "Save";
      this.urls.push(link.href);
      row.append(link);
    }
    return row;
  }

  // Browsers drop the lock whenever the page was hidden.
  async stayOn() {
    if (document.visibilityState !== "visible" || !navigator.wakeLock) return;
    try {
      this.lock = await navigator.wakeLock.request("screen");
    } catch {
      this.lock = null;
    }
  }
}
