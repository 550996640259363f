import type { VNode } from "preact";
import { HowTo } from "../how-to.tsx";
import "../../style/data.css";

const HINT = {
  title: "No queue is known",
  why: "Jobs, their progress and when they are done show up here with the first of them. There are three ways to tell wsight of jobs. The calls for documents have general forms: jobQueued, jobStarted, jobProgress, jobCompleted, jobFailed.",
  fix: {
    text: "Pass what you have of BullMQ, call what happens, or send it from any language",
    code: [
      "// BullMQ",
      'const queue = new Queue("documents", { connection });',
      'const worker = new Worker("documents", work, { connection });',
      "await monitor({ queue, worker });",
      "",
      "// Your own queue, by calls",
      "const { probe } = await monitor({ io });",
      "probe.notifyDocumentQueued(userId, { documentId, fileName, fileSize });",
      'probe.notifyDocumentProgress(documentId, 40, "analyzing");',
      "probe.notifyDocumentCompleted(documentId, { pages: 12 }, true);",
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
