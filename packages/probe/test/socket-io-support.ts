import { once } from "node:events";
import { createServer, type Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type Attachment, createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import { decodeProbeFrame, Histogram, type Labels, labelsMatch, type Series } from "@wsight/protocol";
import { Server, type ServerOptions } from "socket.io";
import { type Socket as ClientSocket, Manager, type ManagerOptions } from "socket.io-client";

/** What a probe says of itself over a link at this moment. */
export interface Reading {
  /** Sum of a counter or gauge over the series that carry these labels. */
  readonly sum: (metric: string, where?: Labels) => number;
  readonly histogram: (metric: string, where?: Labels) => Histogram | undefined;
  /** All histograms with these labels as one. */
  readonly merged: (metric: string, where?: Labels) => Histogram;
  /** Values of the label `by`, with their counts. */
  readonly by: (metric: string, by: string, where?: Labels) => Record<string, number>;
}

export function read(probe: Probe): Reading {
  const names = new Map<number, Series>();
  const values: { series: Series; value: number | Histogram }[] = [];
  const end = probe.connect({
    send(message) {
      const frame = decodeProbeFrame(message);
      if (frame.type === "names") for (const { id, series } of frame.names) names.set(id, series);
      if (frame.type !== "snapshot") return true;
      for (const [id, value] of [...frame.counters, ...frame.gauges, ...frame.histograms]) {
        values.push({ series: names.get(id) as Series, value });
      }
      return true;
    },
    onFrame() {},
    close() {},
  });
  end();
  const find = (metric: string, where: Labels) =>
    values.filter(({ series }) => series.metric.name === metric && labelsMatch(series.labels, where));
  return {
    sum: (metric, where = {}) =>
      find(metric, where).reduce((sum, { value }) => sum + (Number.isNaN(value) ? 0 : (value as number)), 0),
    histogram: (metric, where = {}) => find(metric, where)[0]?.value as Histogram | undefined,
    merged(metric, where = {}) {
      const all = new Histogram();
      for (const { value } of find(metric, where)) all.merge(value as Histogram);
      return all;
    },
    by(metric, by, where = {}) {
      const rows: Record<string, number> = {};
      for (const { series, value } of find(metric, where)) {
        const key = series.labels[by];
        if (key !== undefined && (value as number) > 0) rows[key] = (rows[key] ?? 0) + (value as number);
      }
      return rows;
    },
  };
}

export interface Served {
  readonly io: Server;
  readonly http: HttpServer;
  readonly port: number;
  readonly probe: Probe;
  readonly attachment: Attachment | null;
  readonly faults: unknown[];
  readonly client: (options?: Partial<ManagerOptions> & { namespace?: string; auth?: object }) => Client;
  readonly close: () => Promise<void>;
}

export interface Client {
  readonly socket: ClientSocket;
  readonly manager: Manager;
  /** Payload bytes of the messages that went over this client's wire, as it saw them. */
  readonly bytes: { in: number; out: number };
  readonly connected: Promise<unknown>;
}

/** Starts a Socket.IO server, watched unless told otherwise. */
export async function serve(
  options: Partial<ServerOptions> = {},
  { watched = true, probe: probeOptions = {} }: { watched?: boolean; probe?: ProbeOptions } = {},
): Promise<Served> {
  const faults: unknown[] = [];
  const http = createServer((_request, response) => response.end("the application's own"));
  const io = new Server(http, options);
  const probe = createProbe({ intervalMs: 100, onError: (error) => faults.push(error), ...probeOptions });
  const attachment = watched ? probe.attach(io) : null;
  http.listen(0, "127.0.0.1");
  await once(http, "listening");
  const { port } = http.address() as AddressInfo;
  const managers = new Set<Manager>();
  return {
    io,
    http,
    port,
    probe,
    attachment,
    faults,
    client(clientOptions = {}) {
      const client = open(port, clientOptions);
      managers.add(client.manager);
      return client;
    },
    async close() {
      for (const manager of managers) manager._close();
      await io.close();
      probe.close();
    },
  };
}

function open(
  port: number,
  { namespace = "/", auth, ...options }: Partial<ManagerOptions> & { namespace?: string; auth?: object },
): Client {
  const manager = new Manager(`http://127.0.0.1:${port}`, { autoConnect: false, reconnection: false, ...options });
  const bytes = { in: 0, out: 0 };
  const socket = manager.socket(namespace, auth === undefined ? {} : { auth });
  const listen = (): void => {
    manager.engine.on("packet", ({ type, data }) => {
      if (type === "message") bytes.in += sizeOf(data);
    });
    manager.engine.on("packetCreate", ({ type, data }) => {
      if (type === "message") bytes.out += sizeOf(data);
    });
  };
  const connected = new Promise((resolve, reject) => {
    socket.once("connect", () => resolve(socket));
    socket.once("connect_error", reject);
  });
  connected.catch(() => undefined);
  socket.connect();
  listen();
  manager.on("reconnect_attempt", () => queueMicrotask(listen));
  return { socket, manager, bytes, connected };
}

function sizeOf(data: unknown): number {
  if (typeof data === "string") return Buffer.byteLength(data);
  return (data as ArrayBuffer | undefined)?.byteLength ?? 0;
}

export const IN = { direction: "in" } as const;
export const OUT = { direction: "out" } as const;
