import { type AnswerFrame, encodeLinkText, type ProbeAsk, type RequestFrame, WsightError } from "@wsight/protocol";
import type { Guard } from "./guard.ts";
import type { ConnectionList, Wanted } from "./looks/connection-list.ts";
import type { JobLooks } from "./looks/job-looks.ts";
import type { ProcessTable } from "./looks/process-table.ts";
import type { Tail } from "./looks/tail.ts";
import type { Registry } from "./registry.ts";

/** Questions that may wait at once; they are answered one after another. */
const MAX_WAITING = 8;

/** Who asks: one link to a hub. */
export interface Asker {
  readonly send: (text: string) => boolean;
  /** False once it has ended: nobody waits for answers any more. */
  readonly isOpen: () => boolean;
}

/** What answering works with. */
export interface AskContext {
  readonly registry: Registry;
  readonly guard: Guard;
  readonly list: ConnectionList;
  readonly processes: ProcessTable;
  readonly tail: Tail;
  readonly jobs: JobLooks;
  readonly allowDisconnect: boolean;
  readonly epoch: () => number;
}

type Result = Pick<Extract<AnswerFrame, { readonly answer: unknown }>, "answer"> | Pick<ErrorAnswer, "error">;
type ErrorAnswer = Extract<AnswerFrame, { readonly error: unknown }>;
/** How each kind of question is answered. */
type Answers = {
  readonly [K in ProbeAsk["kind"]]: (ask: Extract<ProbeAsk, { readonly kind: K }>, from: Asker) => unknown;
};

/**
 * Answers what hubs ask while somebody looks. Questions that have to walk over
 * connections are taken one after another, so that together they hold the
 * event loop no longer at a time than one; beyond a few they are refused. Each
 * gets an answer, if only an error, unless its link has ended.
 */
export class Asks {
  readonly #context: AskContext;
  readonly #answers: Answers;
  #last: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor(context: AskContext) {
    this.#context = context;
    const { list, processes, tail, jobs } = context;
    const wantedBy = (from: Asker): Wanted => from.isOpen;
    this.#answers = {
      connections: ({ query }, from) => this.#inTurn(from, () => list.page(query, wantedBy(from))),
      connection: ({ connection }, from) => this.#inTurn(from, () => list.detail(connection, wantedBy(from))),
      disconnect: ({ connection }, from) => {
        this.#expectAllowed();
        return this.#inTurn(from, async () => {
          await list.disconnect(connection, wantedBy(from));
          return { disconnected: true };
        });
      },
      processes: ({ query }, from) => this.#inTurn(from, () => processes.page(query, wantedBy(from))),
      tail: (ask, from) => ({ following: tail.follow(from, from.send, ask) }),
      // Not in turn: they wait for a database, and hold nobody up meanwhile.
      job: ({ queue, job }) => jobs.look(queue, job),
      "job-states": async (ask) => ({ jobs: await jobs.standings(ask.queue, ask.jobs) }),
      "job-action": async ({ queue, job, action }) => {
        await jobs.act(queue, job, action);
        return { done: true };
      },
    };
  }

  /** Takes a question in; the answer goes to the link it came from. Never throws, never rejects. */
  async take({ id, ask }: RequestFrame, from: Asker): Promise<void> {
    this.#context.registry.counter("wsight.probe.asks", { kind: ask.kind }).value++;
    const result = await this.#answer(ask, from);
    if (!from.isOpen()) return;
    const frame: AnswerFrame = { type: "answer", id, epoch: this.#context.epoch(), ...result };
    this.#context.guard.run("ask", () => from.send(encodeLinkText(frame)), false);
  }

  async #answer(ask: ProbeAsk, from: Asker): Promise<Result> {
    try {
      const answer = this.#answers[ask.kind] as (ask: ProbeAsk, from: Asker) => unknown;
      return { answer: await answer(ask, from) };
    } catch (error) {
      if (error instanceof WsightError) return { error: { code: error.code, message: error.message.slice(0, 512) } };
      // What went wrong is the application's business; a hub may be somebody else's.
      this.#context.guard.fault("ask", error, ask.kind);
      return { error: { code: "INTERNAL", message: `the probe failed to answer (${ask.kind})` } };
    }
  }

  async #inTurn<T>(from: Asker, work: () => Promise<T>): Promise<T | undefined> {
    if (this.#waiting >= MAX_WAITING) {
      throw new WsightError("RATE_LIMITED", `${MAX_WAITING} questions to this process wait already; try again later`);
    }
    this.#waiting++;
    try {
      const before = this.#last;
      const turn = before.then(() => (from.isOpen() ? work() : undefined));
      this.#last = turn.catch(() => undefined);
      return await turn;
    } finally {
      this.#waiting--;
    }
  }

  #expectAllowed(): void {
    if (this.#context.allowDisconnect) return;
    throw new WsightError("FORBIDDEN", "this process does not let connections be ended: its allowDisconnect is false");
  }
}
