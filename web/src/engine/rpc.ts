/** Calls between threads: promises over postMessage, with progress and errors for people. */
import { type Message, PhotoError } from "../message.ts";

interface Call {
  readonly call: number;
  readonly name: string;
  readonly parameters: readonly unknown[];
}

type Reply =
  | { readonly call: number; readonly progress: readonly unknown[] }
  | { readonly call: number; readonly result: unknown }
  | { readonly call: number; readonly said: Message }
  | { readonly call: number; readonly fault: string };

/** The part of a Worker, or of a worker's own scope, that calls need. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  addEventListener(
    type: "message" | "error" | "messageerror",
    listener: (event: MessageEvent) => void,
  ): void;
}

type Report = (...values: readonly unknown[]) => void;

/** Answers a call; `report` tells of its progress. */
export type Handler = (report: Report, ...parameters: never[]) => unknown;

/** A result that takes its buffers along instead of copying them. */
export class Moved {
  readonly value: unknown;
  readonly transfer: Transferable[];

  constructor(value: unknown, transfer: Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/** Calls functions that another thread serves. */
export class Caller {
  private readonly port: Port;
  private readonly waiting = new Map<
    number,
    { resolve: (value: never) => void; reject: (reason: unknown) => void; report?: Report }
  >();
  private last = 0;
  private isAlive = false;
  private broken: Error | null = null;

  constructor(port: Port) {
    this.port = port;
    port.addEventListener("message", (event) => this.settle(event.data as Reply));
    for (const type of ["error", "messageerror"] as const) {
      port.addEventListener(type, (event) => this.fail(event));
    }
  }

  call<T>(
    name: string,
    parameters: readonly unknown[],
    options: { report?: Report; transfer?: Transferable[] } = {},
  ): Promise<T> {
    const call = ++this.last;
    return new Promise<T>((resolve, reject) => {
      if (this.broken) {
        reject(this.broken);
        return;
      }
      this.waiting.set(call, { resolve, reject, report: options.report });
      this.port.postMessage({ call, name, parameters } satisfies Call, options.transfer ?? []);
    });
  }

  private settle(reply: Reply): void {
    this.isAlive = true;
    const one = this.waiting.get(reply.call);
    if (!one) return;
    if ("progress" in reply) {
      one.report?.(...reply.progress);
      return;
    }
    this.waiting.delete(reply.call);
    if ("result" in reply) one.resolve(reply.result as never);
    else if ("said" in reply) one.reject(new PhotoError(reply.said.key, reply.said.values));
    else one.reject(new Error(reply.fault));
  }

  /** A thread that could not even start answers nothing, now or later: its script is missing. */
  private fail(event: Event): void {
    const { message } = event as ErrorEvent;
    const error = this.isAlive ? new Error(message) : new PhotoError("error.offline");
    if (!this.isAlive) this.broken = error;
    for (const one of this.waiting.values()) one.reject(error);
    this.waiting.clear();
  }
}

/** Serves functions to the thread at the other end. */
export function serve(port: Port, handlers: Readonly<Record<string, Handler>>): void {
  port.addEventListener("message", async (event) => {
    const { call, name, parameters } = event.data as Call;
    const report: Report = (...progress) => port.postMessage({ call, progress }, []);
    try {
      const handler = handlers[name];
      if (!handler) throw new Error(`nothing is called ${name}`);
      const result = await handler(report, ...(parameters as never[]));
      if (result instanceof Moved)
        port.postMessage({ call, result: result.value }, result.transfer);
      else port.postMessage({ call, result }, []);
    } catch (error) {
      const reply: Reply =
        error instanceof PhotoError
          ? { call, said: error.said }
          : { call, fault: error instanceof Error ? String(error.stack) : String(error) };
      port.postMessage(reply, []);
    }
  });
}
