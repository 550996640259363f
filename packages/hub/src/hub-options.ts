/** How a hub is set up; plain data, so that it can cross into a worker thread. */
export interface HubOptions {
  /** TCP port; 0 takes a free one. @default 4700 */
  readonly port?: number;
  /** Address to listen on. Anything but loopback needs `secret` or an `authenticate` callback. @default "127.0.0.1" */
  readonly host?: string;
  /** Directory for the secret and the history; `null` keeps nothing on disk. @default ".wsight" */
  readonly dataDir?: string | null;
  /** Signs sessions and tokens (HS256), at least 32 characters. @default made once, kept in the data directory with mode 0600 */
  readonly secret?: string;
  /** Code of the one-time sign-in link; `null` for none. */
  readonly oneTimeCode?: string | null;
  /** True when the starter answers `authenticate` requests (see worker messages). @default false */
  readonly authenticate?: boolean;
  /** Further `Host` names this hub answers to, beside its own address and localhost. @default [] */
  readonly allowedHosts?: readonly string[];
  /** Further `Origin`s whose pages may connect, e.g. `https://ops.example.org`. @default [] */
  readonly allowedOrigins?: readonly string[];
  /** Directory of the built dashboard. */
  readonly dashboardDir: string;
  /** How often a point of history is stored, ms. @default 300_000 */
  readonly storeIntervalMs?: number;
  /** History older than this is deleted, ms. @default 604_800_000 (7 days) */
  readonly retentionMs?: number;
  /** Live connections at once, over all principals. @default 1000 */
  readonly maxViewers?: number;
  /** Requests per minute from one address. @default 600 */
  readonly requestsPerMinute?: number;
  /** Live connections at once from one address. @default 50 */
  readonly viewersPerAddress?: number;
  /** How often this hub was restarted by its supervisor, and why last; shown on the page. */
  readonly restarts?: { readonly count: number; readonly last: string | null };
}

/** What the starter of a hub worker may post to it. `link` carries the `MessagePort` in its transfer list. */
export type ToHubWorker =
  | { readonly type: "link"; readonly port: import("node:worker_threads").MessagePort }
  | {
      readonly type: "authenticated";
      readonly id: number;
      readonly principal: import("./access/principal.ts").Principal | null;
    }
  | { readonly type: "close" };

/** What a hub worker posts to its starter. */
export type FromHubWorker =
  | { readonly type: "listening"; readonly url: string; readonly host: string; readonly port: number }
  | { readonly type: "failed"; readonly code: string; readonly message: string }
  | { readonly type: "code-used" }
  | {
      readonly type: "authenticate";
      readonly id: number;
      readonly request: {
        readonly method: string;
        readonly url: string;
        readonly headers: Readonly<Record<string, string | readonly string[]>>;
      };
    }
  | { readonly type: "closed" };
