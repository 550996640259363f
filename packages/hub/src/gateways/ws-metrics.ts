import type { WebSocket } from "ws";
import type { Clock } from "../clock.ts";
import type { CurrentView } from "../current-view.ts";
import { LiveMessage } from "../live/message.ts";
import { WebSocketViewer } from "../live/sockets/web-socket.ts";
import { nextTurn } from "../live/turns.ts";
import type { ChosenNode, NodeChoice } from "../processes/node-choice.ts";
import type { ProcessLooks } from "../processes/process-looks.ts";
import { MessageMaker, type MetricsMessage, TOP_PROCESSES } from "./ws-metrics-message.ts";

/** Largest message that is taken of a client; nothing it could say is needed. */
export const MAX_CLIENT_MESSAGE = 1024;
/** Messages of a client that are overlooked; then it is sent away. */
const MAX_WORDS = 20;
/** Longest name of a node: `service/instance`. */
const MAX_NODE_NAME = 129;
/** A client with more bytes than this waiting is passed over until it has read. */
const MAX_BUFFERED = 64 * 1024;
/** One that has not read for so many beats, or not answered a ping within as many, is cut off. */
const STUCK_BEATS = 30;
/** Clients written to before other work gets its turn. */
const SLICE = 250;

const CLOSE = { goingAway: 1001, policy: 1008 } as const;

/** What the stream is made from. */
export interface MetricsStreamParts {
  readonly current: Pick<CurrentView, "at" | "compile" | "table">;
  readonly clock: Clock;
  readonly choice: NodeChoice;
  readonly looks: ProcessLooks;
  readonly storage: () => MetricsMessage["storage"];
  /** Time between two messages, ms; whole seconds, one at least, as nothing is known more often. @default 1000 */
  readonly intervalMs?: number | undefined;
}

/** Figures of a host over a plain WebSocket, one JSON text after the other. */
export interface MetricsStream {
  /** Streams to an open WebSocket, beginning now. Who may have it was decided before. `node` as `service/instance`. */
  accept(socket: WebSocket, query: URLSearchParams): void;
  /** Call when a second was closed. Resolves when everything was handed to the sockets; waits for nothing else. */
  tick(): Promise<void>;
  stats(): MetricsStreamStats;
  /** Says goodbye to all. */
  close(): void;
}

/** How the stream fares. */
export interface MetricsStreamStats {
  readonly clients: number;
  /** Messages that slow clients did not get. */
  readonly skipped: number;
  /** Messages that were made, whatever the number of clients. */
  readonly made: number;
}

interface Client {
  readonly socket: WebSocketViewer;
  readonly wanted: string | null;
  words: number;
  /** Beats since it last took a message. */
  stuck: number;
  /** Beats since it was last heard of. */
  silent: number;
}

/** Makes the stream. A message is made once for all who watch the same node; nothing is made or asked while nobody does. */
export function createMetricsStream(parts: MetricsStreamParts): MetricsStream {
  return new Stream(parts);
}

class Stream implements MetricsStream {
  readonly #choice: NodeChoice;
  readonly #everyBeats: number;
  readonly #maker: MessageMaker;
  readonly #tables: ProcessTables;
  readonly #clients = new Set<Client>();
  readonly #counts = { skipped: 0, made: 0 };
  #beats = 0;
  /** Messages of this beat. */
  #made = new Map<string, LiveMessage>();
  #sending = false;
  #again = false;
  #closed = false;

  constructor({ current, clock, choice, looks, storage, intervalMs = 1000 }: MetricsStreamParts) {
    this.#choice = choice;
    this.#everyBeats = Math.max(1, Math.round(intervalMs / 1000));
    const now = (): number => clock.now();
    this.#maker = new MessageMaker({ current, choice, storage, now, intervalMs: this.#everyBeats * 1000 });
    this.#tables = new ProcessTables(looks);
  }

  accept(webSocket: WebSocket, query: URLSearchParams): void {
    const socket = new WebSocketViewer(webSocket);
    const wanted = query.get("node") || null;
    const client: Client = { socket, wanted, words: 0, stuck: 0, silent: 0 };
    socket.listen({
      message: () => this.#hear(client),
      alive: () => {
        client.silent = 0;
      },
      closed: () => this.#clients.delete(client),
    });
    if (this.#closed) socket.close(CLOSE.goingAway, "the hub is closing");
    else if (wanted !== null && wanted.length > MAX_NODE_NAME)
      socket.close(CLOSE.policy, "node: expected service/instance");
    else this.#begin(client);
  }

  async tick(): Promise<void> {
    this.#beats++;
    if (this.#clients.size === 0) return;
    const told = this.#beats % this.#everyBeats === 0 ? this.#tell() : undefined;
    // Asked now, so that the next message has the answer and never waits for it.
    if ((this.#beats + 1) % this.#everyBeats === 0) this.#tables.ask(this.#streamed());
    await told;
  }

  stats(): MetricsStreamStats {
    return { clients: this.#clients.size, ...this.#counts };
  }

  close(): void {
    this.#closed = true;
    for (const { socket } of this.#clients) socket.close(CLOSE.goingAway, "the hub is closing");
    this.#clients.clear();
  }

  #begin(client: Client): void {
    const first = this.#clients.size === 0;
    if (first) this.#made.clear();
    this.#clients.add(client);
    client.socket.send(this.#messageFor(client.wanted));
    if (first) this.#tables.ask(this.#streamed());
  }

  async #tell(): Promise<void> {
    this.#made.clear();
    this.#maker.keepOnly(new Set(this.#streamed().map(({ node }) => node)));
    this.#again = true;
    if (this.#sending) return;
    this.#sending = true;
    try {
      // A beat that comes while the one before is written has its turn after it.
      while (this.#again) await this.#sendToAll();
    } finally {
      this.#sending = false;
    }
  }

  async #sendToAll(): Promise<void> {
    this.#again = false;
    let written = 0;
    for (const client of [...this.#clients]) {
      this.#sendTo(client);
      if (++written % SLICE === 0) await nextTurn();
    }
  }

  #sendTo(client: Client): void {
    const { socket } = client;
    if (!socket.open) return;
    if (++client.silent % STUCK_BEATS === 0) socket.ping();
    if (socket.bufferedAmount <= MAX_BUFFERED) {
      client.stuck = 0;
      socket.send(this.#messageFor(client.wanted));
    } else {
      client.stuck++;
      this.#counts.skipped++;
    }
    if (client.stuck >= STUCK_BEATS || client.silent > 2 * STUCK_BEATS) socket.terminate();
  }

  #messageFor(wanted: string | null): LiveMessage {
    const key = wanted ?? "";
    let message = this.#made.get(key);
    if (message === undefined) {
      const node = this.#choice.choose(wanted);
      message = new LiveMessage(JSON.stringify(this.#maker.make(node, wanted, this.#tables.of(node))), false);
      this.#counts.made++;
      this.#made.set(key, message);
    }
    return message;
  }

  /** Nodes that are watched, each once. */
  #streamed(): readonly ChosenNode[] {
    const wanted = new Set([...this.#clients].map((client) => client.wanted));
    const nodes = [...wanted].map((name) => this.#choice.choose(name)).filter((node) => node !== null);
    return [...new Map(nodes.map((node) => [node.node, node])).values()];
  }

  #hear(client: Client): void {
    client.silent = 0;
    if (++client.words > MAX_WORDS) client.socket.close(CLOSE.policy, "this stream takes no messages");
  }
}

/** The process tables of the hosts that are streamed: each asked for once a beat, by whichever of its nodes comes first. */
class ProcessTables {
  readonly #looks: ProcessLooks;
  /** By host; `null` while the last question has no answer. */
  #known = new Map<string, MetricsMessage["processes"]>();

  constructor(looks: ProcessLooks) {
    this.#looks = looks;
  }

  of(node: ChosenNode | null): MetricsMessage["processes"] {
    return node === null || node.state !== "live" ? null : (this.#known.get(node.host) ?? null);
  }

  ask(nodes: readonly ChosenNode[]): void {
    const known = new Map<string, MetricsMessage["processes"]>();
    for (const { node, host, state } of nodes) {
      if (state !== "live" || known.has(host)) continue;
      known.set(host, null);
      this.#looks.look(node, { sort: "cpu", offset: 0, limit: TOP_PROCESSES, search: "" }).then(
        ({ page }) => {
          known.set(
            host,
            page.rows.map(({ pid, name, cpu, memoryBytes, threads }) => ({ pid, name, cpu, memoryBytes, threads })),
          );
        },
        // Nobody answered: `null` says so.
        () => undefined,
      );
    }
    this.#known = known;
  }
}
