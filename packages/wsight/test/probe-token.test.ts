import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createProbe, createRemoteLink } from "@wsight/probe";
import { freePort, until } from "@wsight/testkit";
import { expect, onTestFinished, test } from "vitest";
import { type Program, wsight } from "./program.ts";

const SECRET = "a-secret-for-tests-of-at-least-32-characters";
const FAST = { connectMs: 500, beatMs: 500, firstWaitMs: 10, longestWaitMs: 100, refusedWaitMs: 5000, stoodMs: 10_000 };

function start(...args: readonly string[]): Program {
  const program = wsight(args, { WSIGHT_SECRET: SECRET });
  onTestFinished(() => void program.child.kill("SIGKILL"));
  return program;
}

async function token(...args: readonly string[]): Promise<string> {
  const program = start("token", ...args);
  expect((await program.ended).code).toBe(0);
  return program.stdout().trim();
}

test("a token for some queues, made on the command line, keeps a probe to them, and nothing is told again to the next hub", async () => {
  const data = await mkdtemp(join(tmpdir(), "wsight-queues-"));
  onTestFinished(() => rm(data, { recursive: true, force: true, maxRetries: 5 }));
  const port = await freePort();
  const startHub = async (): Promise<Program> => {
    const program = start("hub", "--port", String(port), "--data", data);
    await program.saw(/http:/);
    return program;
  };
  const [hub, probeToken, adminToken] = await Promise.all([
    startHub(),
    token("--role", "probe", "--sub", "shop", "--queues", "thumbs, mail"),
    token("--role", "admin", "--sub", "ops"),
  ]);
  const get = async (path: string): Promise<Record<string, unknown>> => {
    const headers = { authorization: `Bearer ${adminToken}` };
    const reply = await fetch(`http://127.0.0.1:${port}${path}`, { headers }).catch(() => null);
    return reply === null ? {} : ((await reply.json()) as Record<string, unknown>);
  };
  const probe = createProbe({ service: "shop", instance: "one", intervalMs: 100 });
  onTestFinished(() => probe.close());
  probe.connect(createRemoteLink({ url: `ws://127.0.0.1:${port}`, token: () => probeToken, timing: FAST }));
  /** A job of a queue from its beginning to its end. */
  const run = (queue: string, jobId: string): void => {
    probe.jobQueued(null, { jobId, queue });
    probe.jobCompleted(jobId, { ok: true }, true, { queue });
  };
  const isKept = async (jobId: string): Promise<boolean> =>
    ((await get("/api/jobs?scope=ended&queue=mail")).rows as { id: string }[] | undefined)?.some(
      ({ id }) => id === jobId,
    ) === true;
  const kept = (jobId: string): Promise<unknown> =>
    until(() => isKept(jobId), { what: `job ${jobId} on disk`, timeoutMs: 30_000 });
  const queuesNow = async (): Promise<unknown> => {
    const { rows, dropped } = await get("/api/queues");
    return { queues: (rows as { queue: string }[]).map(({ queue }) => queue), dropped };
  };

  run("documents", "d1");
  run("mail", "m1");
  await kept("m1");
  expect(await queuesNow()).toEqual({ queues: ["mail"], dropped: 2 });
  // By then the first frames have long been acknowledged.
  run("mail", "m2");
  await kept("m2");

  hub.child.kill("SIGKILL");
  await hub.ended;
  await startHub();
  run("documents", "d2");
  run("mail", "m3");
  await kept("m3");
  expect(await queuesNow()).toEqual({ queues: ["mail"], dropped: 2 });
}, 90_000);
