import { asInteger, asText, encodeLinkText, type LinkMessage } from "@wsight/protocol";
import { createAccessControl } from "./access/access.ts";
import { isWildcard, urlHost } from "./access/address.ts";
import type { Authenticate } from "./access/authenticate.ts";
import { startBeat } from "./beat.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type Core, createCore } from "./core.ts";
import type { OnHubError } from "./errors.ts";
import { type Door, openDoor } from "./http/door.ts";
import type { HubOptions } from "./hub-options.ts";

/** How a hub is set up within this thread: options, and functions that could not cross into another. */
export type HubSetup = Omit<HubOptions, "authenticate"> & {
  /** Says who is asking, beside tokens and sessions. Has 2 s; lets nobody in when it throws or is late. */
  readonly authenticate?: Authenticate;
  /** Told when the one-time link was used. */
  readonly onCodeUsed?: () => void;
  /** Told about failures in the background. @default nobody is told */
  readonly onError?: OnHubError;
  /** Where the time comes from. @default the computer's own */
  readonly clock?: Clock;
  /** `WSIGHT_SECRET` is read from it. @default process.env */
  readonly env?: Readonly<Record<string, string | undefined>>;
};

/** One probe's way into the hub. */
export interface HubLink {
  /** Takes a message in; never throws. */
  readonly receive: (message: LinkMessage) => void;
  readonly close: () => void;
}

/** A running hub. */
export interface Hub {
  /** `http://HOST:PORT`, for people on this machine. */
  readonly url: string;
  readonly host: string;
  /** The port it got. */
  readonly port: number;
  /** Opens a link; `reply` sends to its probe. */
  openLink(reply: (message: string) => void): HubLink;
  /** Says goodbye to viewers, writes what is left, and closes everything; safe to call twice. */
  close(): Promise<void>;
}

/**
 * Starts a hub in this thread.
 * @throws WsightError `BAD_OPTION` or `LISTEN_FAILED`, saying how to fix it
 * @example
 * const hub = await createHub({ port: 0, dashboardDir, oneTimeCode: "…" });
 */
export async function createHub(setup: HubSetup): Promise<Hub> {
  const { clock = systemClock, onError = ignore, onCodeUsed = ignore, env = process.env } = setup;
  const { authenticate, ...options } = setup;
  const host = asText("BAD_OPTION", "host", options.host ?? "127.0.0.1");
  const port = asInteger("BAD_OPTION", "port", options.port ?? 4700, 0, 65_535);
  const dataDir = options.dataDir === undefined ? ".wsight" : options.dataDir;
  const access = await createAccessControl({ options, host, dataDir, env, authenticate, clock, onError });
  const core = createCore({
    options,
    dataDir,
    secret: access.secret,
    nodeEnv: env.NODE_ENV ?? "",
    clock,
    onError,
  });
  try {
    const door = await openDoor({ options, host, port, core, access, onCodeUsed, clock, onError });
    return run(core, door, host, clock);
  } catch (error) {
    await core.close();
    throw error;
  }
}

function run(core: Core, door: Door, host: string, clock: Clock): Hub {
  const url = `http://${reachable(host)}:${door.port}`;
  core.setUrl(url);
  const beat = startBeat(clock, (at) => {
    core.onSecond(at);
    door.sweep();
  });
  let closed: Promise<void> | null = null;

  async function shutDown(): Promise<void> {
    beat.close();
    // Viewers get their goodbye before the door is shut.
    const kept = core.close();
    await door.close();
    await kept;
  }

  return {
    url,
    host,
    port: door.port,
    openLink(reply) {
      const { receive, close } = core.ingest.open((frame) => reply(encodeLinkText(frame)), { own: true });
      return { receive, close };
    },
    close() {
      closed ??= shutDown();
      return closed;
    },
  };
}

/** People can't open an address that stands for all of them. */
function reachable(host: string): string {
  if (!isWildcard(host)) return urlHost(host);
  return host === "::" ? "[::1]" : "127.0.0.1";
}

function ignore(): void {}
