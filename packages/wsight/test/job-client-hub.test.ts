import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@wsight/hub";
import { createProbe, createRemoteLink, type Probe } from "@wsight/probe";
import { freePort, until } from "@wsight/testkit";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { userToken } from "wsight";
import { createJobClient, type JobClient, type JobClientOptions, type TrackedJob } from "wsight/client";
import { type Program, wsight } from "./program.ts";

const SECRET = "a-secret-for-tests-of-at-least-32-characters";
const FAST = { connectMs: 500, beatMs: 500, firstWaitMs: 10, longestWaitMs: 100, refusedWaitMs: 5000, stoodMs: 10_000 };

/** A hub in a process of its own, which can be killed and started again at the same place. */
interface OwnHub {
  readonly url: string;
  start(): Promise<void>;
  kill(): Promise<void>;
}

async function ownHub(): Promise<OwnHub> {
  const data = await mkdtemp(join(tmpdir(), "wsight-client-"));
  const port = await freePort();
  let hub: Program | null = null;
  const kill = async (): Promise<void> => {
    hub?.child.kill("SIGKILL");
    await hub?.ended;
  };
  onTestFinished(async () => {
    await kill();
    await rm(data, { recursive: true, force: true, maxRetries: 5 });
  });
  const start = async (): Promise<void> => {
    hub = wsight(["hub", "--port", String(port), "--data", data], { WSIGHT_SECRET: SECRET });
    await hub.saw(/http:/);
  };
  await start();
  return { url: `http://127.0.0.1:${port}`, start, kill };
}

function startProbe({ url }: OwnHub): Probe {
  const probe = createProbe({ service: "shop", instance: "one", intervalMs: 100 });
  const token = signToken({ role: "probe", sub: "shop", ttlMs: 600_000 }, SECRET);
  probe.connect(createRemoteLink({ url: url.replace("http", "ws"), token: () => token, timing: FAST }));
  onTestFinished(() => probe.close());
  return probe;
}

function connect({ url }: OwnHub, user: string, token?: JobClientOptions["token"]): JobClient {
  const client = createJobClient({ url, token: token ?? (() => userToken(user, { secret: SECRET })), WebSocket });
  onTestFinished(() => client.close());
  return client;
}

function follow(client: JobClient, jobId: string): TrackedJob[] {
  const seen: TrackedJob[] = [];
  client.onJob(jobId, { change: (job) => seen.push(job) });
  return seen;
}

const live = (client: JobClient): Promise<unknown> =>
  until(() => client.state === "live", { what: "a live client", timeoutMs: 20_000 });
const ended = (client: JobClient, jobId: string): Promise<unknown> =>
  until(() => client.job(jobId)?.state === "completed", { what: `the end of ${jobId}`, timeoutMs: 20_000 });

test("each user hears of its own jobs, from the queue to the result, and of nobody else's", async () => {
  const hub = await ownHub();
  const [ann, bob] = [connect(hub, "ann"), connect(hub, "bob")];
  const probe = startProbe(hub);
  await Promise.all([live(ann), live(bob)]);
  const bobs: string[] = [];
  bob.onEvent(({ event, data }) => "jobId" in data && bobs.push(`${event} ${data.jobId}`));
  const seen = follow(ann, "d1");
  probe.notifyDocumentQueued("ann", { documentId: "d1", fileName: "thesis.pdf", fileSize: 5e6, userPlan: "premium" });
  await until(() => ann.job("d1") !== null, { what: "the document" });
  probe.notifyDocumentStarted("d1");
  await until(() => ann.job("d1")?.state === "active", { what: "its start" });
  probe.notifyDocumentProgress("d1", 40, "analyzing");
  await until(() => ann.job("d1")?.progress === 40, { what: "its progress" });
  probe.notifyDocumentQueued("bob", { documentId: "d2" });
  probe.notifyDocumentCompleted("d1", { pages: 12 }, true);
  await ended(ann, "d1");
  await until(() => bob.job("d2") !== null, { what: "the other document" });
  expect(bobs).toEqual(["job-queued d2"]);
  expect(ann.job("d2")).toBeNull();
  expect(seen[0]).toMatchObject({ state: "queued", queue: "documents", fileName: "thesis.pdf", progress: 0 });
  expect(ann.job("d1")).toMatchObject({ progress: 100, result: { pages: 12 }, error: null });
});

test("after the hub was killed and started again, states are as they are, and progress never ran back", {
  timeout: 60_000,
}, async () => {
  const hub = await ownHub();
  const ann = connect(hub, "ann");
  const probe = startProbe(hub);
  await live(ann);
  const seen = follow(ann, "d1");
  for (const documentId of ["d1", "d2", "d3"]) probe.notifyDocumentQueued("ann", { documentId });
  for (const id of ["d1", "d2"]) probe.notifyDocumentStarted(id);
  probe.notifyDocumentProgress("d1", 30, "reading");
  probe.notifyDocumentProgress("d2", 20, "reading");
  await until(() => ann.job("d1")?.progress === 30 && ann.job("d2")?.progress === 20, { what: "the progress" });
  await hub.kill();
  await until(() => ann.state !== "live", { what: "a client that knows" });
  probe.notifyDocumentProgress("d1", 70, "analyzing");
  probe.notifyDocumentCompleted("d2", "done", true);
  // One that was not there before has all of it from the hub.
  const late = connect(hub, "ann");
  await hub.start();
  await Promise.all([live(ann), live(late)]);
  await Promise.all([ann, late].map((client) => ended(client, "d2")));
  for (const client of [ann, late]) {
    await until(() => client.job("d1")?.progress === 70, { what: "what came meanwhile" });
    expect(client.job("d1")).toMatchObject({ state: "active", stage: "analyzing", attempt: 1 });
    expect(client.job("d2")).toMatchObject({ state: "completed", result: "done" });
    await until(() => client.job("d3")?.state === "queued", { what: "the one that waits" });
  }
  const restored: string[] = [];
  const last = connect(hub, "ann");
  last.onEvent(({ event, data }) => "restored" in data && data.restored && restored.push(`${event} ${data.jobId}`));
  await until(() => restored.length === 3, { what: "how all of them stand", timeoutMs: 20_000 });
  expect(restored.sort()).toEqual(["job-completed d2", "job-progress d1", "job-queued d3"]);
  probe.notifyDocumentCompleted("d1", null, true);
  await ended(ann, "d1");
  const progress = seen.map((job) => job.progress);
  expect(progress).toEqual([...progress].sort((a, b) => a - b));
});

test("a token that expires is followed by another, and by the end where there is none", {
  timeout: 30_000,
}, async () => {
  const hub = await ownHub();
  let asked = 0;
  const short = (): Promise<string> => userToken("ann", { secret: SECRET, ttlMs: 2_000 });
  const renewing = connect(hub, "ann", () => {
    asked++;
    return short();
  });
  const ending = connect(hub, "ann", await short());
  await live(renewing);
  await until(() => ending.state === "refused", { what: "the end of the token", timeoutMs: 10_000 });
  await until(() => asked >= 2 && renewing.state === "live", { what: "another token", timeoutMs: 10_000 });
});
