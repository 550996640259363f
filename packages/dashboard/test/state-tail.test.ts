import { afterEach, beforeEach, expect, it } from "vitest";
import type { TailBatch } from "../src/state/index.ts";
import { until } from "./hand-clock.ts";
import { Page, SmallHub } from "./small-hub.ts";

const START = 1_800_000_000_000;
const WISH = { search: "dir:in", node: null, perSecond: 10 };

let hub: SmallHub;
let page: Page;

beforeEach(async () => {
  hub = new SmallHub(START);
  await hub.listen();
  page = new Page(hub);
  hub.now = () => page.clock.now();
  page.live.use({ series: [], tables: ["nodes"] });
  await page.subscribed(1);
});

afterEach(async () => {
  page.live.close();
  await hub.close();
});

/** What the hub was asked to tail, in order. */
function asked(): readonly unknown[] {
  return hub.said.flatMap((message) => (message.type === "tail" ? [message.tail] : []));
}

function sendTail(event: string, passed = 0): void {
  hub.send(JSON.stringify({ type: "tail", rows: [{ event }], passed }));
}

it("asks for a tail, hears it, and ends it", async () => {
  const heard: TailBatch[] = [];
  const end = page.live.tail(WISH, (batch) => heard.push(batch));
  sendTail("chat", 3);
  await page.heard();
  expect(heard).toMatchObject([{ rows: [{ event: "chat" }], passed: 3 }]);
  end();
  end();
  sendTail("late");
  await page.heard();
  expect(heard).toHaveLength(1);
  await until(() => asked().length === 2, "both wishes");
  expect(asked()).toEqual([WISH, null]);
});

it("keeps the newest wish when an older one is taken back", async () => {
  const heard: string[] = [];
  const end = page.live.tail(WISH, () => heard.push("old"));
  page.live.tail({ ...WISH, perSecond: 50 }, () => heard.push("new"));
  end();
  sendTail("chat");
  await page.heard();
  expect(heard).toEqual(["new"]);
  await until(() => asked().length === 2, "both wishes");
  expect(asked()).toEqual([WISH, { ...WISH, perSecond: 50 }]);
});

it("asks again after a reconnect, because a tail ends with its session", async () => {
  page.live.tail(WISH, () => undefined);
  await until(() => asked().length === 1, "the wish");
  hub.cut();
  await page.becomes("offline");
  page.clock.advance(10_000);
  await until(() => asked().length === 2, "the wish again");
  expect(asked()).toEqual([WISH, WISH]);
});
