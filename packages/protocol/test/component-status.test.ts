import { COMPONENT_STALE_MS, type ComponentMember, componentStatus } from "@wsight/protocol";
import { describe, expect, test } from "vitest";

const NOW = 1_790_000_000_000;

function row(change: Partial<ComponentMember>): ComponentMember {
  return {
    node: "shop/a",
    kind: "cache",
    name: "ioredis",
    library: "ioredis",
    state: "up",
    since: NOW - 60_000,
    checkedAt: NOW - 1000,
    latencySeconds: 0.001,
    error: null,
    ...change,
  };
}

describe("the status of components", () => {
  test("is absent where nothing of a kind is attached", () => {
    const { database, cache, network, system } = componentStatus([row({})], NOW);
    expect([database.state, network.state, system.state]).toEqual(["absent", "absent", "absent"]);
    expect(database).toMatchObject({ stale: false, since: null, latencySeconds: null, worst: null, members: 0, up: 0 });
    expect(cache).toMatchObject({ state: "up", stale: false, latencySeconds: 0.001, members: 1, up: 1 });
  });

  test("is that of the worst member over all nodes, with the slowest answer of those that answer", () => {
    const down = row({ node: "shop/b", state: "down", since: NOW - 5000, latencySeconds: 2, error: "ECONNREFUSED" });
    const { cache } = componentStatus([row({ latencySeconds: 0.004 }), down, row({ node: "shop/c" })], NOW);
    expect(cache).toMatchObject({ state: "down", since: NOW - 5000, latencySeconds: 0.004, members: 3, up: 2 });
    expect(cache.worst).toEqual(down);
  });

  test("down is worse than stale, stale than not asked yet, that than slow", () => {
    const order = [
      row({ state: "down", checkedAt: NOW - COMPONENT_STALE_MS - 1 }),
      row({ checkedAt: NOW - COMPONENT_STALE_MS - 1 }),
      row({ state: "unknown", checkedAt: null, latencySeconds: null }),
      row({ latencySeconds: 1 }),
      row({ latencySeconds: null }),
    ];
    for (let first = 0; first < order.length; first++) {
      const left = order.slice(first).toReversed();
      expect(componentStatus(left, NOW).cache.worst).toBe(order[first]);
    }
  });

  test("is stale, and has no latency, when nobody looked for 2.5 medium tiers", () => {
    const at = (ageMs: number) => componentStatus([row({ checkedAt: NOW - ageMs })], NOW).cache;
    expect(at(COMPONENT_STALE_MS)).toMatchObject({ stale: false, up: 1 });
    expect(at(COMPONENT_STALE_MS + 1)).toMatchObject({ state: "up", stale: true, up: 0, latencySeconds: null });
    expect(componentStatus([row({ checkedAt: NOW - 40_000 })], NOW, 50_000).cache.stale).toBe(false);
  });
});
