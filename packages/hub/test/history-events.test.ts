import { encodeLinkText, type HistoryEvent } from "@wsight/protocol";
import { until } from "@wsight/testkit";
import { expect, it } from "vitest";
import { ask, bearer, makeDir, SECRET, startHub } from "./harness.ts";

const EPOCH = 7;
const HELLO = {
  type: "hello",
  version: 1,
  service: "chat",
  instance: "a",
  epoch: EPOCH,
  pid: 11,
  host: "h",
  runtime: "Node.js 20",
  intervalMs: 1000,
  findings: [],
  capacity: null,
} as const;

async function startWithNode() {
  const hub = await startHub({ dataDir: await makeDir(), secret: SECRET });
  const link = hub.openLink(() => undefined);
  const startedAt = Date.now() - 1000;
  link.receive(encodeLinkText({ ...HELLO, startedAt }));
  const headers = await bearer();
  const events = async (query = ""): Promise<readonly HistoryEvent[]> => {
    const { status, json } = await ask(hub, `/api/history/events?limit=100${query}`, { headers });
    return status === 200 ? (json.events as readonly HistoryEvent[]) : [];
  };
  return { link, startedAt, events };
}

it("what a probe tells of its connections is kept with its node, and what it left out as a number", async () => {
  const { link, events } = await startWithNode();
  const at = Date.now();
  const attributes = { server: "ws", durationMs: 1200 };
  link.receive(
    encodeLinkText({
      type: "events",
      epoch: EPOCH,
      rows: [
        { at: at - 1, kind: "connection.opened", subject: "12", text: "", attributes: { server: "ws" } },
        { at, kind: "connection.closed", subject: "12", text: "1006", attributes },
      ],
      leftOut: { "connection.opened": 40 },
    }),
  );
  const closed = await until(async () => (await events("&kinds=connection.closed"))[0], { what: "the close" });
  expect(closed).toEqual({ at, kind: "connection.closed", node: "chat/a", subject: "12", text: "1006", attributes });
  const [left] = await events("&kinds=left-out");
  expect(left).toMatchObject({ node: "chat/a", attributes: { "connection.opened": 40 } });
});

it("a process that started just now and one that ended are events, a probe's nonsense is none", async () => {
  const { link, startedAt, events } = await startWithNode();
  const started = await until(async () => (await events("&kinds=node.started"))[0], { what: "the start" });
  expect(started).toMatchObject({ at: startedAt, node: "chat/a", subject: "chat/a", text: "started" });
  const row = { at: 1, kind: "connection.robbed", subject: "1", text: "", attributes: {} };
  link.receive(JSON.stringify({ type: "events", epoch: EPOCH, rows: [row], leftOut: {} }));
  link.receive(encodeLinkText({ type: "bye", epoch: EPOCH }));
  const gone = await until(async () => (await events("&kinds=node.gone"))[0], { what: "the end" });
  expect(gone).toMatchObject({ node: "chat/a", attributes: { pid: 11, host: "h" } });
  expect((await events()).map(({ kind }) => kind).sort()).toEqual(["node.gone", "node.started"]);
});

it("what claims to have happened in the future is of now, and a process that began then too", async () => {
  const { link, events } = await startWithNode();
  const future = 8.64e15;
  link.receive(
    encodeLinkText({
      type: "events",
      epoch: EPOCH,
      rows: [{ at: future, kind: "error", subject: "1", text: "x", attributes: {} }],
      leftOut: {},
    }),
  );
  const error = await until(async () => (await events("&kinds=error"))[0], { what: "the error" });
  expect(error.at).toBeLessThanOrEqual(Date.now());
  await until(async () => (await events("&kinds=node.started"))[0], { what: "the start" });
  link.receive(encodeLinkText({ ...HELLO, epoch: EPOCH + 1, startedAt: future }));
  const restart = await until(
    async () => (await events("&kinds=node.started")).find(({ text }) => text === "restarted"),
    { what: "the restart" },
  );
  expect(restart.at).toBeLessThanOrEqual(Date.now());
});

it("a probe that tells without end fills nothing: the rest is a number", async () => {
  const { link, events } = await startWithNode();
  const at = Date.now();
  const frames = 40;
  for (let frame = 0; frame < frames; frame++) {
    const rows = Array.from({ length: 128 }, (_, i) => ({
      at,
      kind: "connection.opened" as const,
      subject: `${frame}-${i}`,
      text: "",
      attributes: {},
    }));
    link.receive(encodeLinkText({ type: "events", epoch: EPOCH, rows, leftOut: {} }));
  }
  await until(async () => (await events("&kinds=connection.opened")).length > 0, { what: "the first of them" });
  const told = await events("&kinds=connection.opened&limit=1000");
  // One more frame brings the number, once the node may speak again.
  const left = await until(
    async () => {
      link.receive(encodeLinkText({ type: "events", epoch: EPOCH, rows: [], leftOut: {} }));
      return (await events("&kinds=left-out"))[0];
    },
    { what: "what was left out" },
  );
  expect(Number(left.attributes["connection.opened"])).toBeGreaterThan(frames * 128 - 1_300);
  expect(told.length).toBeLessThanOrEqual(1_000);
});
