import type { Finding } from "@wsight/protocol";
import type { Integration, IntegrationHandle, ProbeContext } from "../../integration.ts";
import { isSecure, loopbackUrls } from "../listening.ts";
import { HttpMeter } from "./http-meter.ts";

/** The parts of a `http.Server` or `https.Server` that are used. */
export interface HttpServerLike {
  readonly listening: boolean;
  readonly keepAliveTimeout?: number;
  readonly requestTimeout?: number;
  address(): unknown;
  getConnections(done: (error: Error | null, count: number) => void): unknown;
  readonly setSecureContext?: unknown;
}

/** Watches `http.Server`s. */
export const http: Integration = {
  library: "http",
  detect: (target) => isHttpServer(target) && !isSecure(target),
  attach: (target, server, context) => attachServer(target as HttpServerLike & object, "http", server, context),
};

/** Watches `https.Server`s. */
export const https: Integration = {
  library: "https",
  detect: (target) => isHttpServer(target) && isSecure(target),
  attach: (target, server, context) => attachServer(target as HttpServerLike & object, "https", server, context),
};

/** True for servers of `http` and `https`; those of HTTP/2 publish nothing and are not. */
export function isHttpServer(value: unknown): value is HttpServerLike & object {
  if (typeof value !== "object" || value === null || "updateSettings" in value) return false;
  return "headersTimeout" in value && "getConnections" in value && "listening" in value && "address" in value;
}

function attachServer(
  target: HttpServerLike & object,
  library: string,
  server: string,
  context: ProbeContext,
): IntegrationHandle {
  const meter = new HttpMeter(context.registry, server);
  const watch = watchPlace(() => [target], { library, server, context });
  const ends = [context.http.watchServer(target, meter), watch.end, () => meter.end()];
  return {
    finding: () => watch.finding(null, [], describeTimeouts(target)),
    detach() {
      for (const end of ends) end();
    },
  };
}

/** What is known of a server beside its requests. */
export interface PlaceWatch {
  /** The finding as it stands now: what can't be measured, then facts. */
  readonly finding: (version: string | null, gaps: readonly string[], facts: readonly string[]) => Finding;
  readonly end: () => void;
}

/**
 * Shows whether servers listen and where, and how many connections they have.
 * @param servers those there are now; none while nobody knows
 */
export function watchPlace(
  servers: () => readonly HttpServerLike[],
  { library, server, context }: { readonly library: string; readonly server: string; readonly context: ProbeContext },
): PlaceWatch {
  let connections = Number.NaN;
  let told = "";
  const urls = (): string[] =>
    servers().flatMap((one) =>
      loopbackUrls(() => ({ address: one.address(), scheme: "http", secure: isSecure(one), path: "/" })),
    );
  const ends = [
    context.registry.gauge("http.server.active_connections", { "http.server": server }, () => connections),
    context.pull({
      name: `${server} connections`,
      tier: "medium",
      async read() {
        const counts = await Promise.all(servers().map(countConnections));
        connections = counts.length === 0 ? Number.NaN : counts.reduce((sum, count) => sum + count, 0);
      },
    }),
    context.provideComponent({
      kind: "network",
      name: server,
      library,
      isUp: () => servers().some(({ listening }) => listening),
    }),
    context.onTick(() => {
      // It may begin to listen after it was found.
      if (urls().join() !== told) context.foundChanged();
    }),
  ];
  return {
    finding(version, gaps, facts) {
      const off = context.http.measuring ? [] : ["switched off after repeated faults of the probe"];
      const listening = urls();
      told = listening.join();
      return {
        library,
        server,
        version,
        state: off.length + gaps.length === 0 ? "attached" : "partial",
        notes: [...off, ...gaps, ...facts],
        ...(listening.length === 0 ? {} : { urls: listening }),
      };
    },
    end() {
      for (const end of ends) end();
    },
  };
}

function countConnections(server: HttpServerLike): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

function describeTimeouts({ keepAliveTimeout, requestTimeout }: HttpServerLike): string[] {
  const facts: string[] = [];
  if (typeof keepAliveTimeout === "number") facts.push(`keep-alive timeout ${keepAliveTimeout / 1000} s`);
  if (typeof requestTimeout === "number" && requestTimeout > 0)
    facts.push(`request timeout ${requestTimeout / 1000} s`);
  return facts;
}
