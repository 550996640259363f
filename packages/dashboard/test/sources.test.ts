import type { ComponentRow, NodeRow, Selector } from "@wsight/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { combined, product, rest, shareOfFirst, sum } from "../src/charts/combined.ts";
import { componentsInView, statusInView } from "../src/pages/components.ts";
import { Page, SmallHub, truth } from "./small-hub.ts";

const START = 1_800_000_000_000;
const HITS: Selector = { metric: "redis.cache.hits", agg: "rate" };
const MISSES: Selector = { metric: "redis.cache.misses", agg: "rate" };

let hub: SmallHub;
let page: Page;

beforeEach(async () => {
  hub = new SmallHub(START, 600_000);
  await hub.listen();
  page = new Page(hub);
  hub.now = () => page.clock.now();
});

afterEach(async () => {
  page.live.close();
  await hub.close();
});

const row = (node: string, change: Partial<ComponentRow> = {}): ComponentRow & { readonly node: string } => ({
  node: `shop/${node}`,
  kind: "cache",
  name: "ioredis",
  library: "ioredis",
  state: "up",
  since: START - 60_000,
  checkedAt: hub.at,
  latencySeconds: 0.001,
  error: null,
  ...change,
});

async function tell(
  components: readonly unknown[],
  nodes: readonly Partial<NodeRow>[] = [{ node: "shop/a", state: "live" }],
) {
  page.live.use({ series: [HITS, MISSES], tables: ["components", "nodes"] });
  await page.subscribed(1);
  hub.sendTable("components", components);
  hub.sendTable("nodes", nodes);
  await page.second();
}

describe("the state of what is watched", () => {
  it("is not known before the hub said what there is, and absent where it said that there is nothing", async () => {
    expect(statusInView(page.live, "cache")).toMatchObject({ state: "absent", known: false });
    await tell([]);
    expect(statusInView(page.live, "cache")).toMatchObject({ state: "absent", known: true, staleSince: null });
  });

  it("is that of the worst member, and of the chosen node alone when one is chosen", async () => {
    await tell([row("a"), row("b", { state: "down", error: "ECONNREFUSED" })]);
    expect(statusInView(page.live, "cache")).toMatchObject({ state: "down", members: 2, up: 1, lost: 0 });
    page.live.node.value = "shop/a";
    expect(statusInView(page.live, "cache")).toMatchObject({ state: "up", members: 1 });
  });

  it("of several is told of those that report; the silent one is counted and hides no other", async () => {
    await tell([row("a"), row("b", { checkedAt: hub.at - 20_000 })]);
    expect(statusInView(page.live, "cache")).toMatchObject({ state: "up", stale: false, lost: 1, members: 2, up: 1 });
    expect(statusInView(page.live, "cache").staleSince).toBeNull();
  });

  it("is unknown since the last look when nobody looked lately, whatever it was then", async () => {
    await tell([row("a", { checkedAt: hub.at - 30_000 }), row("b", { checkedAt: hub.at - 20_000 })]);
    expect(statusInView(page.live, "cache")).toMatchObject({ stale: true, lost: 0, staleSince: START - 20_000 });
  });

  it("of a node that fell silent is as old as its last sample", async () => {
    await tell([row("a")], [{ node: "shop/a", state: "silent", lastAt: hub.at - 40_000 }]);
    expect(componentsInView(page.live, "cache")[0]?.checkedAt).toBe(START - 40_000);
    expect(statusInView(page.live, "cache").stale).toBe(true);
  });
});

describe("a series made from others", () => {
  it("has a value at each step that its parts have one at", async () => {
    await tell([]);
    const ring = combined(page.live, [HITS, MISSES], sum);
    const { at, value, length } = ring.read(hub.at - 30_000, hub.at);
    for (let i = 0; i < length; i++) {
      const parts = ["rate(redis.cache.hits)", "rate(redis.cache.misses)"].map((key) =>
        truth(key, (at[i] as number) * 1000),
      );
      const known = parts.filter((part) => part === part).map((part) => Math.round(part * 100) / 100);
      const should = known.length === 0 ? Number.NaN : known.reduce((a, b) => a + b, 0);
      expect(value[i]).toBeCloseTo(should, 6);
    }
    expect(length).toBe(31);
    expect(ring.latest()).toBe(
      sum(
        Float64Array.of(page.live.series(HITS).latest() ?? Number.NaN, page.live.series(MISSES).latest() ?? Number.NaN),
      ),
    );
  });

  it("says nothing where there is nothing to say", () => {
    const none = Number.NaN;
    expect(sum(Float64Array.of(none, none))).toBeNaN();
    expect(sum(Float64Array.of(none, 2))).toBe(2);
    expect(product(Float64Array.of(3, none))).toBeNaN();
    expect(product(Float64Array.of(3, 0.5))).toBe(1.5);
    expect(shareOfFirst(Float64Array.of(0, 0))).toBeNaN();
    expect(shareOfFirst(Float64Array.of(none, 4))).toBe(0);
    expect(shareOfFirst(Float64Array.of(3, none))).toBe(1);
    expect(rest(Float64Array.of(none, 1))).toBeNaN();
    expect(rest(Float64Array.of(10, 4, none, 1))).toBe(5);
    // Hundredths that were rounded apart are no rest.
    expect(rest(Float64Array.of(10, 4.98, 4.99))).toBe(0);
  });
});
