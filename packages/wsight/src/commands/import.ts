import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { createGunzip } from "node:zlib";
import { WsightError } from "@wsight/protocol";
import { readEnvironment } from "../environment.ts";
import type { Command } from "./command.ts";
import { readSettings, SHARED_FLAGS } from "./flags.ts";

const ABORTED = 130;
const MAX_LINE = 1024 * 1024;

/** `wsight import FILE`: exit status 1 when the file is not whole. */
export const importCommand: Command = {
  name: "import",
  summary: "put an exported history into a data directory that no hub has open",
  argument: "FILE",
  flags: { data: SHARED_FLAGS.data },
  async run(values, { environment, stderr, signal }, file) {
    if (file === undefined)
      throw new WsightError("BAD_OPTION", "import: expected a file that wsight export wrote, got nothing");
    const { createLibsqlStore, refuseUsedHistory, takeIn } = await import("@wsight/hub");
    const { data = ".wsight" } = { ...readEnvironment(environment), ...readSettings(values, ["data"]) };
    if (data === null) throw new WsightError("BAD_OPTION", "--data: expected a directory, got none");
    const dataDir = resolve(data);
    const path = resolve(file);
    const lines = readLines(path, await isGzip(path));
    refuseUsedHistory(dataDir);
    const store = await createLibsqlStore({ dataDir });
    try {
      const { samples, events, whole } = await takeIn(store, lines, { signal });
      stderr.write(`wsight: ${count(samples, "sample")} and ${count(events, "event")} to ${dataDir}\n`);
      if (whole) return 0;
      stderr.write(`wsight: ${file} is not whole: whoever wrote it did not finish\n`);
      return 1;
    } catch (error) {
      if (signal.aborted) return ABORTED;
      throw error;
    } finally {
      await store.close();
    }
  },
};

/** Lines of a file, compressed or not. Nothing is read before the first is asked for, and little ahead. */
async function* readLines(path: string, compressed: boolean): AsyncGenerator<string> {
  const bytes = createReadStream(path);
  const input = compressed ? bytes.pipe(createGunzip()) : bytes;
  bytes.once("error", (error) => input.destroy(error));
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const piece of input as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > MAX_LINE)
        throw new WsightError("BAD_REQUEST", `${path}: expected lines of at most ${MAX_LINE} characters`);
      yield* lines;
    }
  } catch (error) {
    throw error instanceof WsightError ? error : unreadable(path, error);
  } finally {
    bytes.destroy();
  }
  if (rest !== "") yield rest;
}

async function isGzip(path: string): Promise<boolean> {
  try {
    const handle = await open(path);
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(2), 0, 2, 0);
      return bytesRead === 2 && buffer[0] === 0x1f && buffer[1] === 0x8b;
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): WsightError {
  const reason = error instanceof Error ? error.message : String(error);
  return new WsightError("BAD_OPTION", `${path}: expected a file that can be read (${reason})`, { cause: error });
}

function count(number: number, what: string): string {
  return `${number.toLocaleString("en")} ${what}${number === 1 ? "" : "s"}`;
}
