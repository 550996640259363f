import type { Finding } from "@wsight/protocol";
import type { ProbeContext } from "../../integration.ts";
import { type HttpServerLike, isHttpServer, watchPlace } from "./http.ts";
import type { Exchange } from "./http-line.ts";
import { HttpMeter } from "./http-meter.ts";

/** Counts requests that reach an application whose server nobody named. */
export interface AppPlace {
  /** The exchange of a request that reached the application; `null` when it can't be followed. */
  readonly enter: (request: unknown) => Exchange | null;
  readonly meter: () => HttpMeter;
  readonly finding: (version: string | null, gaps: readonly string[], facts: readonly string[]) => Finding;
  readonly end: () => void;
}

/**
 * An application is no server: where its requests come from is learnt from the
 * requests. Its series and its state are shown from its first request on that no watched
 * server counts: beside a server that is watched, the application only says the routes.
 */
export function watchAppPlace(names: {
  readonly library: string;
  readonly server: string;
  readonly context: ProbeContext;
}): AppPlace {
  const { library, server, context } = names;
  const servers = new Set<HttpServerLike>();
  const known = new WeakSet<object>();
  const endWatch = context.http.watchApp();
  let meter: HttpMeter | null = null;
  let place: ReturnType<typeof watchPlace> | null = null;

  const makeMeter = (): HttpMeter => {
    meter ??= new HttpMeter(context.registry, server);
    return meter;
  };

  function meet(found: object): void {
    if (known.has(found)) return;
    known.add(found);
    if (!isHttpServer(found)) return;
    servers.add(found);
    place ??= watchPlace(() => [...servers], names);
    context.foundChanged();
  }

  return {
    meter: makeMeter,
    enter(request) {
      const exchange = context.http.enter(request, makeMeter);
      if (exchange !== null && meter !== null && exchange.meter === meter) meet(exchange.server);
      return exchange;
    },
    finding(version, gaps, facts) {
      if (place !== null) return place.finding(version, gaps, facts);
      return {
        library,
        server,
        version,
        state: gaps.length === 0 ? "attached" : "partial",
        notes: [...gaps, ...facts],
      };
    },
    end() {
      endWatch();
      place?.end();
      meter?.end();
      servers.clear();
    },
  };
}
