import { expected, type ProcessPage, type ProcessQuery, WsightError } from "@wsight/protocol";
import type { Asks } from "../asks.ts";
import type { Clock } from "../clock.ts";
import type { NodeChoice } from "./node-choice.ts";

/** The same question within this time is asked once, ms: a beat comes a moment early now and then. */
const SAME_WITHIN_MS = 900;
/** Most different questions that are remembered for that. */
const MAX_REMEMBERED = 64;
/** How long a process may take to answer, ms: it looks at all processes of its host. */
const DEADLINE_MS = 1_000;

/** A part of the process table of a host. */
interface ProcessLook {
  /** Who was asked, as `service/instance`, and the name of its host. */
  readonly node: string;
  readonly host: string;
  readonly page: ProcessPage;
}

/** Looks at the process tables of hosts, while somebody wants to see them. */
export interface ProcessLooks {
  /**
   * Asks the named node, or with `null` whichever speaks for the application's host.
   * @throws WsightError `NOT_FOUND` for a node that is not known, `NODE_AWAY` when there is none or it does not answer
   */
  look(wanted: string | null, query: ProcessQuery): Promise<ProcessLook>;
}

/** What looks are made with. */
export interface ProcessLookParts {
  readonly asks: Pick<Asks, "ask">;
  readonly choice: NodeChoice;
  readonly clock: Clock;
}

/** Makes the way of looking. Viewers with the same question share one answer. */
export function createProcessLooks({ asks, choice, clock }: ProcessLookParts): ProcessLooks {
  const remembered = new Map<string, { readonly askedAt: number; readonly page: Promise<ProcessPage> }>();

  function pageOf(node: string, query: ProcessQuery): Promise<ProcessPage> {
    const now = clock.now();
    const key = JSON.stringify([node, query]);
    const known = remembered.get(key);
    if (known !== undefined && Math.abs(now - known.askedAt) < SAME_WITHIN_MS) return known.page;
    const page = asks.ask(node, { kind: "processes", query }, { deadlineMs: DEADLINE_MS });
    remembered.delete(key);
    remembered.set(key, { askedAt: now, page });
    const [oldest] = remembered.keys();
    if (remembered.size > MAX_REMEMBERED && oldest !== undefined) remembered.delete(oldest);
    return page;
  }

  return {
    async look(wanted, query) {
      const chosen = choice.choose(wanted);
      if (chosen === null && wanted !== null) throw expected("NOT_FOUND", "node", "one of /api/nodes", wanted);
      if (chosen === null) throw new WsightError("NODE_AWAY", "No process reports to this hub");
      const { node, host } = chosen;
      return { node, host, page: await pageOf(node, query) };
    },
  };
}
