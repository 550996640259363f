import { setTimeout as wait } from "node:timers/promises";
import { createAnnouncer } from "../announcer.ts";
import type { Command } from "./command.ts";
import { readSettings, readWhole, SHARED_FLAGS, STORE_FLAG } from "./flags.ts";

const MAX_SECONDS = 2_000_000;

/** `wsight demo` */
export const demoCommand: Command = {
  name: "demo",
  summary: "a real chat and ticker with real clients, monitored, on this machine",
  flags: {
    seconds: { value: "N", help: "end after this long (until Ctrl-C)" },
    "app-port": { value: "N", help: "port of the application (a free one)" },
    seed: { value: "N", help: "other people with other habits (4700)" },
    ...SHARED_FLAGS,
    store: STORE_FLAG,
  },
  async run(values, { stdout, stderr, environment, signal }) {
    const seconds = readWhole(values, "seconds", 1, MAX_SECONDS);
    const appPort = readWhole(values, "app-port", 0, 65_535);
    const seed = readWhole(values, "seed", 0, 2 ** 32 - 1);
    const monitor = readSettings(values, ["port", "host", "data", "secret", "store"]);
    // Loaded here because no other command needs it.
    const { startDemo } = await import("../demo/demo.ts");
    const demo = await startDemo({
      monitor,
      stream: stdout,
      ...(appPort === undefined ? {} : { appPort }),
      ...(seed === undefined ? {} : { seed }),
    });
    const announcer = createAnnouncer(stdout, environment);
    announcer.say("app", demo.appUrl);
    announcer.say("stop", seconds === undefined ? "Ctrl-C" : `Ctrl-C, or by itself after ${seconds} s`);
    const over = new AbortController();
    try {
      const end = waitForEnd(seconds, AbortSignal.any([signal, over.signal]));
      const failure = await Promise.race([demo.clientsFailed, end]);
      if (failure === null) return 0;
      stderr.write(`wsight: the clients of the demo ended: ${failure}\n`);
      return 1;
    } finally {
      over.abort();
      await demo.close();
    }
  },
};

/** Waits for the time or the user, whichever comes first. */
async function waitForEnd(seconds: number | undefined, signal: AbortSignal): Promise<null> {
  const ms = seconds === undefined ? 2 ** 31 - 1 : seconds * 1000;
  // The only way it fails is its signal.
  await wait(ms, undefined, { signal }).catch(() => undefined);
  return null;
}
