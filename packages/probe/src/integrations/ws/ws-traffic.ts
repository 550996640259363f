import type { EventEntry, EventTable } from "../../instruments/event-table.ts";
import type { ProbeContext } from "../../integration.ts";
import { SLOT, type WsSocket } from "./ws-like.ts";
import { payloadBytes } from "./ws-payload.ts";
import { wsReader } from "./ws-reader.ts";
import type { WsSeries } from "./ws-series.ts";

/** Counts the messages of one server. All of it may throw; callers stand between it and the application. */
export interface WsTraffic {
  /** Names a message by `getEvent`; `null` when it has no name. */
  readonly name: ((data: unknown, isBinary: boolean) => EventEntry | null) | null;
  /** Counts a message that came in. Returns its weight when its handlers should be timed, else 0. */
  readonly received: (slot: number, data: unknown, isBinary: boolean, event: EventEntry | null) => number;
  /** Records how long the handlers of a message took, which began at `begin` (ms, monotonic). */
  readonly handled: (
    socket: WsSocket,
    begin: number,
    weight: number,
    isBinary: boolean,
    event: EventEntry | null,
  ) => void;
  /** Counts a message whose handlers threw. */
  readonly threw: (isBinary: boolean, event: EventEntry | null) => void;
  /** Counts what `send` took. */
  readonly sent: (socket: WsSocket, slot: number, data: unknown, options: unknown) => void;
  /** Drops what is kept of a socket. */
  readonly forget: (socket: WsSocket) => void;
  /** Ends an interval. */
  readonly tick: (tick: number) => void;
}

interface SendOptions {
  readonly binary?: unknown;
  readonly fin?: unknown;
}

const NO_OPTIONS: SendOptions = {};
/** Intervals between two sweeps of the event names. */
const SWEEP_TICKS = 30;

/** Builds the counting of one server over its instruments. */
export function createWsTraffic(context: ProbeContext, series: WsSeries): WsTraffic {
  const { connections, timing, guard, hookCalls, latency, slow, tap, loopLag, hr } = context;
  const { textIn, binaryIn, textOut, binaryOut, bytesIn, bytesOut, sizeIn, sizeOut, handler } = series;
  const { getEvent } = context.options;
  /** Messages of which some parts went out and the last has not; one at most for each socket. */
  const unfinished = new Map<WsSocket, { readonly bytes: number; readonly binary: boolean }>();

  function name(data: unknown, isBinary: boolean): EventEntry | null {
    try {
      const given: unknown = getEvent?.(data, isBinary);
      if (typeof given === "string") return tableOf(isBinary).entry(given);
      if (given === null || given === undefined) return null;
      throw new TypeError(`getEvent: expected a string at once, got ${typeof given}`);
    } catch (fault) {
      guard.fault("callback", fault, "getEvent");
      return null;
    }
  }

  function received(slot: number, data: unknown, isBinary: boolean, event: EventEntry | null): number {
    hookCalls.value++;
    const bytes = payloadBytes(data);
    if (event !== null) event.messages.value++;
    else if (isBinary) binaryIn.value++;
    else textIn.value++;
    bytesIn.value += bytes;
    connections.received(slot, bytes);
    if (tap.on) show(slot, "in", event?.name ?? kindOf(isBinary), bytes, data);
    if (!timing.take()) return 0;
    const sizes = event === null ? sizeIn : tableOf(isBinary).sizeOf(event);
    sizes.record(bytes, timing.period);
    return timing.period;
  }

  function handled(socket: WsSocket, begin: number, weight: number, isBinary: boolean, event: EventEntry | null): void {
    const seconds = (hr() - begin) / 1000;
    latency.handler.record(seconds, weight);
    if (event === null) handler.record(seconds, weight);
    else tableOf(isBinary).recordHandler(event, seconds, weight);
    if (!slow.wants(seconds)) return;
    slow.note({
      kind: "handler",
      event: event?.name ?? kindOf(isBinary),
      library: "ws",
      connection: connections.serialAt(socket[SLOT] ?? -1) || null,
      seconds,
      queueSeconds: loopLag.around(begin),
      bufferedBytes: socket.bufferedAmount,
    });
  }

  function threw(isBinary: boolean, event: EventEntry | null): void {
    if (event === null) series.handlerErrors.value++;
    else tableOf(isBinary).countError(event);
  }

  /** Tells a message to whoever follows. */
  function show(slot: number, direction: "in" | "out", event: string, bytes: number, data: unknown): void {
    tap.message({ slot, direction, event, library: "ws", bytes, data, reader: wsReader });
  }

  function tableOf(isBinary: boolean): EventTable {
    return isBinary ? series.binaryEvents : series.textEvents;
  }

  function sent(socket: WsSocket, slot: number, data: unknown, options: unknown): void {
    hookCalls.value++;
    const bytes = payloadBytes(data);
    bytesOut.value += bytes;
    if (unfinished.size > 0 || (typeof options === "object" && options !== null)) {
      sentPart(socket, slot, data, bytes, (options ?? NO_OPTIONS) as SendOptions);
    } else completed(slot, bytes, isBinaryData(data), data);
  }

  /** A message may go out in parts: the first says text or binary, the last makes it a message. */
  function sentPart(socket: WsSocket, slot: number, data: unknown, bytes: number, options: SendOptions): void {
    const before = unfinished.get(socket);
    const binary = before?.binary ?? (Object.hasOwn(options, "binary") ? Boolean(options.binary) : isBinaryData(data));
    const total = bytes + (before?.bytes ?? 0);
    if (Object.hasOwn(options, "fin") && !options.fin) {
      unfinished.set(socket, { bytes: total, binary });
      return;
    }
    unfinished.delete(socket);
    completed(slot, total, binary, data);
  }

  function completed(slot: number, bytes: number, binary: boolean, data: unknown): void {
    if (binary) binaryOut.value++;
    else textOut.value++;
    connections.sent(slot, bytes);
    if (tap.on) show(slot, "out", kindOf(binary), bytes, data);
    if (timing.take()) sizeOut.record(bytes, timing.period);
  }

  return {
    name: getEvent === undefined ? null : name,
    received,
    handled,
    threw,
    sent,
    forget(socket) {
      unfinished.delete(socket);
    },
    tick(tick) {
      if (getEvent === undefined || tick % SWEEP_TICKS !== 0) return;
      series.textEvents.sweep();
      series.binaryEvents.sweep();
    },
  };
}

/** What stands for the name of a message that has none. */
function kindOf(isBinary: boolean): string {
  return isBinary ? "binary" : "text";
}

/** `ws` sends text and numbers as text, everything else as binary. */
function isBinaryData(data: unknown): boolean {
  return typeof data !== "string" && typeof data !== "number";
}
