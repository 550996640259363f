import { encodeLinkText, type ProbeAsk } from "@wsight/protocol";
import { expect, test } from "vitest";
import { Rig } from "./current-rig.ts";

const ask = (connection: number): Extract<ProbeAsk, { kind: "disconnect" }> => ({ kind: "disconnect", connection });
const DONE = { disconnected: true };

test("a question reaches the one probe it is for, and its answer comes back", async () => {
  const rig = new Rig();
  const one = rig.probe();
  const other = rig.probe({ instance: "b" });
  const asked = rig.asks.ask("chat/a", ask(7));
  expect(other.requests).toEqual([]);
  expect(one.requests).toEqual([{ type: "request", id: 1, ask: ask(7) }]);
  one.answer(1, {});
  expect(await asked).toEqual(DONE);
  expect(rig.asks.nodes()).toEqual(["chat/a", "chat/b"]);
});

test("what a probe refuses is told with its name, but it cannot speak of the viewer's own session", async () => {
  const rig = new Rig();
  const probe = rig.probe();
  const gone = rig.asks.ask("chat/a", ask(1));
  const signedOut = rig.asks.ask("chat/a", ask(2));
  probe.refuse(1, "NOT_FOUND", "connection 1 is not open");
  probe.refuse(2, "UNAUTHENTICATED", "sign in");
  await expect(gone).rejects.toMatchObject({ code: "NOT_FOUND", message: "chat/a: connection 1 is not open" });
  await expect(signedOut).rejects.toMatchObject({ code: "INTERNAL" });
});

test("a probe that says nothing is named when its time is over, and its late answer is counted", async () => {
  const rig = new Rig();
  const probe = rig.probe();
  const asked = rig.asks.ask("chat/a", ask(1), { deadlineMs: 20 });
  await expect(asked).rejects.toMatchObject({ code: "NODE_AWAY", message: "chat/a did not answer within 20 ms" });
  probe.answer(1, {});
  expect(rig.asks.stats()).toEqual({ asked: 1, waiting: 0, unanswered: 1, late: 1 });
  expect(rig.ingest.stats().badFrames).toBe(0);
});

test("a link that ends takes its questions with it, by closing, by bye, and by another that takes its place", async () => {
  const rig = new Rig();
  const away = { code: "NODE_AWAY", message: "chat/a closed its link before it answered" };
  const closing = rig.probe();
  const first = rig.asks.ask("chat/a", ask(1));
  closing.link.close();
  await expect(first).rejects.toMatchObject(away);
  await expect(rig.asks.ask("chat/a", ask(1))).rejects.toMatchObject({ message: "chat/a has no open link" });

  const leaving = rig.probe();
  const second = rig.asks.ask("chat/a", ask(1));
  leaving.send(encodeLinkText({ type: "bye", epoch: 1 }));
  await expect(second).rejects.toMatchObject(away);
  expect(rig.asks.nodes()).toEqual([]);

  rig.probe();
  const third = rig.asks.ask("chat/a", ask(1));
  const heir = rig.probe({ epoch: 2 });
  await expect(third).rejects.toMatchObject(away);
  const fourth = rig.asks.ask("chat/a", ask(1));
  heir.answer(1, {});
  expect(await fourth).toEqual(DONE);
});

test("answers count only from the node's own link and epoch; others are complained about", async () => {
  const rig = new Rig();
  const shutOut = rig.probe();
  const probe = rig.probe();
  const thief = rig.probe({ instance: "b" });
  const asked = rig.asks.ask("chat/a", ask(1), { deadlineMs: 50 });
  shutOut.answer(1, {});
  expect(rig.ingest.stats()).toMatchObject({ badFrames: 1 });
  thief.answer(1, {});
  expect(rig.ingest.stats().lastBadFrame).toBe("answer: expected the id of a question, got 1");
  probe.send(encodeLinkText({ type: "answer", id: 1, epoch: 9, answer: {} }));
  expect(rig.ingest.stats()).toMatchObject({ badFrames: 3, lastBadFrame: "answer: expected epoch 1, got 9" });
  await expect(asked).rejects.toMatchObject({ code: "NODE_AWAY" });
});

test("an answer that can't be read is no answer, and is complained about", async () => {
  const rig = new Rig();
  const probe = rig.probe();
  const asked = rig.asks.ask("chat/a", { kind: "tail", filters: [], perSecond: 1, forMs: 1000 });
  probe.answer(1, { following: "two" });
  await expect(asked).rejects.toMatchObject({ code: "NODE_AWAY" });
  expect(rig.ingest.stats().lastBadFrame).toContain("following");
});

test("a probe has four questions at a time, in order, and no more than 64 wait for it", async () => {
  const rig = new Rig();
  const probe = rig.probe();
  const asked = Array.from({ length: 64 }, (_, i) => rig.asks.ask("chat/a", ask(i)));
  await expect(rig.asks.ask("chat/a", ask(64))).rejects.toMatchObject({ code: "RATE_LIMITED" });
  expect(probe.requests.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
  for (let id = 1; id <= 64; id++) {
    expect(probe.requests.length).toBe(Math.min(64, id + 3));
    probe.answer(id, {});
  }
  expect(await Promise.all(asked)).toEqual(asked.map(() => DONE));
  expect(rig.asks.stats()).toMatchObject({ asked: 64, waiting: 0 });
});

test("who leaves waits no longer", async () => {
  const rig = new Rig();
  rig.probe();
  const left = new AbortController();
  const asked = rig.asks.ask("chat/a", ask(1), { signal: left.signal });
  left.abort(new Error("left"));
  await expect(asked).rejects.toThrow("left");
  await expect(rig.asks.ask("chat/a", ask(1), { signal: left.signal })).rejects.toThrow("left");
  expect(rig.asks.stats().waiting).toBe(0);
});

test("a probe that may speak for some queues is asked about jobs of these alone, and about all else", async () => {
  const { asks } = new Rig();
  const heard: ProbeAsk[] = [];
  asks.linked("mail/a", (frame) => frame.type === "request" && heard.push(frame.ask), new Set(["mail"]));
  asks.linked("any/a", () => {});
  expect(asks.nodes()).toEqual(["mail/a", "any/a"]);
  expect(asks.nodes("mail")).toEqual(["mail/a", "any/a"]);
  expect(asks.nodes("documents")).toEqual(["any/a"]);
  // Whoever knows it from before its link had bounds.
  await expect(asks.ask("mail/a", { kind: "job", queue: "documents", job: "1" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "mail/a may not speak for the queue documents",
  });
  const away = { code: "NODE_AWAY" };
  await expect(asks.ask("mail/a", { kind: "job", queue: "mail", job: "1" }, { deadlineMs: 5 })).rejects.toMatchObject(
    away,
  );
  await expect(asks.ask("mail/a", ask(7), { deadlineMs: 5 })).rejects.toMatchObject(away);
  expect(heard).toEqual([{ kind: "job", queue: "mail", job: "1" }, ask(7)]);
});
