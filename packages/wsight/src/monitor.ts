import { randomBytes } from "node:crypto";
import type { Principal } from "@wsight/hub";
import { createProbe, type Probe } from "@wsight/probe";
import { type Finding, WsightError } from "@wsight/protocol";
import { type Announcer, createAnnouncer, type TextStream } from "./announcer.ts";
import { misspeltVariables } from "./environment.ts";
import type { MonitorOptions, MonitorRequest, MonitorTargets } from "./monitor-options.ts";
import type { AppServer } from "./mount/app-server.ts";
import { type Mount, mountDashboard } from "./mount/mount.ts";
import { type ResolvedOptions, resolveOptions } from "./resolve-options.ts";
import { createMachineIdentity } from "./seat/machine-identity.ts";
import { linkToRemote } from "./seat/remote.ts";
import { type Seat, takeSeat } from "./seat/seat.ts";
import { parseAppServer, parseTargets, serversToWatch, type Target } from "./targets.ts";

/** A monitored application. */
export interface Monitor {
  /** Where the hub is, `http://127.0.0.1:4700`, also when another process runs it; `null` without a hub. */
  readonly url: string | null;
  /** Where the application's own server shows the dashboard; `null` when it is not mounted, or not listening yet. */
  readonly mountedUrl: string | null;
  /** Opens the dashboard and signs in, once, within 15 minutes; `null` unless the hub runs in this process. */
  readonly link: string | null;
  /** Counts by hand what no integration covers, and knows the summary. */
  readonly probe: Probe;
  /** What is watched, as it stands now. */
  readonly findings: readonly Finding[];
  /** Detaches from everything and ends the hub; safe to call twice. Never rejects. */
  close(): Promise<void>;
}

/**
 * Watches the servers of this process, and shows them on a dashboard that runs
 * in a worker thread. Connections are counted from the moment of the call. It
 * never keeps the process alive, and after it has resolved nothing it does
 * throws into the application.
 * @throws WsightError (as a rejection) `BAD_OPTION` for targets or options that can't be right, `LISTEN_FAILED` when
 * the port can't be had
 * @example
 * const { link } = await monitor({ io, wss }, { service: "chat" });
 */
export function monitor(targets: MonitorTargets, options: MonitorOptions = {}): Promise<Monitor> {
  return startMonitor(targets, options, process.stderr);
}

/** {@link monitor}, telling people on a stream of the caller's choice. */
export async function startMonitor(
  targets: MonitorTargets,
  options: MonitorOptions,
  stream: TextStream,
): Promise<Monitor> {
  const things = parseTargets(targets);
  const resolved = resolveOptions(options, process.env);
  const servers = serversToWatch(targets, things);
  const hasHub = resolved.place.type === "machine";
  if (!hasHub && resolved.mount !== null) throw nothingToMount();
  const app = hasHub ? parseAppServer(targets, resolved.mount !== null, things) : null;
  const announcer = resolved.quiet ? null : createAnnouncer(stream);
  for (const { name, near } of misspeltVariables(process.env))
    announcer?.say("note", `${name} is no setting of wsight. Did you mean ${near}?`);
  const probe = createProbe(resolved.probe);
  try {
    for (const value of [...things.map((thing) => thing.value), ...servers]) probe.attach(value);
    const hub = await findHub(probe, resolved, announcer);
    announcer?.found(probe.findings());
    const parts = { ios: iosOf(things), probe, resolved, announcer };
    const mount = app === null || hub === null ? null : mountOn(app, hub, parts);
    const link = linkOf(hub);
    if (link !== null && mount?.url == null) announcer?.open(link);
    return present(probe, hub, mount);
  } catch (error) {
    probe.close();
    throw error;
  }
}

function nothingToMount(): WsightError {
  return new WsightError(
    "BAD_OPTION",
    "mount: expected a hub on this machine to pass requests on to (option hub: true). " +
      "A hub elsewhere shows its dashboard itself",
  );
}

/** Socket.IO servers among what is watched. */
function iosOf(things: readonly Target[]): readonly object[] {
  return things.filter(({ where }) => /^targets\.io\b/.test(where)).map(({ value }) => value);
}

/** Tells the address of the application's own server as soon as there is one. */
function mountOn(
  app: AppServer,
  hub: FoundHub,
  parts: {
    readonly ios: readonly object[];
    readonly probe: Probe;
    readonly resolved: ResolvedOptions;
    readonly announcer: Announcer | null;
  },
): Mount {
  const { ios, probe, resolved, announcer } = parts;
  return mountDashboard({
    app,
    ios,
    mount: resolved.mount ?? "/",
    taken: (request) => probe.disregard(request),
    hubUrl: () => hub.provenUrl,
    machineKey: hub.machineKey,
    onListening: (dashboardUrl) => {
      if (hub.code === null) announcer?.say("open", dashboardUrl);
      else announcer?.open(`${dashboardUrl}#code=${hub.code}`);
    },
  });
}

/** The hub that hears what is measured here, wherever it runs. */
interface FoundHub extends Pick<Seat, "url" | "provenUrl" | "code" | "close"> {
  /** The newest that is known. */
  readonly machineKey: () => Uint8Array;
}

async function findHub(probe: Probe, resolved: ResolvedOptions, announcer: Announcer | null): Promise<FoundHub | null> {
  const { place, onError } = resolved;
  if (place.type === "none") return null;
  // A thread gets a copy of the memory behind it, so it must not be a piece of a larger one.
  const ownKey = new Uint8Array(randomBytes(32));
  if (place.type === "remote") {
    const { url, token } = place;
    const remote = linkToRemote({ probe, url, token, announcer, onError });
    return Object.assign(remote, { provenUrl: null, machineKey: () => ownKey });
  }
  // Loaded here, because a process without a hub on its machine needs none of it; the hub itself is loaded in its thread.
  const { readMachineKey } = await import("@wsight/hub/machine-key");
  const machine = createMachineIdentity(await readMachineKey());
  // Without a key that others share, this process can still pass on requests to its own hub.
  const machineKey = (): Uint8Array => ("key" in machine.newest ? machine.newest.key : ownKey);
  const { host = "127.0.0.1", port = 4700 } = resolved.hub;
  const seat = await takeSeat({
    probe,
    hub: { ...resolved.hub, host, port, machineKey: machineKey() },
    token: place.token,
    machine,
    authenticate: createAuthenticate(resolved),
    announcer,
    onError,
  });
  return {
    get url() {
      return seat.url;
    },
    get provenUrl() {
      return seat.provenUrl;
    },
    get code() {
      return seat.code;
    },
    machineKey,
    close: () => seat.close(),
  };
}

function linkOf(hub: FoundHub | null): string | null {
  return hub === null || hub.code === null ? null : `${hub.url}/dashboard#code=${hub.code}`;
}

/** The hub checks what it is answered; here a failure is told, and means nobody. */
function createAuthenticate({
  authenticate,
  onError,
}: ResolvedOptions): (request: MonitorRequest) => Promise<Principal | null> {
  return async (request) => {
    try {
      return (await authenticate?.(request)) ?? null;
    } catch (error) {
      onError(error, { stage: "authenticate", source: "authenticate" });
      return null;
    }
  };
}

function present(probe: Probe, hub: FoundHub | null, mount: Mount | null): Monitor {
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    process.off("beforeExit", close);
    probe.close();
    // Viewers that came through the mount get the hub's goodbye too.
    await hub?.close();
    mount?.close();
  };
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  // The process has nothing left to do: the hub may finish what it writes.
  process.once("beforeExit", close);
  return {
    get url() {
      return hub?.url ?? null;
    },
    get link() {
      return linkOf(hub);
    },
    get mountedUrl() {
      return mount?.url ?? null;
    },
    probe,
    get findings() {
      return probe.findings();
    },
    close,
  };
}
