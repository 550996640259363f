import type { VNode } from "preact";
import { HowTo } from "../how-to.tsx";
import "../../style/data.css";

const HINT = {
  title: "No queue is known",
  why: "Jobs, their progress and when they are done show up here with the first of them. There are three ways to tell wsight of jobs, each of three lines; for documents, notifyDocumentQueued, notifyDocumentProgress and notifyDocumentCompleted do what the general calls do.",
  fix: {
    text: "Pass what you have of BullMQ, call what happens, or send it from any language",
    code: [
      "// BullMQ",
      'const queue = new Queue("documents", { connection });',
      'const worker = new Worker("documents", work, { connection });',
      "await monitor({ queue, worker });",
      "",
      "// Your own queue, by calls",
      "const watch = await monitor({ io });",
      'watch.jobQueued(userId, { jobId, name: "ocr", sizeBytes });',
      'watch.jobStarted(jobId); watch.jobProgress(jobId, 40, "analyzing"); watch.jobCompleted(jobId, result);',
      "",
      "// Other languages, over REST",
      'curl -X POST "$WSIGHT/api/jobs/events" -H "authorization: Bearer $TOKEN" \\',
      '  -H "content-type: application/json" \\',
      `  -d '{"events":[{"kind":"queued","queue":"documents","job":"1","at":'$(date +%s000)'}]}'`,
    ].join("\n"),
  },
} as const;

/** Why the page is empty, and the lines to paste. */
export function NoQueues(): VNode {
  return <HowTo hint={HINT} />;
}
