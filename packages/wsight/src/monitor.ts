import { randomBytes } from "node:crypto";
import type { Principal } from "@wsight/hub";
import { createPortLink, createProbe, type Probe } from "@wsight/probe";
import { type Finding, WsightError } from "@wsight/protocol";
import { type Announcer, createAnnouncer, type TextStream } from "./announcer.ts";
import { createHubSupervisor, type HubSupervisor } from "./hub-supervisor.ts";
import type { MonitorOptions, MonitorRequest, MonitorTargets } from "./monitor-options.ts";
import type { AppServer } from "./mount/app-server.ts";
import { type Mount, mountDashboard } from "./mount/mount.ts";
import { type ResolvedOptions, resolveOptions } from "./resolve-options.ts";
import { parseAppServer, parseTargets } from "./targets.ts";

/** A monitored application. */
export interface Monitor {
  /** Where the hub listens, `http://127.0.0.1:4700`; `null` without a hub. */
  readonly url: string | null;
  /** Where the application's own server shows the dashboard; `null` when it is not mounted, or not listening yet. */
  readonly mountedUrl: string | null;
  /** Opens the dashboard and signs in, once, within 15 minutes; `null` without a hub. */
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
  const app = parseAppServer(targets, resolved.mount !== null, things);
  if (app !== null && resolved.place.type !== "machine") throw nothingToMount();
  const announcer = resolved.quiet ? null : createAnnouncer(stream);
  const probe = createProbe(resolved.probe);
  try {
    for (const { value } of things) probe.attach(value);
    const hub = resolved.place.type === "machine" ? await startHub(probe, resolved, announcer) : null;
    announcer?.found(probe.findings());
    const mount = app === null || hub === null ? null : mountOn(app, hub, resolved, announcer);
    if (hub !== null && mount?.url == null) announcer?.open(hub.link);
    return present(probe, hub, mount);
  } catch (error) {
    probe.close();
    throw error;
  }
}

function nothingToMount(): WsightError {
  return new WsightError(
    "BAD_OPTION",
    "server, mount: expected a hub on this machine to pass requests on to (option hub: true). " +
      "A hub elsewhere shows its dashboard itself",
  );
}

/** Tells the address of the application's own server as soon as there is one. */
function mountOn(app: AppServer, hub: RunningHub, { mount }: ResolvedOptions, announcer: Announcer | null): Mount {
  const { url, code, machineKey } = hub;
  return mountDashboard({
    app,
    mount: mount ?? "/",
    hubUrl: () => url,
    machineKey,
    onListening: (dashboardUrl) => announcer?.open(`${dashboardUrl}#code=${code}`),
  });
}

interface RunningHub {
  readonly url: string;
  readonly code: string;
  readonly machineKey: Uint8Array;
  readonly link: string;
  readonly supervisor: HubSupervisor;
}

async function startHub(probe: Probe, resolved: ResolvedOptions, announcer: Announcer | null): Promise<RunningHub> {
  const code = randomBytes(18).toString("base64url");
  const { onError } = resolved;
  // A thread gets a copy of the memory behind it, so it must not be a piece of a larger one.
  const machineKey = new Uint8Array(randomBytes(32));
  const hub = { ...resolved.hub, machineKey };
  const supervisor = createHubSupervisor({
    entry: new URL(import.meta.resolve("@wsight/hub/worker")),
    hub,
    code,
    link: (port) => probe.connect(createPortLink(port)),
    authenticate: createAuthenticate(resolved),
    onTrouble: (message, stage) => onError(new Error(message), { stage, source: "hub" }),
    onEvent: (event) => {
      if (event.type === "up") announcer?.runsAgain(event.address.url, event.restarts);
      else onError(describeEnd(event.reason, event.retryInMs), { stage: "hub-worker", source: "hub" });
    },
  });
  const { url } = await supervisor.start();
  return { url, code, machineKey, link: `${url}/dashboard#code=${code}`, supervisor };
}

function describeEnd(reason: string, retryInMs: number): Error {
  const seconds = (retryInMs / 1000).toFixed(1);
  return new Error(`ended: ${reason}. The application goes on; the hub restarts in ${seconds} s`);
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

function present(probe: Probe, hub: RunningHub | null, mount: Mount | null): Monitor {
  let closing: Promise<void> | undefined;
  const closeAll = async (): Promise<void> => {
    process.off("beforeExit", close);
    probe.close();
    // Viewers that came through the mount get the hub's goodbye too.
    await hub?.supervisor.close();
    mount?.close();
  };
  const close = (): Promise<void> => {
    closing ??= closeAll();
    return closing;
  };
  // The process has nothing left to do: the hub may finish what it writes.
  process.once("beforeExit", close);
  return {
    url: hub?.url ?? null,
    link: hub?.link ?? null,
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
