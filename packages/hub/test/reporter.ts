import type { Hub } from "@wsight/hub";
import { encodeLinkText, findMetric, Histogram, SnapshotEncoder } from "@wsight/protocol";
import { onTestFinished } from "vitest";

const SERVER = { "ws.library": "ws", "ws.server": "main" };
const SERIES = [
  ["websocket.server.active_connections", { ...SERVER, transport: "websocket" }],
  ["websocket.server.connections", { ...SERVER, transport: "websocket" }],
  ["websocket.server.rtt", { ...SERVER, source: "ping" }],
  ["process.uptime", {}],
] as const;

/** A process that reports each second: 12 connections, what they opened so far, round trips, and since when it is there. */
export class Reporter {
  readonly #link: ReturnType<Hub["openLink"]>;
  readonly #startedAt = Date.now();
  readonly #rtt = new Histogram();
  #seq = 0;
  #opened = 100;

  constructor(hub: Hub, service: string, instance: string) {
    this.#link = hub.openLink(() => {});
    const names = SERIES.map(([name, labels], id) => {
      const metric = findMetric(name);
      if (metric === undefined) throw new Error(name);
      return { id, series: { metric, labels } };
    });
    this.#link.receive(
      encodeLinkText({
        type: "hello",
        version: 1,
        service,
        instance,
        epoch: 1,
        startedAt: this.#startedAt,
        pid: 1,
        host: "h",
        runtime: "r",
        intervalMs: 1000,
        findings: [],
        capacity: null,
      }),
    );
    this.#link.receive(encodeLinkText({ type: "names", epoch: 1, names, retired: [] }));
  }

  /** Reports until the test ends. */
  run(): void {
    this.#say();
    const beat = setInterval(() => this.#say(), 1000);
    onTestFinished(() => clearInterval(beat));
  }

  #say(): void {
    const seq = ++this.#seq;
    this.#opened += seq % 5;
    // Every third second nothing is recorded.
    for (let i = 0; seq % 3 !== 0 && i < 10; i++) this.#rtt.record(0.001 * (1 + ((seq * 7 + i * 13) % 50)));
    const encoder = new SnapshotEncoder();
    encoder.begin();
    encoder.gauge(0, 12);
    encoder.counter(1, this.#opened);
    encoder.histogram(2, this.#rtt);
    encoder.gauge(3, (Date.now() - this.#startedAt) / 1000);
    this.#link.receive(encoder.finish({ epoch: 1, seq, at: Date.now(), keyframe: seq === 1 }));
  }
}
