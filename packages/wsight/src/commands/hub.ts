import { hostname, networkInterfaces } from "node:os";
import { type MachineKey, readMachineKey } from "@wsight/hub";
import { WsightError } from "@wsight/protocol";
import { type Announcer, createAnnouncer } from "../announcer.ts";
import { type ResolvedOptions, resolveOptions } from "../resolve-options.ts";
import { type HubPort, httpUrl, isWildcard } from "../seat/hub-address.ts";
import { createOwnHub } from "../seat/own-hub.ts";
import { lookAtPort } from "../seat/port-holder.ts";
import type { SettingName } from "../settings.ts";
import type { Command, FlagValues } from "./command.ts";
import { flagOf, readSettings, SHARED_FLAGS, STORE_FLAG } from "./flags.ts";

const FLAGS = {
  ...SHARED_FLAGS,
  allowedHosts: { value: "NAMES", help: "further Host names, e.g. behind a proxy: a.example,b.example" },
  allowedOrigins: { value: "URLS", help: "further origins whose pages may connect" },
  store: STORE_FLAG,
  storeIntervalMs: { value: "MS", help: "how often what was measured is written to the store (1000)" },
  jobsIntervalMs: { value: "MS", help: "how often figures of jobs are collected in memory (30000)" },
  retention: { value: "TIERS", help: "how long each tier is kept (1s=24h,10s=2d,1m=7d,5m=30d,1h=400d)" },
  retentionMs: { value: "MS", help: "nothing is kept longer than this (no such limit)" },
  storeMaxBytes: { value: "BYTES", help: "most bytes of the embedded store; the oldest seconds go first (no limit)" },
  otlpUrl: { value: "URL", help: "send figures to this OTLP receiver over HTTP: http://127.0.0.1:4318" },
  otlpHeaders: { value: "PAIRS", help: "headers for it: name=value,name=value; secrets better in WSIGHT_OTLP_HEADERS" },
  otlpIntervalMs: { value: "MS", help: "how often they are sent (10000)" },
  maxViewers: { value: "N", help: "live connections at once (1000)" },
  viewersPerAddress: { value: "N", help: "live connections at once from one address (50)" },
  trustProxy: { value: "N", help: "reverse proxies in front whose X-Forwarded-For is believed (0)" },
  testTargets: { value: "HOSTS", help: "hosts that tests over the API may be aimed at, beside own servers" },
  publicUrl: { value: "URL", help: "where people reach this hub, for links in notices: https://wsight.example.org" },
  notifyHosts: {
    value: "HOSTS",
    help: "private hosts or ranges that webhooks of alerts may reach: hooks.local,10.0.0.0/8",
  },
  requestsPerMinute: { value: "N", help: "requests from one address, and of one principal (600)" },
} as const satisfies Partial<Record<SettingName, Command["flags"][string]>>;

const NAMES = Object.keys(FLAGS) as (keyof typeof FLAGS)[];

/**
 * `wsight hub`: the hub alone. It runs in a worker thread that is looked after,
 * as it does within an application: there is one way to run a hub, a crash of
 * it is a restart that the page tells of, and this thread stays free to end it.
 */
export const hubCommand: Command = {
  name: "hub",
  summary: "the dashboard and API alone, for applications that send to it",
  flags: Object.fromEntries(NAMES.map((name) => [flagOf(name), FLAGS[name]])),
  async run(values, { stdout, stderr, environment, signal }) {
    const settings = readSettings(values, NAMES);
    // Where this hub's own environment would send measurements is no business of a hub.
    const resolved = resolveOptions({ ...settings, hub: true, onError: toStream(stderr) }, environment);
    const { host = "127.0.0.1", port = 4700 } = resolved.hub;
    await refuseSecondHub({ host, port });
    const announcer = createAnnouncer(stdout, environment);
    const machine = await readMachineKey();
    const over = new AbortController();
    const hub = createOwnHub(
      { probe: null, authenticate: async () => null, onError: resolved.onError },
      {
        ...resolved.hub,
        standalone: true,
        ...("key" in machine ? { machineKey: machine.key, machineKeyDir: machine.dir } : {}),
      },
      (event) => {
        if (event.type === "up") announcer.runsAgain(event.address.url, event.restarts);
        if (event.type === "ousted") over.abort();
      },
    );
    const address = await hub.start();
    announcer.open(`${address.url}/dashboard#code=${hub.code}`);
    explain(announcer, address, resolved, machine, values);
    try {
      await untilAborted(AbortSignal.any([signal, over.signal]));
    } finally {
      await hub.close();
    }
    if (!over.signal.aborted) return 0;
    stderr.write(`wsight: another process took port ${address.port} while the hub restarted\n`);
    return 1;
  },
};

async function refuseSecondHub(address: HubPort): Promise<void> {
  if (address.port === 0 || (await lookAtPort(address)) !== "hub") return;
  throw new WsightError(
    "LISTEN_FAILED",
    `A hub runs at ${httpUrl(address)} already, perhaps within an application. End it, or choose another port with --port or WSIGHT_PORT`,
  );
}

/** How applications find this hub. */
function explain(
  announcer: Announcer,
  { host, port }: HubPort,
  { hub: { dataDir, allowedHosts = [] } }: ResolvedOptions,
  machine: MachineKey,
  { data }: FlagValues,
): void {
  const name = isWildcard(host) ? (allowedHosts.find((known) => !known.includes(":")) ?? ownAddress()) : host;
  const where = data === undefined || dataDir === null ? "" : ` --data ${data}`;
  const url = `ws://${name.includes(":") ? `[${name}]` : name}:${port}`;
  announcer.say(
    "send",
    `WSIGHT_HUB=${url} WSIGHT_TOKEN=$(npx wsight token --role probe --sub chat --ttl 90d${where}) node app.js`,
  );
  announcer.say(
    "local",
    "problem" in machine
      ? `applications of this machine need that too: ${machine.problem}`
      : `your applications on this machine join by themselves${port === 4700 ? "" : ` with WSIGHT_PORT=${port}`}`,
  );
  announcer.say("stop", "Ctrl-C");
}

/** How other machines reach this one: a plain address needs no `--allowed-hosts`, a name would. */
function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return all.find(({ family, internal }) => family === "IPv4" && !internal)?.address ?? hostname();
}

function toStream(stderr: { write(text: string): unknown }): ResolvedOptions["onError"] {
  return (error, { stage }) =>
    void stderr.write(`wsight: hub (${stage}): ${error instanceof Error ? error.message : String(error)}\n`);
}

/** Keeps the process alive until then: the hub by itself does not. */
function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const hold = setInterval(() => undefined, 2 ** 30);
    const end = (): void => {
      clearInterval(hold);
      resolve();
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end, { once: true });
  });
}
