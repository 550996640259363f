import type { Probe } from "@wsight/probe";
import {
  type AnswerFrame,
  type ConnectionFilter,
  type ConnectionPage,
  type ConnectionQuery,
  decodeHubFrame,
  decodeProbeFrame,
  type ErrorCode,
  encodeLinkText,
  type HubFrame,
  type ProbeAnswers,
  type ProbeAsk,
  parseAnswer,
  type TableFrame,
  type TailFrame,
} from "@wsight/protocol";
import { until } from "@wsight/testkit";

/** A query with the usual for all that is not said. */
export type PageQuery = Partial<Omit<ConnectionQuery, "filter">> & { readonly filter?: Partial<ConnectionFilter> };

/** A hub that asks; everything goes through the frames as they travel. */
export interface AskingHub {
  /** @throws Refusal when the probe answers with an error */
  ask<K extends ProbeAsk["kind"]>(ask: Extract<ProbeAsk, { readonly kind: K }>): Promise<ProbeAnswers[K]>;
  page(query?: PageQuery): Promise<ConnectionPage>;
  readonly tails: TailFrame[];
  readonly tables: Map<string, TableFrame>;
  /** Text that came, newest last. */
  readonly texts: string[];
  /** Answers that came. */
  readonly answered: () => number;
  close(): void;
}

/** Waits until there is something. */
export async function present<T>(check: () => T | undefined | Promise<T | undefined>, what: string): Promise<T> {
  let found: T | undefined;
  await until(
    async () => {
      found = await check();
      return found !== undefined;
    },
    { what },
  );
  return found as T;
}

/** An error answer. */
export class Refusal extends Error {
  readonly code: ErrorCode;
  constructor(code: ErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

export function askingHub(probe: Probe): AskingHub {
  const waiting = new Map<number, { kind: ProbeAsk["kind"]; done: (frame: AnswerFrame) => void }>();
  const tails: TailFrame[] = [];
  const tables = new Map<string, TableFrame>();
  const texts: string[] = [];
  let listener: ((frame: HubFrame) => void) | undefined;
  let id = 0;
  let answered = 0;
  const close = probe.connect({
    send(message) {
      if (typeof message === "string") texts.push(message);
      const frame = decodeProbeFrame(message);
      if (frame.type === "tail") tails.push(frame);
      if (frame.type === "table") tables.set(frame.table, frame);
      if (frame.type !== "answer") return true;
      answered++;
      waiting.get(frame.id)?.done(frame);
      waiting.delete(frame.id);
      return true;
    },
    onFrame(next) {
      listener = next;
    },
    close() {},
  });
  const hub: AskingHub = {
    tails,
    tables,
    texts,
    close,
    answered: () => answered,
    ask(ask) {
      id++;
      const request = decodeHubFrame(encodeLinkText({ type: "request", id, ask }));
      return new Promise((resolve, reject) => {
        waiting.set(id, {
          kind: ask.kind,
          done(frame) {
            if ("error" in frame) reject(new Refusal(frame.error.code, frame.error.message));
            else resolve(parseAnswer(ask.kind, frame.answer) as ProbeAnswers[typeof ask.kind]);
          },
        });
        listener?.(request);
      });
    },
    page: ({ filter, ...query } = {}) =>
      hub.ask({
        kind: "connections",
        query: { sort: "opened", descending: false, offset: 0, limit: 200, ...query, filter: { text: [], ...filter } },
      }),
  };
  return hub;
}
