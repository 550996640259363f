import {
  type AnswerFrame,
  type ErrorCode,
  expected,
  type HubFrame,
  type ProbeAnswers,
  type ProbeAsk,
  parseAnswer,
  type TailFrame,
  WsightError,
} from "@wsight/protocol";
import { type QueueScope, speaksFor } from "./access/queue-scope.ts";

/** How long a probe has to answer unless told otherwise, ms. */
const DEADLINE_MS = 500;
/** Questions that are with one probe at a time; the rest of them wait here, within their deadline. */
const MAX_AT_ONCE = 4;
/** Questions that may wait for one probe, and for all of them together. */
const MAX_WAITING_PER_NODE = 64;
const MAX_WAITING = 1024;

/** Refusals of a probe that are passed on as they are; any other would speak of the hub or of the viewer's own session. */
const PASSED_ON: ReadonlySet<ErrorCode> = new Set([
  "NOT_FOUND",
  "BAD_REQUEST",
  "FORBIDDEN",
  "RATE_LIMITED",
  "NODE_AWAY",
]);

/** How long one question may take. */
export interface AskOptions {
  /** @default 500 */
  readonly deadlineMs?: number;
  /** Gives up early; the answer then counts as late. */
  readonly signal?: AbortSignal;
}

/** Questions since the hub started. */
export interface AskStats {
  readonly asked: number;
  /** Questions that wait right now. */
  readonly waiting: number;
  /** Questions that got no answer in time. */
  readonly unanswered: number;
  /** Answers that nobody waited for any more. */
  readonly late: number;
}

/** Hears what links do beside answering. */
export interface AskListener {
  /** A node can be asked from now on. */
  readonly onLinked?: (node: string) => void;
  /** Messages of the live tail. */
  readonly onTail?: (node: string, frame: TailFrame) => void;
}

/** What ingest tells of one link that speaks for a node. */
export interface AskLink {
  /** Takes an answer in. @throws WsightError `BAD_FRAME` when it answers nothing that was asked, or not in a way that can be read */
  answer(frame: AnswerFrame): void;
  /** Takes messages of the live tail in. */
  tail(frame: TailFrame): void;
  /** It no longer speaks for the node: what waits for it is refused. Safe to call twice. */
  close(): void;
}

/** Questions to probes while somebody looks closer. Nothing of them is kept. */
export interface Asks {
  /**
   * Asks the process that reports as `node`.
   * @throws WsightError `NODE_AWAY` when it has no link, or is not heard in time; `RATE_LIMITED` when too many
   * questions wait; `NOT_FOUND` when it is about a job of a queue that the process may not speak for; else what the
   * probe refused it with
   */
  ask<K extends ProbeAsk["kind"]>(
    node: string,
    ask: Extract<ProbeAsk, { readonly kind: K }>,
    options?: AskOptions,
  ): Promise<ProbeAnswers[K]>;
  /** Nodes that can be asked; of a queue: those that may speak for it. */
  nodes(queue?: string): readonly string[];
  /** From now on `listener` hears what links do; returns how to stop that. */
  listen(listener: AskListener): () => void;
  /** For ingest alone: a link speaks for `node`, instead of any that did before; of jobs, for those queues. */
  linked(node: string, say: (frame: HubFrame) => void, queues?: QueueScope): AskLink;
  stats(): AskStats;
}

interface Waiting {
  readonly ask: ProbeAsk;
  readonly resolve: (answer: ProbeAnswers[ProbeAsk["kind"]]) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes the way of asking probes. */
export function createAsks(): Asks {
  const links = new Map<string, Link>();
  const listeners = new Set<AskListener>();
  const counts = { asked: 0, waiting: 0, unanswered: 0, late: 0 };

  return {
    ask: (async (node: string, ask: ProbeAsk, options: AskOptions = {}) => {
      const link = links.get(node);
      if (link === undefined) throw new WsightError("NODE_AWAY", `${node} has no open link`);
      if ("queue" in ask && !speaksFor(link.queues, ask.queue))
        throw new WsightError("NOT_FOUND", `${node} may not speak for the queue ${ask.queue}`);
      if (counts.waiting >= MAX_WAITING || link.waiting >= MAX_WAITING_PER_NODE)
        throw new WsightError("RATE_LIMITED", `Too many questions wait for ${node}; try again in a moment`);
      return link.ask(ask, options);
    }) as Asks["ask"],
    nodes(queue) {
      const speaking = [...links].filter(([, { queues }]) => queue === undefined || speaksFor(queues, queue));
      return speaking.map(([node]) => node);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    linked(node, say, queues = null) {
      links.get(node)?.close();
      const link = new Link(node, say, { counts, queues });
      links.set(node, link);
      for (const { onLinked } of listeners) onLinked?.(node);
      return {
        answer: (frame) => link.answer(frame),
        tail(frame) {
          for (const { onTail } of listeners) onTail?.(node, frame);
        },
        close() {
          if (links.get(node) === link) links.delete(node);
          link.close();
        },
      };
    },
    stats: () => ({ ...counts }),
  };
}

/** Counted over all links. */
interface Counts {
  asked: number;
  waiting: number;
  unanswered: number;
  late: number;
}

/** The open questions of one link. */
class Link {
  readonly queues: QueueScope;
  readonly #node: string;
  readonly #say: (frame: HubFrame) => void;
  readonly #counts: Counts;
  readonly #waiting = new Map<number, Waiting>();
  readonly #sent = new Set<number>();
  #newest = 0;
  #closed = false;

  constructor(
    node: string,
    say: (frame: HubFrame) => void,
    { counts, queues }: { readonly counts: Counts; readonly queues: QueueScope },
  ) {
    this.#node = node;
    this.#say = say;
    this.#counts = counts;
    this.queues = queues;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  ask(ask: ProbeAsk, { deadlineMs = DEADLINE_MS, signal }: AskOptions): Promise<ProbeAnswers[ProbeAsk["kind"]]> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason);
        return;
      }
      const id = ++this.#newest;
      const settle = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", leave);
        if (this.#waiting.delete(id)) this.#counts.waiting--;
        if (this.#sent.delete(id)) this.#send();
      };
      const leave = (): void => {
        settle();
        reject(signal?.reason);
      };
      const timer = setTimeout(() => {
        settle();
        this.#counts.unanswered++;
        reject(new WsightError("NODE_AWAY", `${this.#node} did not answer within ${deadlineMs} ms`));
      }, deadlineMs);
      signal?.addEventListener("abort", leave, { once: true });
      this.#waiting.set(id, {
        ask,
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
      });
      this.#counts.asked++;
      this.#counts.waiting++;
      this.#send();
    });
  }

  /** Hands over what waits, oldest first, as far as there is room. */
  #send(): void {
    if (this.#closed || this.#sent.size >= MAX_AT_ONCE) return;
    for (const [id, { ask }] of this.#waiting) {
      if (this.#sent.has(id)) continue;
      this.#sent.add(id);
      this.#say({ type: "request", id, ask });
      if (this.#sent.size >= MAX_AT_ONCE) return;
    }
  }

  answer(frame: AnswerFrame): void {
    const waiting = this.#waiting.get(frame.id);
    if (waiting === undefined) {
      if (frame.id > this.#newest) throw expected("BAD_FRAME", "answer", "the id of a question", frame.id);
      this.#counts.late++;
      return;
    }
    if ("error" in frame) {
      waiting.reject(this.#refusal(frame.error));
      return;
    }
    try {
      waiting.resolve(parseAnswer(waiting.ask.kind, frame.answer));
    } catch (cause) {
      waiting.reject(new WsightError("NODE_AWAY", `${this.#node} gave an answer that can't be read`, { cause }));
      throw cause;
    }
  }

  close(): void {
    this.#closed = true;
    for (const { reject } of [...this.#waiting.values()])
      reject(new WsightError("NODE_AWAY", `${this.#node} closed its link before it answered`));
  }

  #refusal({ code, message }: { readonly code: ErrorCode; readonly message: string }): WsightError {
    return new WsightError(PASSED_ON.has(code) ? code : "INTERNAL", `${this.#node}: ${message}`);
  }
}
