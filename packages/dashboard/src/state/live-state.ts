import { LiveConnection } from "../connection/connection.ts";
import {
  type AddressBar,
  type Attention,
  browserAddressBar,
  browserAttention,
  browserClock,
  type Clock,
  type FetchLike,
} from "../connection/environment.ts";
import { createSessionApi } from "../connection/session-api.ts";
import { type SocketFactory, webSockets } from "../connection/socket.ts";
import type { LiveState } from "./live.ts";
import { LiveModel } from "./live-model.ts";

/** Where the page stands and what it runs on. All but `base` default to the browser's. */
export interface LiveStateOptions {
  /** Address of the page, `<mount>/dashboard/`; the hub's API is beside it. */
  readonly base: URL;
  readonly clock?: Clock;
  readonly socket?: SocketFactory;
  readonly fetch?: FetchLike;
  readonly attention?: Attention;
  readonly addressBar?: AddressBar;
}

/** Connects to the hub beside `base` and keeps what it says. */
export function createLiveState(options: LiveStateOptions): LiveState {
  const {
    clock = browserClock(),
    socket: sockets = webSockets(WebSocket),
    fetch: fetchLike = (input, init) => fetch(input, init),
    attention = browserAttention(),
    addressBar = browserAddressBar(),
  } = options;
  const base = folderOf(options.base);
  const url = new URL("../ws/live", base);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const parts = {
    url,
    sockets,
    streamUrl: new URL("../api/live", base),
    fallback: async () => (await import("../connection/fallback.ts")).createFallback(fetchLike, clock),
    clock,
    attention,
    api: createSessionApi(new URL("../api/session", base), fetchLike, clock),
    code: readCode(addressBar.hash()),
    codeSpent: () => {
      // Whoever went to another page meanwhile has a hash that is to stay.
      if (readCode(addressBar.hash()) !== null) addressBar.clearHash();
    },
  };
  return new LiveModel(clock, (sink) => new LiveConnection({ ...parts, sink }));
}

/** The page's folder: opened without the last slash, the API would be looked for one level too high. */
function folderOf(base: URL): URL {
  return base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;
}

function readCode(hash: string): string | null {
  return hash.startsWith("#code=") ? new URLSearchParams(hash.slice(1)).get("code") : null;
}
