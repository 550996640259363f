import type { HttpMeter } from "./http-meter.ts";

const SAID_ROUTE: unique symbol = Symbol.for("wsight.route") as never;

/** The parts of a connection's socket that are used; streams of other kinds have no counts of bytes. */
export interface SocketLike {
  readonly destroyed: boolean;
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
}

/** The parts of an `IncomingMessage` that are used. */
export interface RequestLike {
  readonly method?: string;
  readonly socket?: object | null;
  /** Where a router of the application's own says the pattern that took the request: `"/users/:id"`. */
  readonly [SAID_ROUTE]?: unknown;
}

/** Says the route of a request when it ends: a pattern, or `""`. */
export type FindRoute = (exchange: Exchange) => string;

/** One request and its reply. */
export class Exchange {
  /** Where it is counted; `null` while nobody counts it. */
  meter: HttpMeter | null;
  /** Pattern of the route that took it, where the framework says it at once. */
  route = "";
  /** Says the route at the end, where finding it takes work. */
  findRoute: FindRoute | null = null;
  /** What a framework calls the route, for {@link findRoute}. */
  takenBy: object | null = null;
  /** Concrete path below which that route's router is mounted. Never told. */
  base = "";
  /** Application that router belongs to. */
  app: unknown = null;
  /** True once somebody said that it is no HTTP request of the application. */
  disregarded = false;
  /** The one that came after it on the same connection, while this one is not answered. */
  next: Exchange | null = null;
  readonly request: RequestLike;
  /** Node's server that it came to. */
  readonly server: object;
  readonly line: Line;
  /** Monotonic, ms. */
  readonly startedAt: number;

  constructor(
    begun: { readonly request: RequestLike; readonly server: object },
    line: Line,
    meter: HttpMeter | null,
    startedAt: number,
  ) {
    this.request = begun.request;
    this.server = begun.server;
    this.line = line;
    this.meter = meter;
    this.startedAt = startedAt;
  }
}

/** One connection. Replies leave it in the order of their requests. */
export interface Line {
  readonly socket: SocketLike;
  /** The oldest request that is not answered; pipelined ones follow it. */
  first: Exchange | null;
  last: Exchange | null;
  /** Whose requests it carried; its bytes are theirs. */
  meter: HttpMeter | null;
  received: number;
  sent: number;
  /** True while it is among those that the next sweep looks at. */
  listed: boolean;
  /** It carried a request that is counted to its end. */
  carried: boolean;
  /** It carries requests that are not counted too: its bytes are told apart request by request. */
  mixed: boolean;
}

/** Puts a request behind those that are not answered. */
export function append(line: Line, exchange: Exchange): void {
  if (line.last === null) line.first = exchange;
  else line.last.next = exchange;
  line.last = exchange;
}

/** Takes the exchange of a request out of its line; nearly always it is the first. */
export function take(line: Line, request: RequestLike): Exchange | null {
  let before: Exchange | null = null;
  for (let exchange = line.first; exchange !== null; exchange = exchange.next) {
    if (exchange.request === request) {
      if (before === null) line.first = exchange.next;
      else before.next = exchange.next;
      if (line.last === exchange) line.last = before;
      return exchange;
    }
    before = exchange;
  }
  return null;
}

/** Counts a request whose client is gone. */
export function abort(exchange: Exchange): void {
  const { meter, request } = exchange;
  if (meter === null) return;
  exchange.meter = null;
  meter.active--;
  meter.aborted(request.method ?? "", routeOf(exchange));
}

/** The pattern of the route that took a request, `""` for none. */
export function routeOf(exchange: Exchange): string {
  if (exchange.findRoute !== null) return exchange.findRoute(exchange);
  return exchange.route === "" ? saidRoute(exchange.request) : exchange.route;
}

/** Only what was put there for wsight: other properties of that kind (`request.route`) may hold a concrete path. */
function saidRoute(request: RequestLike): string {
  const route = request[SAID_ROUTE];
  return typeof route === "string" ? route : "";
}

/** Counts what moved on a connection since the last time, or lets it go uncounted. Returns whether something did. */
export function settle(line: Line, meter: HttpMeter | null): boolean {
  const [received, sent] = bytesOf(line.socket);
  const moved = received !== line.received || sent !== line.sent;
  if (moved) meter?.moved(received - line.received, sent - line.sent);
  line.received = received;
  line.sent = sent;
  return moved;
}

/** Bytes a connection has moved; zeros for streams that do not count. */
export function bytesOf({ bytesRead, bytesWritten }: SocketLike): [received: number, sent: number] {
  return [bytesRead ?? 0, bytesWritten ?? 0];
}
