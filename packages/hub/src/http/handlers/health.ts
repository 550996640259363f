import type { Route } from "../route.ts";

/** What a hub needs to be of use, each part up or not. */
export interface Readiness {
  readonly store: boolean;
  readonly ingest: boolean;
}

/** Says that the process answers, what it is, and when it began: another time means another hub. */
export function healthRoute(startedAt: number): Route {
  return {
    method: "GET",
    path: "/healthz",
    access: "open",
    summary: "Alive",
    handle: () => ({ json: { status: "ok", name: "wsight", startedAt } }),
  };
}

/** Says whether the hub takes in and keeps what probes send: 503 while a part is down. */
export function readyRoute(readiness: () => Readiness): Route {
  return {
    method: "GET",
    path: "/readyz",
    access: "open",
    summary: "Ready to take in and keep data",
    handle: () => {
      const parts = readiness();
      const ready = parts.store && parts.ingest;
      return { status: ready ? 200 : 503, json: { status: ready ? "ready" : "unavailable", parts } };
    },
  };
}
