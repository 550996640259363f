import {
  type JobAction,
  type JobLook,
  type JobStanding,
  type ProbeAnswers,
  type ProbeAsk,
  WsightError,
} from "@wsight/protocol";
import type { Asks } from "../asks.ts";

/** How long a process has: it asks the queue's own database. */
const DEADLINE_MS = 6_000;
/** Processes that are asked, one after the other, until one watches the queue. */
const MAX_ASKED = 64;

/** Asks the processes that watch a queue about one of its jobs, while somebody looks. */
export interface JobAsks {
  /** @throws WsightError `NOT_FOUND` when no process has it, `NODE_AWAY`, or what the process refused it with */
  look(queue: string, job: string, signal: AbortSignal): Promise<{ readonly look: JobLook; readonly node: string }>;
  /** How jobs stand in their own queue, at most 100, by the clock of the process that says so. @throws WsightError as `look` does */
  standings(
    queue: string,
    jobs: readonly string[],
  ): Promise<{ readonly standings: readonly JobStanding[]; readonly node: string }>;
  /** Has it done once; answers who did it. @throws WsightError as `look` does, `BAD_REQUEST`, `FORBIDDEN` */
  act(queue: string, job: string, action: JobAction): Promise<string>;
}

/** What it is made of. */
export interface JobAskParts {
  readonly asks: Pick<Asks, "ask" | "nodes">;
  /** Processes that most likely watch a queue, as `service/instance`: those are asked first. */
  readonly nodesOf: (queue: string) => readonly string[];
}

/** Makes the way of asking about jobs. */
export function createJobAsks({ asks, nodesOf }: JobAskParts): JobAsks {
  /** A process that does not watch the queue says `NOT_FOUND`; whatever else one says is the answer, so nothing is done twice. */
  async function ask<K extends "job" | "job-states" | "job-action">(
    queue: string,
    question: Extract<ProbeAsk, { readonly kind: K }>,
    signal?: AbortSignal,
  ): Promise<{ readonly answer: ProbeAnswers[K]; readonly node: string }> {
    const linked = new Set(asks.nodes(queue));
    const likely = nodesOf(queue).filter((node) => linked.has(node));
    const nodes = [...new Set([...likely, ...linked])].slice(0, MAX_ASKED);
    let refused: unknown = new WsightError("NODE_AWAY", `No process that watches the queue ${queue} is connected`);
    for (const node of nodes) {
      try {
        const options = { deadlineMs: DEADLINE_MS, ...(signal === undefined ? {} : { signal }) };
        return { answer: (await asks.ask<K>(node, question, options)) as ProbeAnswers[K], node };
      } catch (error) {
        if (!(error instanceof WsightError) || error.code !== "NOT_FOUND") throw error;
        if (likely.includes(node)) refused = error;
      }
    }
    throw refused;
  }

  return {
    async look(queue, job, signal) {
      const { answer, node } = await ask<"job">(queue, { kind: "job", queue, job }, signal);
      return { look: answer, node };
    },
    async standings(queue, jobs) {
      const { answer, node } = await ask<"job-states">(queue, { kind: "job-states", queue, jobs });
      return { standings: answer.jobs, node };
    },
    act: async (queue, job, action) =>
      (await ask<"job-action">(queue, { kind: "job-action", queue, job, action })).node,
  };
}
