import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { createPassages } from "../dist/mount/passage.js";

/** A client that takes nothing, or one byte a second of what waits. */
function client(waiting: number, takes = 0) {
  const state = { waiting, cut: false };
  const timer = setInterval(() => {
    state.waiting = Math.max(0, state.waiting - takes);
  }, 1000);
  return {
    state,
    passage: {
      waiting: () => state.waiting,
      came: () => 1000,
      cut: () => {
        state.cut = true;
        clearInterval(timer);
      },
    },
  };
}

// A minute is waited for, by hand.
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("what is passed on", () => {
  it("is cut when its client takes nothing for a minute, and not when it is slow or has nothing to take", () => {
    const passages = createPassages(() => true);
    const [stuck, slow, idle] = [client(1000), client(1000, 1), client(0)];
    for (const { passage } of [stuck, slow, idle]) passages.enter(passage);
    vi.advanceTimersByTime(59_000);
    expect(stuck.state.cut).toBe(false);
    vi.advanceTimersByTime(5000);
    expect([stuck, slow, idle].map(({ state }) => state.cut)).toEqual([true, false, false]);
  });

  it("is bounded in number, and a place is given back once", () => {
    const passages = createPassages(() => true);
    const leaves = Array.from({ length: 1024 }, () => passages.enter(client(0).passage));
    expect(passages.hasRoom()).toBe(false);
    leaves[0]?.();
    leaves[0]?.();
    expect(passages.hasRoom()).toBe(true);
    passages.enter(client(0).passage);
    expect(passages.hasRoom()).toBe(false);
  });

  it("is not cut on a server that never listens because it is fed its connections by hand", () => {
    const fed = client(0);
    createPassages(() => false).enter(fed.passage);
    vi.advanceTimersByTime(10_000);
    expect(fed.state.cut).toBe(false);
  });
});
