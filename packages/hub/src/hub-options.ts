import type { MessagePort } from "node:worker_threads";
import type { Retention } from "@wsight/protocol";
import type { AuthenticateRequest } from "./access/authenticate.ts";
import type { Principal } from "./access/principal.ts";
import type { JwtOptions } from "./access/token.ts";
import type { HubStage } from "./errors.ts";

/** How a hub is set up; plain data, so that it can cross into a worker thread. */
export interface HubOptions {
  /** TCP port; 0 takes a free one. @default 4700 */
  readonly port?: number;
  /** Address to listen on. Anything but loopback needs `secret` or an `authenticate` callback. @default "127.0.0.1" */
  readonly host?: string;
  /** Directory for the secret and the history; `null` keeps nothing on disk. @default ".wsight" */
  readonly dataDir?: string | null;
  /**
   * Where history is kept instead of in `dataDir`: `postgres://user@host:5432/database`. What can't be stored while it
   * is away waits in a spool. @default the embedded store in `dataDir`
   */
  readonly store?: string;
  /** OTLP receiver over HTTP that figures are sent to, e.g. `http://127.0.0.1:4318`. @default none */
  readonly otlpUrl?: string;
  /** Headers of each request to it, e.g. `{ "api-key": "…" }`. Never printed. @default {} */
  readonly otlpHeaders?: Readonly<Record<string, string>>;
  /** How often they are sent, ms, 1000 to 3,600,000. @default 10_000 */
  readonly otlpIntervalMs?: number;
  /** How often `basic-metrics` is told over Socket.IO, and `/ws/metrics` tells, ms. @default 1000 */
  readonly intervalMs?: number;
  /** How often `database-metrics`, `cache-metrics` and `network-metrics` are told over Socket.IO, ms. @default 5000 */
  readonly mediumIntervalMs?: number;
  /** How often `system-metrics` is told over Socket.IO, ms. @default 30_000 */
  readonly slowIntervalMs?: number;
  /** How often figures of jobs are collected for `GET /api/dashboard/metrics/history`, ms. @default 30_000 */
  readonly jobsIntervalMs?: number;
  /** Signs sessions and tokens (HS256), at least 32 characters. @default made once, kept in the data directory with mode 0600 */
  readonly secret?: string;
  /** Verifies bearer tokens by somebody else's public key instead of `secret`. @default tokens signed with `secret` */
  readonly jwt?: JwtOptions;
  /**
   * Shared by the processes of one user on this machine (see `readMachineKey`): lets in probes that show a token
   * signed with it, and believes the application's servers that pass requests on. `null` does neither. @default null
   */
  readonly machineKey?: Uint8Array | null;
  /**
   * Directory that `machineKey` was read from. It is looked at again, at most once a second, when something comes that
   * is signed with another key: the file may have been made anew. @default not looked at again
   */
  readonly machineKeyDir?: string | null;
  /** Code of the one-time sign-in link, good for 15 minutes; `null` for none. @default null */
  readonly oneTimeCode?: string | null;
  /** True when the starter answers `authenticate` requests (see worker messages). @default false */
  readonly authenticate?: boolean;
  /** Further `Host` names this hub answers to, beside its own address and localhost; with `:port`, only there. @default [] */
  readonly allowedHosts?: readonly string[];
  /** Further `Origin`s whose pages may connect, e.g. `https://ops.example.org`. @default [] */
  readonly allowedOrigins?: readonly string[];
  /** Reverse proxies in front whose `X-Forwarded-For` entries are believed; limits then count clients, not proxies. @default 0 */
  readonly trustProxy?: number;
  /** Directory of the built dashboard. */
  readonly dashboardDir: string;
  /** How often what was measured is written to the store, ms; each second is kept by itself whatever it is. @default 1000 */
  readonly storeIntervalMs?: number;
  /** How long each tier of history is kept, ms. @default 1 s for a day, 10 s for 2, 1 min for 7, 5 min for 30, 1 h for 400 */
  readonly retention?: Retention;
  /** Nothing is kept longer than this, ms. @default no such limit */
  readonly retentionMs?: number;
  /** The embedded store takes at most this many bytes; the oldest of the finest tier goes first. @default no limit */
  readonly storeMaxBytes?: number;
  /** Live connections at once, over all principals. @default 1000 */
  readonly maxViewers?: number;
  /** Requests per minute from one address, and of one principal. @default 600 */
  readonly requestsPerMinute?: number;
  /** Live connections at once from one address, and of one principal. @default 50 */
  readonly viewersPerAddress?: number;
  /** File of the process that runs tests (`@wsight/load` has one); `null` runs none. @default null */
  readonly testEntry?: string | null;
  /**
   * Hosts (`host` or `host:port`) that tests over the API may be aimed at, beside servers that processes of this
   * machine listen with; these take heavy load in production too. @default []
   */
  readonly testTargets?: readonly string[];
  /**
   * Where people reach this hub, for links in notices: `https://wsight.example.org/monitor`. @default its own address
   */
  readonly publicUrl?: string;
  /**
   * Hosts (`host`, `host:port` or a CIDR range) that channels like webhooks may reach although they are private,
   * loopback or link-local. @default []
   */
  readonly notifyHosts?: readonly string[];
  /** How often this hub was restarted by its supervisor, and why last; shown on the page. */
  readonly restarts?: { readonly count: number; readonly last: string | null };
  /**
   * Another hub kept the same history until just now: what processes counted under it is stored already.
   * @default true after a restart
   */
  readonly succeeds?: boolean;
  /** How long a port that is in use is tried again, ms: the hub before may be about to let go of it. @default 0 */
  readonly portPatienceMs?: number;
  /** Runs for itself: no process that joined takes over at once when it ends, as it will be started again. @default false */
  readonly standalone?: boolean;
  /** Worker only: gets ready, says so, and listens when told to. @default false */
  readonly standby?: boolean;
  /** Of a standby: runs a hub for a moment that nobody sees, so as to listen and answer without delay later. @default false */
  readonly rehearse?: boolean;
}

/** What may be said of a hub as late as when it is to listen. */
export type HubChanges = Partial<Omit<HubOptions, "authenticate" | "standby" | "rehearse">>;

/** What the starter of a hub worker may post to it. `link` carries the `MessagePort` in its transfer list. */
export type ToHubWorker =
  /** Ends a standby, with what has changed since it was started. */
  | { readonly type: "listen"; readonly changes: HubChanges }
  | { readonly type: "link"; readonly port: MessagePort }
  | {
      readonly type: "authenticated";
      readonly id: number;
      readonly principal: Principal | null;
    }
  | { readonly type: "close" };

/** What a hub worker posts to its starter. */
export type FromHubWorker =
  /** A standby could listen now. */
  | { readonly type: "ready" }
  | { readonly type: "listening"; readonly url: string; readonly host: string; readonly port: number }
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "code-used" }
  | {
      readonly type: "authenticate";
      readonly id: number;
      readonly request: AuthenticateRequest;
    }
  /** Something failed in the background; the hub goes on. At most one a stage and 10 s. */
  | { readonly type: "trouble"; readonly stage: HubStage; readonly message: string }
  | { readonly type: "closed" };
