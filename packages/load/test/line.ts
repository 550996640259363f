import type { LoadTarget } from "@wsight/protocol";
import { placeOf, wireTargetOf } from "../dist/target.js";
import type { FrameWriter } from "../dist/wire/frames.js";
import { createWireKit, WireSocket } from "../dist/wire/wire-socket.js";
import { afterTest } from "./servers.ts";

/** One connection on the tool's own framing, with what it heard. */
export interface Line {
  readonly socket: WireSocket;
  readonly writer: FrameWriter;
  /** Resolves with the next message that was not taken yet. */
  message(): Promise<{ opcode: number; bytes: Buffer }>;
  readonly closed: Promise<string>;
}

/** Opens one; rejects with the reason when it does not open. */
export async function openLine(target: LoadTarget, timeoutMs = 10_000): Promise<Line> {
  const kit = createWireKit();
  const heard: { opcode: number; bytes: Buffer }[] = [];
  const waiting: ((message: { opcode: number; bytes: Buffer }) => void)[] = [];
  let close: (reason: string) => void = () => undefined;
  const closed = new Promise<string>((resolve) => {
    close = resolve;
  });
  const socket = await new Promise<WireSocket>((resolve, reject) => {
    const line = new WireSocket(
      { ...wireTargetOf(target, placeOf(target.url).host), timeoutMs },
      {
        kit,
        localAddress: undefined,
        events: {
          opened: () => resolve(line),
          message: (opcode, bytes) => {
            const message = { opcode, bytes: Buffer.from(bytes) };
            const next = waiting.shift();
            if (next === undefined) heard.push(message);
            else next(message);
          },
          closed: (reason) => {
            close(reason);
            reject(new Error(reason));
          },
        },
      },
    );
  });
  afterTest(() => socket.abort());
  return {
    socket,
    writer: kit.writer,
    closed,
    message: () => {
      const first = heard.shift();
      return first === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(first);
    },
  };
}
