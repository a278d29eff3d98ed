/** The engine's thread: answers the page's calls. */
import type { Look } from "../enhance/look.ts";
import { Engine } from "./engine.ts";
import type { Progress } from "./protocol.ts";
import { Moved, type Port, serve } from "./rpc.ts";

const engine = new Engine(new URL(".", self.location.href));

serve(self as unknown as Port, {
  ready: (report: Progress) => engine.ready(report),
  open: async (report: Progress, file: Blob, name: string) => {
    const opened = await engine.open(file, name, report);
    return new Moved(opened, [opened.before]);
  },
  preview: async (_: Progress, id: number, look: Look) => {
    const bitmap = await engine.preview(id, look);
    return new Moved(bitmap, [bitmap]);
  },
  render: (report: Progress, id: number, look: Look, options: { keepPlace: boolean }) =>
    engine.render(id, look, options, report),
  close: (_: Progress, id: number) => engine.close(id),
});
