import type { Probe } from "@wsight/probe";
import { type DocumentNews, MAX_ATTEMPTS } from "./worker.ts";

const QUEUE = { queue: "documents" };

/** Tells wsight of documents, as any application does that has a queue of its own. */
export function tellProbe(probe: Probe): DocumentNews {
  return {
    queued: ({ id, fileName, fileSize, owner, plan, kind }) =>
      probe.notifyDocumentQueued(owner, {
        documentId: id,
        fileName,
        fileSize,
        userPlan: plan,
        name: kind.name,
        maxAttempts: MAX_ATTEMPTS,
      }),
    started: ({ id }, worker) => probe.notifyDocumentStarted(id, { worker }),
    progress: ({ id }, percent, stage) => probe.notifyDocumentProgress(id, percent, stage),
    completed: ({ id }, result) => probe.notifyDocumentCompleted(id, result, true),
    failed: ({ id }, error, retryInMs) =>
      probe.notifyDocumentFailed(id, error, retryInMs === null ? { final: true } : { final: false, retryInMs }),
    lost: ({ id }) => probe.jobStalled(id, QUEUE),
  };
}
