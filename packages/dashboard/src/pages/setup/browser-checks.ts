import type { DoctorCheck } from "@wsight/protocol";
import { span } from "../../format/quantity.ts";

/** What only the browser knows. */
export interface BrowserFacts {
  /** How figures come: `websocket`, or a way around it; `null` while there is no connection. */
  readonly transport: string | null;
  readonly protocol: string;
  readonly hostname: string;
  readonly port: string;
  /** The hub's clock less this machine's, ms, and how wrong that may be; `null` while nobody was asked. */
  readonly clock: { readonly differenceMs: number; readonly errorMs: number } | null;
}

/** Clocks this far apart make times on the page disagree with the logs of the person who reads them. */
const CLOCK_MS = 2000;
const NGINX = `proxy_http_version 1.1;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header Connection "upgrade";
proxy_read_timeout 1h;`;

/** Checks of the way from this browser to the hub. */
export function checkBrowser(facts: BrowserFacts): readonly DoctorCheck[] {
  return [checkTransport(facts), ...checkTls(facts), ...checkClock(facts)];
}

function checkTransport({ transport }: BrowserFacts): DoctorCheck {
  const head = { id: "page.transport", area: "production", node: null } as const;
  if (transport === "websocket")
    return { ...head, state: "ok", title: "Figures come over a WebSocket", detail: "", fix: null };
  if (transport === null)
    return {
      ...head,
      state: "info",
      title: "No live connection right now",
      detail: "How figures come is known once the page is connected.",
      fix: null,
    };
  return {
    ...head,
    state: "warn",
    title: "Figures come over server-sent events",
    detail:
      "WebSockets to the hub did not open from this browser. Most often a proxy on the way takes the Upgrade header off; your application's own sockets would suffer the same.",
    fix: { text: "Let the proxy pass upgrades on. For nginx, in the location of the hub or the mount:", code: NGINX },
  };
}

/** What the hub sees of TLS it says itself; that a proxy before it has none only the browser sees. */
function checkTls({ protocol, hostname, port }: BrowserFacts): readonly DoctorCheck[] {
  if (protocol === "https:" || isLoopback(hostname)) return [];
  const check: DoctorCheck = {
    id: "page.tls",
    area: "production",
    node: null,
    state: "warn",
    title: "This page came over plain http",
    detail: `Figures, and the cookie that opens them, can be read and changed on the way to ${hostname}. The browser also keeps the clipboard from pages like this one.`,
    fix: {
      text: "Put TLS in front of the hub, or reach it through a tunnel:",
      code: `ssh -L ${port || "80"}:127.0.0.1:${port || "80"} ${hostname}`,
    },
  };
  return [check];
}

function checkClock({ clock }: BrowserFacts): readonly DoctorCheck[] {
  if (clock === null) return [];
  const { differenceMs, errorMs } = clock;
  const head = { id: "page.clock", area: "production", node: null, fix: null } as const;
  const apart = Math.abs(differenceMs);
  if (apart - errorMs < CLOCK_MS)
    return [{ ...head, state: "ok", title: "This machine's clock agrees with the hub's", detail: "" }];
  const way = differenceMs > 0 ? "behind" : "ahead of";
  return [
    {
      ...head,
      state: "warn",
      title: `This machine's clock is ${span(apart)} ${way} the hub's`,
      detail: "Times on this page are the hub's; logs you read beside it may be of another time. Set both by NTP.",
    },
  ];
}

function isLoopback(hostname: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}
