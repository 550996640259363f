// A server that works on documents, and a page with a progress bar for each: your own page, told of your own jobs.
//   node examples/job-progress.mjs    then open http://127.0.0.1:3000 and add documents
import { randomUUID } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { monitor, userToken } from "wsight";

const PORT = Number(process.env.PORT ?? 3000);
const STAGES = ["reading", "analyzing", "writing"];
const client = await readFile(fileURLToPath(import.meta.resolve("wsight/client")));
const waiting = [];

const server = createServer(async (request, response) => {
  const user = userOf(request, response);
  const answer = (type, body) => response.setHeader("content-type", `${type}; charset=utf-8`).end(body);
  switch (`${request.method} ${request.url}`) {
    case "GET /":
      return answer("text/html", PAGE);
    case "GET /job-client.js":
      return answer("text/javascript", client);
    case "GET /jobs-token":
      // Only here is it decided who somebody is: the token names the user that this server knows.
      return answer("text/plain", await userToken(user, { ttlMs: 600_000 }));
    case "POST /documents":
      return answer("text/plain", addDocument(user));
    default:
      return response.writeHead(404).end();
  }
});
await new Promise((listening) => server.listen(PORT, "127.0.0.1", listening));
const { probe } = await monitor({ server }, { service: "documents-app", mount: "/monitor" });
console.log(`documents: http://127.0.0.1:${server.address().port}`);
for (const worker of ["worker-1", "worker-2"]) void work(worker);

/** Who asks, by a cookie; an application has a real session. */
function userOf(request, response) {
  const known = /\buser=([\w-]+)/.exec(request.headers.cookie ?? "")?.[1];
  const user = known ?? randomUUID();
  if (known === undefined) response.setHeader("set-cookie", `user=${user}; HttpOnly; SameSite=Lax; Path=/`);
  return user;
}

function addDocument(userId) {
  const documentId = randomUUID();
  const fileSize = Math.round(1e6 + Math.random() * 2e7);
  waiting.push({ documentId, fileSize });
  probe.notifyDocumentQueued(userId, { documentId, fileName: `scan-${documentId.slice(0, 4)}.pdf`, fileSize });
  return documentId;
}

async function work(worker) {
  for (;;) {
    const document = waiting.shift();
    if (document === undefined) {
      await wait(100);
      continue;
    }
    const { documentId, fileSize } = document;
    probe.notifyDocumentStarted(documentId, { worker });
    for (let percent = 0; percent < 100; percent += 4) {
      probe.notifyDocumentProgress(documentId, percent, STAGES[Math.floor(percent / 34)], { worker });
      await wait(100 + fileSize / 80_000);
    }
    probe.notifyDocumentCompleted(documentId, { pages: Math.ceil(fileSize / 1e5) }, true, { worker });
  }
}

const PAGE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Documents</title>
<link rel="icon" href="data:,">
<style>
  body { font: 1rem/1.5 system-ui; max-width: 42rem; margin: 3rem auto; padding: 0 1rem; color-scheme: light dark }
  li { list-style: none; margin: 1rem 0 } ul { padding: 0 } progress { width: 100%; display: block }
</style>
<h1>Documents</h1>
<p><button>Add a document</button> <small role="status"></small></p>
<ul></ul>
<script type="module">
  import { createJobClient } from "/job-client.js";
  const jobs = createJobClient({
    url: new URL("/monitor", location.href),
    token: async () => (await fetch("/jobs-token")).text(),
  });
  jobs.onState((state) => { document.querySelector("[role=status]").textContent = state });

  const bars = new Map();
  // All documents of this user, also those that were added before the page was opened.
  jobs.onEvent(({ event, data }) => { if (event !== "queue-status") show(data.jobId) });
  document.querySelector("button").onclick = async () => {
    show(await (await fetch("/documents", { method: "POST" })).text());
  };

  function show(id) {
    if (bars.has(id)) return;
    const item = document.createElement("li");
    const bar = document.createElement("progress");
    const text = document.createElement("span");
    bar.max = 100;
    item.append(text, bar);
    document.querySelector("ul").prepend(item);
    bars.set(id, item);
    jobs.onJob(id, {
      change: ({ fileName, state, progress, stage, position, estimatedTimeRemaining, result }) => {
        const left = estimatedTimeRemaining === null ? "" : ", about " + Math.ceil(estimatedTimeRemaining) + " s left";
        bar.value = progress;
        item.dataset.state = state;
        text.textContent = fileName + ": " + ({
          queued: "waits" + (position ? ", number " + position : "") + left,
          active: (stage ?? "begun") + left,
          completed: "done, " + result?.pages + " pages",
          failed: "failed",
        })[state];
      },
    });
  }
</script>
</html>`;
