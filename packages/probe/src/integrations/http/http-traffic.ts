import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Guard } from "../../guard.ts";
import type { Counter } from "../../instruments/instruments.ts";
import {
  abort,
  append,
  bytesOf,
  Exchange,
  type Line,
  type RequestLike,
  routeOf,
  type SocketLike,
  settle,
  take,
} from "./http-line.ts";
import type { HttpMeter } from "./http-meter.ts";

/** What Node publishes when a request begins and when its reply was sent. */
interface Moment {
  readonly request: RequestLike;
  readonly response: { readonly statusCode: unknown };
  readonly socket: SocketLike;
  readonly server: object;
}

/** Connections that are listed before a sweep is made at once, however long the interval is. */
const MIN_LISTED = 1024;
const SOURCE = "http";

/** What the traffic is watched with. */
export interface HttpTrafficContext {
  readonly guard: Guard;
  readonly hookCalls: Counter;
  /** Monotonic clock, ms. */
  readonly hr: () => number;
}

/**
 * Every HTTP request of this thread's servers, by Node's own channels: one
 * tells that a request came, one that its reply was sent. Nothing is added to a
 * server, a request, a reply or a socket, so there is nothing to find, to
 * remove or to clean up, and no reply carries a listener more.
 *
 * No channel tells of a request that is cut off, and of pipelined ones behind
 * it not even the reply's `close` does. So connections with recent requests are
 * looked at each second: on a destroyed one, what is not answered was aborted.
 * The same look reads their counts of bytes, instead of each request. A reply
 * that "was sent" on a destroyed connection was not: Node says so when the
 * system refuses what is left of it.
 *
 * Bounded: one record per connection that carried a request, held weakly; the
 * list to look at holds each connection once, idle ones leave it.
 */
export class HttpTraffic {
  readonly #context: HttpTrafficContext;
  /** Servers that were named, and those of applications: a name wins. */
  readonly #servers = new Map<object, { named: HttpMeter | null; ofApp: HttpMeter | null }>();
  readonly #owners = new Set<(server: object) => HttpMeter | null>();
  #lines = new WeakMap<object, Line>();
  #listed: Line[] = [];
  /** A reply mostly goes out before the next request is read. */
  #newest: Line | null = null;
  #limit = MIN_LISTED;
  #users = 0;
  #on = true;

  constructor(context: HttpTrafficContext) {
    this.#context = context;
  }

  /** False after ten faults: nothing is counted any more. */
  get measuring(): boolean {
    return this.#on;
  }

  /** Counts all requests of a server from now on. Returns how to end it. */
  watchServer(server: object, meter: HttpMeter): () => void {
    const entry = this.#servers.get(server) ?? { named: null, ofApp: null };
    entry.named = meter;
    this.#servers.set(server, entry);
    const end = this.#use();
    return () => {
      if (this.#servers.get(server)?.named === meter) this.#servers.delete(server);
      end();
    };
  }

  /**
   * Lets an application count requests that reach it and that no server counts
   * (see {@link enter}), and all those of servers it owns. Returns how to end it.
   */
  watchApp(owns: (server: object) => HttpMeter | null = () => null): () => void {
    this.#owners.add(owns);
    const end = this.#use();
    return () => {
      this.#owners.delete(owns);
      end();
    };
  }

  /** The exchange of a request that is being answered, if it is known here. */
  find(request: unknown): Exchange | null {
    // Applications mostly ask while the newest is being handed to them; reading its fields would cost more than this.
    const newest = this.#newest?.last ?? null;
    if (newest !== null && newest.request === request) return newest;
    const socket = (request as RequestLike | null | undefined)?.socket;
    if (typeof socket !== "object" || socket === null) return null;
    const line = this.#lines.get(socket);
    if (line === undefined) return null;
    // The newest is asked about most: in pipelines of any length that is one step.
    if (line.last?.request === request) return line.last;
    let exchange = line.first;
    while (exchange !== null && exchange.request !== request) exchange = exchange.next;
    return exchange;
  }

  /** An application got a request: it is counted there, unless its server counts it. */
  enter(request: unknown, meter: () => HttpMeter): Exchange | null {
    const exchange = this.find(request);
    if (exchange === null) return null;
    if (exchange.meter === null && !exchange.disregarded) {
      exchange.meter = meter();
      exchange.meter.active++;
      this.#list(exchange.line, exchange.meter);
    }
    return exchange;
  }

  /** A request is not one of the application's, or is counted elsewhere. Never throws. */
  disregard(request: unknown): void {
    this.#context.guard.run("hook", () => this.#disregard(request), undefined, SOURCE);
  }

  #disregard(request: unknown): void {
    const exchange = this.find(request);
    if (exchange === null || exchange.disregarded) return;
    exchange.disregarded = true;
    const { line } = exchange;
    if (!line.mixed) {
      settle(line, line.carried ? line.meter : null);
      line.mixed = true;
    }
    if (exchange.meter === null) return;
    exchange.meter.active--;
    exchange.meter = null;
  }

  /** Counts requests whose connection is gone, and the bytes of the others. */
  sweep(): void {
    const kept: Line[] = [];
    for (const line of this.#listed) {
      const meter = line.mixed ? (line.first?.meter ?? null) : line.meter;
      if (line.socket.destroyed) {
        for (let exchange = line.first; exchange !== null; exchange = exchange.next) abort(exchange);
        line.first = line.last = null;
      }
      // What is between two requests of a mixed connection is told apart when the next one ends.
      const moved = (!line.mixed || meter !== null) && settle(line, meter);
      // An idle one stays for one more look: a body may still arrive after its reply.
      if (line.first !== null || (moved && !line.socket.destroyed)) kept.push(line);
      else line.listed = false;
    }
    this.#listed = kept;
    this.#newest = null;
    this.#limit = Math.max(MIN_LISTED, kept.length * 2);
  }

  #use(): () => void {
    if (this.#users++ === 0) {
      subscribe("http.server.request.start", this.#begun);
      subscribe("http.server.response.finish", this.#sent);
    }
    let used = true;
    return () => {
      if (!used) return;
      used = false;
      if (--this.#users > 0) return;
      unsubscribe("http.server.request.start", this.#begun);
      unsubscribe("http.server.response.finish", this.#sent);
      this.#lines = new WeakMap();
      this.#listed = [];
      this.#newest = null;
    };
  }

  readonly #begun = (message: unknown): void => {
    if (!this.#on) return;
    try {
      const begun = message as Moment;
      const { socket, server } = begun;
      const meter = this.#meterOf(server);
      if (meter === null && this.#owners.size === 0) return;
      this.#context.hookCalls.value++;
      const line = this.#lineOf(socket);
      append(line, new Exchange(begun, line, meter, this.#context.hr()));
      this.#newest = line;
      if (meter === null) return;
      meter.active++;
      this.#list(line, meter);
    } catch (fault) {
      this.#fail(fault);
    }
  };

  readonly #sent = (message: unknown): void => {
    if (!this.#on) return;
    try {
      const { request, response, socket } = message as Moment;
      const line = this.#newest?.socket === socket ? this.#newest : this.#lines.get(socket);
      if (line === undefined) return;
      const exchange = take(line, request);
      if (exchange === null) return;
      const { meter } = exchange;
      if (line.mixed) settle(line, meter);
      if (meter === null) return;
      line.carried = true;
      this.#context.hookCalls.value++;
      if (socket.destroyed) {
        abort(exchange);
        return;
      }
      meter.active--;
      const seconds = (this.#context.hr() - exchange.startedAt) / 1000;
      meter.finished(request.method ?? "", routeOf(exchange), response.statusCode, seconds);
    } catch (fault) {
      this.#fail(fault);
    }
  };

  #meterOf(server: object): HttpMeter | null {
    const named = this.#servers.get(server)?.named;
    if (named !== undefined && named !== null) return named;
    for (const owns of this.#owners) {
      const meter = owns(server);
      if (meter !== null) return meter;
    }
    return null;
  }

  #lineOf(socket: SocketLike): Line {
    const known = this.#lines.get(socket);
    if (known !== undefined) return known;
    // One that has been answered before is older than the watch: what it carried until now is not counted.
    const [received, sent] = bytesOf(socket);
    const isNew = sent === 0;
    const line: Line = {
      socket,
      first: null,
      last: null,
      meter: null,
      received: isNew ? 0 : received,
      sent,
      listed: false,
      carried: false,
      mixed: false,
    };
    this.#lines.set(socket, line);
    return line;
  }

  #list(line: Line, meter: HttpMeter): void {
    line.meter = meter;
    if (line.listed) return;
    line.listed = true;
    this.#listed.push(line);
    if (this.#listed.length > this.#limit) this.sweep();
  }

  #fail(fault: unknown): void {
    if (this.#context.guard.fault("hook", fault, SOURCE)) this.#on = false;
  }
}
