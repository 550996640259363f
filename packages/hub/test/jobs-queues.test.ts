import { type Hub, type Principal, signToken, type TokenClaims } from "@wsight/hub";
import { encodeLinkText, findMetric, type HubFrame, type JobEvent, SnapshotEncoder } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { type Answer, ask, bearer, makeDir, post, SECRET, startHub, upgrade } from "./harness.ts";
import { watchHub } from "./hub-watch.ts";
import { createSmallProbe } from "./small-probe.ts";

type Headers = Readonly<Record<string, string>>;

const PATH = "/api/jobs/events";
const ONE_OF = "expected one of mail, thumbs, as the token says, got";

async function probeOf(claims: Partial<TokenClaims> = {}): Promise<Headers> {
  const token = await signToken({ sub: "chat", role: "probe", ttlMs: 60_000, ...claims }, SECRET);
  return { authorization: `Bearer ${token}` };
}

const ofMail = (): Promise<Headers> => probeOf({ queues: ["mail", "thumbs"] });

async function get(hub: Hub, path: string): Promise<Answer> {
  return ask(hub, path, { headers: await bearer("admin") });
}

/** What is known: jobs, workers and queues by name, and how many events were dropped. */
async function knownTo(hub: Hub): Promise<Record<string, unknown>> {
  const [jobs, workers, queues] = await Promise.all(
    ["/api/jobs?sort=queuedAt", "/api/workers", "/api/queues"].map((path) => get(hub, path)),
  );
  const named = (answer: Answer | undefined, name: (row: Record<string, unknown>) => string): string[] =>
    ((answer?.json.rows ?? []) as Record<string, unknown>[]).map(name).sort();
  return {
    jobs: named(jobs, ({ queue, id }) => `${queue}/${id}`),
    workers: named(workers, ({ queue, worker }) => `${queue}/${worker}`),
    queues: named(queues, ({ queue }) => String(queue)),
    dropped: queues?.json.dropped,
  };
}

const BATCH = {
  events: [
    { kind: "queued", queue: "mail", job: "1" },
    { kind: "queued", queue: "documents", job: "2" },
    { kind: "queued", job: "3" },
    { kind: "queued", queue: "thumbs", job: "4" },
  ],
  beats: [
    { queue: "documents", worker: "w" },
    { queue: "mail", worker: "w" },
  ],
};
const ANSWER = {
  taken: 2,
  ignored: 0,
  refused: 2,
  kept: true,
  faults: [
    `events[1].queue: ${ONE_OF} "documents"`,
    `events[2].queue: ${ONE_OF} "jobs"`,
    `beats[0].queue: ${ONE_OF} "documents"`,
  ],
  further: 0,
};
const KNOWN = { jobs: ["mail/1", "thumbs/4"], workers: ["mail/w"], queues: ["mail", "thumbs"], dropped: 2 };

describe("a token that names queues", () => {
  test("tells of these over HTTP, and is told which events are of others", async () => {
    const hub = await startHub();
    const answer = await post(hub, PATH, BATCH, await ofMail());
    expect([answer.status, answer.json]).toEqual([200, ANSWER]);
    expect(await knownTo(hub)).toEqual(KNOWN);
  });

  test("can end no job of another queue, and has twenty refusals named", async () => {
    const hub = await startHub();
    await post(hub, PATH, [{ kind: "queued", queue: "documents", job: "7" }], await bearer("admin"));
    const ends = Array.from({ length: 30 }, () => ({ kind: "completed", queue: "documents", job: "7" }));
    const { json } = await post(hub, PATH, ends, await ofMail());
    expect(json).toMatchObject({ taken: 0, ignored: 0, refused: 30, further: 10 });
    expect(json.faults).toHaveLength(20);
    expect((await get(hub, "/api/jobs/documents/7")).json.state).toBe("waiting");
  });

  test("tells of these over a WebSocket, which stays open", async () => {
    const hub = await startHub();
    const heard: Record<string, unknown>[] = [];
    const { socket } = await upgrade(hub, "/ws/jobs/events", await ofMail(), (text) => heard.push(JSON.parse(text)));
    // More than may make no sense.
    for (let id = 0; id < 30; id++) socket?.send(JSON.stringify({ id, ...BATCH }));
    await until(() => heard.length === 30, { what: "all answers" });
    const first = heard.find(({ id }) => id === 0);
    expect(first).toEqual({ id: 0, ...ANSWER });
    expect(heard.every(({ refused, error }) => refused === 2 && error === undefined)).toBe(true);
    expect(await knownTo(hub)).toEqual({ ...KNOWN, dropped: 60 });
  });

  test("counts as one that names none where an administrator has it, or anybody but a probe", async () => {
    const hub = await startHub();
    const foreign = new SignJWT({ role: "admin", queues: "of another program" }).setProtectedHeader({ alg: "HS256" });
    const key = new TextEncoder().encode(SECRET);
    const token = await foreign.setIssuer("wsight").setSubject("a").setExpirationTime("1h").sign(key);
    const { json } = await post(hub, PATH, BATCH.events, { authorization: `Bearer ${token}` });
    expect(json).toEqual({ taken: 4, ignored: 0, refused: 0, kept: true });
  });

  test.each<[string, unknown, string]>([
    ["text", "mail,thumbs", 'token claim queues: expected an array, got "mail,thumbs"'],
    ["null", null, "token claim queues: expected an array, got null"],
    ["nothing", [], "token claim queues: expected 1 to 64 names of queues, got an array of 0"],
    ["too many", Array.from({ length: 65 }, (_, i) => `q${i}`), "token claim queues: expected at most 64 items"],
    ["a number", ["mail", 5], "token claim queues[1]: expected a string, got 5"],
    ["no name", [""], 'token claim queues[0]: expected 1 to 64 characters that can be seen, got ""'],
    ["a long name", ["q".repeat(65)], "token claim queues[0]: expected at most 64 characters"],
    ["a name with a line feed", ["a\nb"], "token claim queues[0]: expected 1 to 64 characters that can be seen"],
  ])("is refused at every door with %s for names", async (_what, queues, message) => {
    const hub = await startHub();
    const draft = new SignJWT({ role: "probe", queues }).setProtectedHeader({ alg: "HS256" }).setIssuer("wsight");
    const token = await draft.setSubject("chat").setExpirationTime("1h").sign(new TextEncoder().encode(SECRET));
    const headers = { authorization: `Bearer ${token}` };
    const answer = await post(hub, PATH, [], headers);
    expect(answer).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(answer.text).toContain(JSON.stringify(message).slice(1, -1));
    for (const path of ["/ws/probe", "/ws/jobs/events"])
      expect(await upgrade(hub, path, headers)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
  });

  test.each<[string, Partial<TokenClaims>, string]>([
    ["for another role", { role: "admin", queues: ["mail"] }, "queues: expected none but with role probe"],
    ["without names", { queues: [] }, "queues: expected 1 to 64 names of queues"],
    ["too long to be shown", { queues: Array.from({ length: 64 }, (_, i) => `${i}${"字".repeat(60)}`) }, "name fewer"],
  ])("is not made %s", async (_what, claims, message) => {
    await expect(probeOf(claims)).rejects.toThrow(message);
  });

  test("has its like in what the host's callback answers", async () => {
    let queues: unknown = ["mail", "thumbs"];
    const errors: unknown[] = [];
    const hub = await startHub({
      authenticate: async () => ({ sub: "chat", role: "probe", queues }) as Principal,
      onError: (error) => errors.push(error),
    });
    // What a browser attaches by itself has to come from the hub's own page.
    const headers = { authorization: "Bearer opaque", "sec-fetch-site": "same-origin" };
    expect((await post(hub, PATH, BATCH, headers)).json).toEqual(ANSWER);
    queues = "mail";
    expect(await post(hub, PATH, BATCH, headers)).toMatchObject({ status: 401, code: "UNAUTHENTICATED" });
    expect(String(errors[0])).toContain('authenticate queues: expected an array, got "mail"');
  });
});

/** A process at the other end of a real link. */
interface Linked {
  readonly heard: HubFrame[];
  /** Says one frame; `seq` and `epoch` are added. */
  say(frame: Readonly<Record<string, unknown>>): void;
  jobs(seq: number, more: Readonly<Record<string, unknown>>): void;
  send(data: Uint8Array): void;
}

async function link(hub: Hub, headers: Headers): Promise<Linked> {
  const heard: HubFrame[] = [];
  const { socket } = await upgrade(hub, "/ws/probe", headers, (text) => heard.push(JSON.parse(text) as HubFrame));
  if (socket === null) throw new Error("refused");
  const { greeting } = createSmallProbe();
  for (const message of greeting) socket.send(message);
  const say: Linked["say"] = (frame) => socket.send(JSON.stringify({ epoch: 7, ...frame }));
  return {
    heard,
    say,
    jobs: (seq, more) => say({ type: "jobs", seq, events: [], beats: [], queues: [], dropped: 0, ...more }),
    send: (data) => socket.send(data),
  };
}

function queued(queue: string, job: string): JobEvent {
  return { kind: "queued", at: Date.now(), queue, job };
}

function reading(queue: string): object {
  const counts = { waiting: 900 };
  return { at: Date.now(), queue, library: "bullmq", paused: false, counts, workers: 0, oldestWaitMs: null };
}

describe("a process whose token names queues", () => {
  test("tells of these over its link; the rest is acknowledged, counted and said once", async () => {
    const hub = await startHub();
    const watch = await watchHub(hub);
    const { heard, jobs } = await link(hub, await ofMail());
    const kept = (seq: number): boolean => heard.some((frame) => frame.type === "jobs-ack" && frame.seq === seq);
    const beat = { at: Date.now(), worker: "w", concurrency: 1, active: 0 };
    jobs(1, {
      events: [queued("mail", "1"), queued("documents", "2"), queued("jobs", "3"), queued("thumbs", "4")],
      beats: [
        { ...beat, queue: "mail" },
        { ...beat, queue: "documents" },
      ],
      queues: [reading("mail"), reading("documents"), reading("thumbs")],
    });
    await until(() => kept(1), { what: "an acknowledgement" });
    expect(await knownTo(hub)).toEqual(KNOWN);
    jobs(2, { events: [queued("documents", "2")], beats: [{ ...beat, queue: "documents" }] });
    await until(() => kept(2), { what: "an acknowledgement of what was left out altogether" });
    expect(await knownTo(hub)).toEqual({ ...KNOWN, dropped: 3 });
    await until(() => watch.row?.badFrames === 1, { what: "the count" });
    expect(watch.row?.lastBadFrame).toBe(`chat/a: jobs events[1].queue: ${ONE_OF} "documents"`);
    const { json } = await get(hub, "/api/doctor");
    const told = JSON.stringify(json.checks);
    expect(told).toContain("3 events gave way before they were taken, or are of queues that their token does not name");
    expect(told).toContain(JSON.stringify(watch.row?.lastBadFrame).slice(1, -1));
  });

  test("gives no figures of other queues", async () => {
    const hub = await startHub();
    const { heard, say, send } = await link(hub, await ofMail());
    const metric = findMetric("queue.workers");
    if (metric === undefined) throw new Error("no such metric");
    const named = [{ queue: "mail" }, { queue: "documents" }, {}].map((labels, i) => ({
      id: 10 + i,
      series: { metric, labels },
    }));
    // The frame has names in a shape of its own.
    say(JSON.parse(encodeLinkText({ type: "names", epoch: 7, names: named as never, retired: [] })));
    const encoder = new SnapshotEncoder();
    encoder.begin();
    for (const { id } of named) encoder.gauge(id, id);
    send(encoder.finish({ epoch: 7, seq: 1, at: Date.now(), keyframe: true }));
    await until(() => heard.some(({ type }) => type === "ack"), { what: "an acknowledgement" });
    await until(async () => (await get(hub, "/metrics")).text.includes('queue="mail"} 10'), { what: "the figure" });
    const lines = (await get(hub, "/metrics")).text.split("\n").filter((line) => line.startsWith("queue_workers{"));
    expect(lines).toEqual(['queue_workers{service="chat",node="chat/a",queue="mail"} 10']);
    expect(heard.some(({ type }) => type === "resync")).toBe(false);
  });

  test("puts no events of jobs of other queues into history", async () => {
    const hub = await startHub({ dataDir: await makeDir() });
    const { say } = await link(hub, await ofMail());
    const event = { at: Date.now(), kind: "job.failed", text: "" };
    const rows = ["documents", "mail"].map((queue) => ({ ...event, subject: queue, attributes: { queue } }));
    const other = { ...event, subject: "none", attributes: {} };
    say({ type: "events", rows: [...rows, other, { ...other, kind: "error", subject: "last" }], leftOut: {} });
    const events = async (): Promise<{ kind: string; subject: string; attributes: object }[]> =>
      (await get(hub, "/api/history/events?limit=100")).json.events as never;
    await until(async () => (await events()).some(({ kind }) => kind === "left-out"), { what: "the events" });
    const told = (await events()).filter(({ kind }) => kind !== "node.started");
    expect(told.map(({ subject }) => subject).sort()).toEqual(["", "last", "mail"]);
    expect(told.find(({ subject }) => subject === "")?.attributes).toEqual({ "job.failed": 2 });
  });

  test("is asked about jobs of these alone", async () => {
    const hub = await startHub();
    const both = [queued("mail", "1"), queued("documents", "2")];
    await post(hub, PATH, both, await bearer("admin"));
    const { heard, say } = await link(hub, await ofMail());
    const headers = await bearer("admin");
    const remove = (job: string): Promise<Answer> => post(hub, `/api/jobs/${job}/actions/remove`, {}, headers);
    await until(() => heard.some(({ type }) => type === "welcome"), { what: "a welcome" });
    expect(await remove("documents/2")).toMatchObject({ status: 503, code: "NODE_AWAY" });
    expect((await get(hub, "/api/jobs/documents/2/look")).code).toBe("NODE_AWAY");
    const removed = remove("mail/1");
    await until(() => heard.some(({ type }) => type === "request"), { what: "a question" });
    const asked = heard.filter((frame) => frame.type === "request");
    expect(asked).toMatchObject([{ ask: { kind: "job-action", queue: "mail", job: "1" } }]);
    say({ type: "answer", id: asked[0]?.id, answer: {} });
    expect((await removed).json).toEqual({ done: true, action: "remove", node: "chat/a" });
  });
});
