import type { HubOptions, HubStage, Principal } from "@wsight/hub";
import type { ProbeOptions, Stage as ProbeStage } from "@wsight/probe";

/** What can be watched, by the name it has in {@link MonitorTargets}. */
export interface MonitorTargets {
  /** Socket.IO servers. */
  readonly io?: unknown;
  /** `WebSocketServer`s of `ws`. */
  readonly wss?: unknown;
  /** Applications of Express 4 or 5, Fastify 5 or Hono, whose routes are then known by their patterns. */
  readonly app?: unknown;
  /** `Pool`s of `pg`. */
  readonly pool?: unknown;
  /** Clients of `ioredis`, `redis` or `@upstash/redis`. */
  readonly redis?: unknown;
  /** `PrismaClient`s, extended with `prismaExtension()`. */
  readonly prisma?: unknown;
  /** `Queue`s of BullMQ: what is added, and how full they are. */
  readonly queue?: unknown;
  /** `Worker`s of BullMQ: what they do with jobs. */
  readonly worker?: unknown;
  /** `QueueEvents` of BullMQ, for jobs whose workers run where nothing is watched. */
  readonly queueEvents?: unknown;
  /**
   * The application's own `http.Server` or `https.Server`, a Fastify instance, or what `app.listen()` or `serve()`
   * returned: the dashboard is shown there too, see the option `mount`, and its requests are watched. Without `server`
   * and `app`, servers that `io` and `wss` hang on are watched.
   */
  readonly server?: unknown;
}

/** Where a failure in the background happened: in the probe, in the hub, or in between. */
export type MonitorStage = ProbeStage | HubStage | "hub-worker";

/** A request to the dashboard or its API, as `authenticate` gets to see it. */
export interface MonitorRequest {
  readonly method: string;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
}

type FromHub = Pick<
  HubOptions,
  | "port"
  | "store"
  | "host"
  | "secret"
  | "jwt"
  | "allowedHosts"
  | "allowedOrigins"
  | "storeIntervalMs"
  | "jobsIntervalMs"
  | "retention"
  | "retentionMs"
  | "storeMaxBytes"
  | "otlpUrl"
  | "otlpHeaders"
  | "otlpIntervalMs"
  | "maxViewers"
  | "requestsPerMinute"
  | "viewersPerAddress"
  | "trustProxy"
  | "testTargets"
  | "publicUrl"
  | "notifyHosts"
>;

/**
 * How an application is monitored. Settings that are text, numbers or switches
 * can also be given as environment variables: `intervalMs` is
 * `WSIGHT_INTERVAL_MS`. What is passed here wins.
 */
export interface MonitorOptions extends Omit<ProbeOptions, "onError">, FromHub {
  /** Directory for the secret and the history; `null` keeps nothing on disk. @default ".wsight" */
  readonly data?: string | null;
  /**
   * Where the hub (dashboard and API) is. `true`: on this machine; the first
   * process to have the port runs it in a worker thread, further ones join it.
   * `ws://host:4700` or `wss://host`: elsewhere; needs `token`, and nothing is
   * started here. `false`: nowhere; this process only measures. @default true
   */
  readonly hub?: boolean | string;
  /**
   * Token by which a hub that is not this user's takes what is measured:
   * `wsight token --role probe --sub SERVICE --ttl 90d`, made where the hub
   * runs. Never printed. @default none; on one machine none is needed
   */
  readonly token?: string;
  /** Path below which the application's own server shows the dashboard; see `server` in the targets. @default "/" */
  readonly mount?: string;
  /**
   * Connections this process is meant to take, for the pool's utilisation.
   * @default on Linux the limit of open files less what else is open; elsewhere unknown
   */
  readonly capacity?: number;
  /** Names of payload fields that a live tail may show. @default [] (no payload leaves the process) */
  readonly tailFields?: readonly string[];
  /** Messages whose handling took longer than this, in ms, are listed as slow. @default 100 */
  readonly slowMs?: number;
  /** Lets administrators end single connections from the dashboard. @default true */
  readonly allowDisconnect?: boolean;
  /** Prints nothing. @default false: what was found, the link, and restarts of the hub go to stderr */
  readonly quiet?: boolean;
  /**
   * Says who is asking, beside tokens and sessions; `null` for nobody. Has
   * 2 s; a throw, a late answer or anything but a principal lets nobody in.
   */
  readonly authenticate?: (request: MonitorRequest) => Principal | null | Promise<Principal | null>;
  /** Hears of failures in the background; none of them reaches the application. @default a line on stderr */
  readonly onError?: (error: unknown, context: { readonly stage: MonitorStage; readonly source: string }) => void;
}
