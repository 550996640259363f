import { STATUS_CODES } from "node:http";
import { type Labels, OTHER } from "@wsight/protocol";
import { CappedSet } from "../../instruments/capped.ts";
import type { Counter, Distribution } from "../../instruments/instruments.ts";
import type { Registry } from "../../registry.ts";

/** Methods that have a name of their own in labels, as OpenTelemetry lists them. */
const METHODS: ReadonlySet<string> = new Set([
  "CONNECT",
  "DELETE",
  "GET",
  "HEAD",
  "OPTIONS",
  "PATCH",
  "POST",
  "PUT",
  "TRACE",
]);
const OTHER_METHOD = "_OTHER";
/** Routes of one server that have series of their own. */
const MAX_ROUTES = 200;
/** Status codes that nobody has registered and that have series of their own, of one server. */
const MAX_STRANGE_CODES = 16;

/** Requests of one route by one method. */
interface MethodSeries {
  readonly labels: Labels;
  readonly durations: Map<string, Distribution>;
  aborted: Counter | null;
}

interface RouteSeries {
  readonly route: string;
  readonly methods: Map<string, MethodSeries>;
}

/**
 * The figures of one HTTP server, or of an application whose server nobody
 * named. Series are made when they are first needed: by route (patterns, at
 * most 200, then `_other`), method and status. Codes that nobody has registered
 * are told apart as far as there are 16, further ones as `4xx` and the like:
 * an application may pass on what clients or other servers choose.
 */
export class HttpMeter {
  /** Requests that are being answered. */
  active = 0;
  readonly #registry: Registry;
  readonly #labels: Labels;
  readonly #routes: CappedSet<RouteSeries>;
  readonly #strangeCodes = new Set<number>();
  readonly #received: Counter;
  readonly #sent: Counter;
  readonly #endGauge: () => void;
  /** Requests come in runs of one kind: the newest kind is found without three look-ups. */
  #newest: { method: string; route: string; status: unknown; duration: Distribution } | null = null;

  /** @param server what its series carry as `http.server` */
  constructor(registry: Registry, server: string) {
    this.#registry = registry;
    this.#labels = { "http.server": server };
    this.#routes = new CappedSet(MAX_ROUTES, (route) => ({ route, methods: new Map() }));
    this.#received = this.#bytes("receive");
    this.#sent = this.#bytes("transmit");
    this.#endGauge = registry.gauge("http.server.active_requests", this.#labels, () => this.active);
  }

  /** Counts a request whose reply was sent. */
  finished(method: string, route: string, status: unknown, seconds: number): void {
    let newest = this.#newest;
    if (newest === null || newest.status !== status || newest.method !== method || newest.route !== route) {
      newest = { method, route, status, duration: this.#durationOf(method, route, status) };
      this.#newest = newest;
    }
    newest.duration.record(seconds);
  }

  /** Counts a request whose client was gone before the reply was sent. */
  aborted(method: string, route: string): void {
    const series = this.#seriesOf(method, route);
    series.aborted ??= this.#registry.counter("http.server.aborted_requests", series.labels);
    series.aborted.value++;
  }

  /** Counts bytes of its connections. */
  moved(received: number, sent: number): void {
    this.#received.value += received;
    this.#sent.value += sent;
  }

  /** Ends what is read at every snapshot. */
  end(): void {
    this.#endGauge();
  }

  #durationOf(method: string, route: string, status: unknown): Distribution {
    const { durations, labels } = this.#seriesOf(method, route);
    const name = this.#nameOf(status);
    let duration = durations.get(name);
    if (duration === undefined) {
      duration = this.#registry.histogram("http.server.request.duration", {
        ...labels,
        "http.response.status_code": name,
      });
      durations.set(name, duration);
    }
    return duration;
  }

  /** An application may set anything as its status once the head is sent. */
  #nameOf(status: unknown): string {
    const code = typeof status === "number" || typeof status === "string" ? Number(status) : Number.NaN;
    if (!Number.isInteger(code) || code < 100 || code > 999) return OTHER;
    if (code in STATUS_CODES || this.#strangeCodes.has(code)) return String(code);
    if (this.#strangeCodes.size >= MAX_STRANGE_CODES) return `${Math.floor(code / 100)}xx`;
    this.#strangeCodes.add(code);
    return String(code);
  }

  #seriesOf(method: string, route: string): MethodSeries {
    const { methods, route: known } = this.#routes.get(route);
    const series = methods.get(method);
    if (series !== undefined) return series;
    const name = METHODS.has(method) ? method : OTHER_METHOD;
    const made: MethodSeries = methods.get(name) ?? {
      labels: { ...this.#labels, "http.request.method": name, "http.route": known },
      durations: new Map(),
      aborted: null,
    };
    methods.set(name, made);
    return made;
  }

  #bytes(direction: string): Counter {
    return this.#registry.counter("http.server.io", { ...this.#labels, "network.io.direction": direction });
  }
}
