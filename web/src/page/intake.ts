/** All the ways in which photographs come in: chosen, dropped, pasted. */
import { byId } from "./dom.ts";

/** Hands over the files of every choice, drop and paste; none if there was no file in it. */
export function takeFiles(onFiles: (files: File[]) => void): { choose(): void; useApp(): void } {
  const chooser = byId("files", HTMLInputElement);
  const app = byId("camera-app", HTMLInputElement);
  for (const input of [chooser, app]) {
    input.addEventListener("change", () => {
      const files = [...(input.files ?? [])];
      // So that the same file can be chosen once more.
      input.value = "";
      if (files.length > 0) onFiles(files);
    });
  }
  document.addEventListener("paste", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.type === "text") return;
    const data = event.clipboardData;
    if (data) onFiles([...data.files]);
  });
  takeDrops(onFiles);
  return { choose: () => chooser.click(), useApp: () => app.click() };
}

function takeDrops(onFiles: (files: File[]) => void): void {
  const veil = byId("drop", HTMLElement);
  // Each element that is entered is left again, children before their parents.
  let entered = 0;
  const carriesFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  document.addEventListener("dragenter", (event) => {
    if (!carriesFiles(event)) return;
    entered++;
    veil.hidden = false;
  });
  document.addEventListener("dragleave", (event) => {
    if (!carriesFiles(event)) return;
    entered = Math.max(entered - 1, 0);
    veil.hidden = entered === 0;
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    entered = 0;
    veil.hidden = true;
    if (event.dataTransfer) onFiles(filesOf(event.dataTransfer));
  });
}

/** Folders also come as files, without anything in them. */
function filesOf(data: DataTransfer): File[] {
  const items = [...data.items].filter((item) => item.kind === "file");
  return items
    .filter((item) => !item.webkitGetAsEntry()?.isDirectory)
    .map((item) => item.getAsFile())
    .filter((file) => file !== null);
}
