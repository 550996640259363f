import type { HistoryEvent } from "@wsight/protocol";
import type { CurrentView } from "../current-view.ts";

/** A process that began longer ago than this when it was first seen is not news. */
const NEWS_MS = 60_000;

/** Makes events of processes that come and go. */
export interface NodeEvents {
  /** Looks at the nodes; call it each second with the present, ms epoch. */
  observe(at: number): readonly HistoryEvent[];
}

/** Watches the nodes that `current` knows. One of them is there, or it is gone; a new epoch is a new start. */
export function createNodeEvents(current: Pick<CurrentView, "nodes">): NodeEvents {
  let known = new Map<string, { readonly epoch: number; readonly gone: boolean }>();
  return {
    observe(at) {
      const events: HistoryEvent[] = [];
      const seen = new Map<string, { readonly epoch: number; readonly gone: boolean }>();
      for (const { node, state, saidBye, hello } of current.nodes()) {
        const before = known.get(node);
        const gone = state === "gone";
        seen.set(node, { epoch: hello.epoch, gone });
        const { startedAt, pid, host, runtime } = hello;
        if (before?.epoch !== hello.epoch && at - startedAt < NEWS_MS) {
          const text = before === undefined ? "started" : "restarted";
          const attributes = { pid, host, runtime };
          // A clock of another machine may be ahead.
          const startAt = Math.min(at, Math.floor(startedAt));
          events.push({ at: startAt, kind: "node.started", node, subject: node, text, attributes });
        }
        if (gone && before?.gone === false) {
          events.push({
            at,
            kind: "node.gone",
            node,
            subject: node,
            text: saidBye ? "ended" : "not heard of any more",
            attributes: { pid, host, ...(saidBye ? { goodbye: 1 } : {}) },
          });
        }
      }
      known = seen;
      return events;
    },
  };
}
