import { describe, expect, it } from "vitest";
import { Guard } from "../dist/guard.js";
import { type Pull, Pulls } from "../dist/pulls.js";

const MINUTE_TICKS = 60;

/** Pulls under a clock that the test moves: a read takes as long as it says. */
function setUp(): {
  pulls: Pulls;
  faults: string[];
  /** Goes on by so many seconds, with a tick in each. */
  seconds: (count: number) => void;
  /** Adds a pull that takes so long, ms, at each read. */
  add: (pull: Partial<Pull> & { takes?: () => number }) => { reads: number[]; end: () => void };
  row: (name: string) => ReturnType<Pulls["rows"]>[number];
  now: () => number;
} {
  let at = 1000;
  const faults: string[] = [];
  const guard = new Guard((error) => faults.push((error as Error).message));
  const tierMs = { fast: 1000, medium: 5000, slow: 30_000 };
  const pulls = new Pulls({ guard, tierMs, hr: () => at, now: () => at });
  let tick = 0;
  return {
    pulls,
    faults,
    now: () => at,
    seconds(count) {
      for (let i = 0; i < count; i++) {
        at = (Math.floor(at / 1000) + 1) * 1000;
        tick++;
        pulls.tick();
      }
    },
    add({ takes = () => 0.1, ...pull }) {
      const reads: number[] = [];
      const read = (): void => {
        reads.push(tick);
        at += takes();
      };
      const end = pulls.add({ name: "one", tier: "fast", read, ...pull });
      return { reads, end };
    },
    row(name) {
      const found = pulls.rows().find((row) => row.name === name);
      if (found === undefined) throw new Error(`no row ${name}`);
      return found;
    },
  };
}

function gaps(reads: readonly number[]): Set<number> {
  return new Set(reads.slice(1).map((tick, i) => tick - (reads[i] as number)));
}

describe("what is read at intervals", () => {
  it("is read at the next tick, then each 1, 5 and 30 s", () => {
    const { add, seconds, row } = setUp();
    const fast = add({ name: "fast", tier: "fast" });
    const medium = add({ name: "medium", tier: "medium" });
    const slow = add({ name: "slow", tier: "slow" });
    seconds(2 * MINUTE_TICKS);
    for (const { reads } of [fast, medium, slow]) expect(reads[0]).toBe(1);
    expect(gaps(fast.reads)).toEqual(new Set([1]));
    expect(gaps(medium.reads)).toEqual(new Set([5]));
    expect(gaps(slow.reads)).toEqual(new Set([30]));
    expect(row("slow")).toMatchObject({
      tier: "slow",
      at: "slow",
      intervalMs: 30_000,
      reads: 4,
      failures: 0,
      note: null,
    });
    expect(row("medium").seconds).toBeCloseTo(0.0001, 6);
    fast.end();
    seconds(5);
    expect(fast.reads).toHaveLength(2 * MINUTE_TICKS);
  });

  it("is spread over the ticks of its tier", () => {
    const { add, seconds } = setUp();
    const mediums = Array.from({ length: 5 }, (_, i) => add({ name: `medium ${i}`, tier: "medium" }));
    const slows = Array.from({ length: 12 }, (_, i) => add({ name: `slow ${i}`, tier: "slow" }));
    seconds(3 * MINUTE_TICKS);
    for (const group of [mediums, slows]) {
      const later = group.flatMap(({ reads }) => reads.filter((tick) => tick > MINUTE_TICKS));
      expect(new Set(later).size).toBe(later.length);
    }
  });
});

describe("a read over its budget", () => {
  it("is moved a tier down by its usual time, and further if it must", () => {
    const { add, seconds, row } = setUp();
    add({ budgetMs: 2, takes: () => 3 });
    seconds(2);
    expect(row("one").at).toBe("fast");
    seconds(1);
    expect(row("one")).toMatchObject({ tier: "fast", at: "medium", intervalMs: 5000, note: "over its budget of 2 ms" });
    expect(row("one").seconds).toBeCloseTo(0.003, 6);
    seconds(20);
    expect(row("one").at).toBe("slow");
    seconds(600);
    expect(row("one").at).toBe("slow");
  });

  it("stays where it is in the slowest tier, and is told until it does well", () => {
    const { add, seconds, row } = setUp();
    let takes = 3;
    add({ tier: "slow", budgetMs: 2, takes: () => takes });
    seconds(31);
    expect(row("one")).toMatchObject({ reads: 2, note: null });
    seconds(30);
    expect(row("one")).toMatchObject({ tier: "slow", at: "slow", note: "over its budget of 2 ms" });
    takes = 1;
    seconds(90);
    expect(row("one")).toMatchObject({ at: "slow", note: null });
  });

  it("does not move for single reads that were put aside", () => {
    const { add, seconds, row } = setUp();
    let read = 0;
    const { reads } = add({ budgetMs: 2, takes: () => (++read % 3 === 0 ? 40 : 0.2) });
    seconds(300);
    expect(row("one")).toMatchObject({ at: "fast", note: null });
    expect(reads).toHaveLength(300);
  });

  it("moves at once when it held everything up", () => {
    const { add, seconds, row } = setUp();
    add({ budgetMs: 2, takes: () => 150 });
    seconds(1);
    expect(row("one").at).toBe("medium");
  });

  it("comes back when it has done well for long, each time after longer", () => {
    const { add, seconds, row } = setUp();
    let takes = 3;
    add({ budgetMs: 2, takes: () => takes });
    seconds(3);
    takes = 0.5;
    seconds(25);
    expect(row("one").at).toBe("medium");
    seconds(10);
    expect(row("one")).toMatchObject({ at: "fast", note: null });
    takes = 3;
    seconds(3);
    takes = 0.5;
    seconds(50);
    expect(row("one").at).toBe("medium");
    seconds(20);
    expect(row("one").at).toBe("fast");
  });

  it("stays down while it is only just within its budget", () => {
    const { add, seconds, row } = setUp();
    let takes = 3;
    add({ budgetMs: 2, takes: () => takes });
    seconds(3);
    takes = 1.5;
    seconds(600);
    expect(row("one").at).toBe("medium");
  });

  it("is charged, all of them together", () => {
    const { add, seconds, pulls } = setUp();
    add({ name: "a", takes: () => 1 });
    add({ name: "b", tier: "medium", takes: () => 2 });
    seconds(10);
    expect(pulls.spentSeconds).toBeCloseTo(0.01 + 0.004, 6);
  });
});

describe("a read that hangs", () => {
  it("never begins a second time, and says so", async () => {
    const { add, seconds, row } = setUp();
    let begun = 0;
    let answer = (): void => undefined;
    const read = (): Promise<void> => {
      begun++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    };
    add({ read });
    seconds(60);
    expect(begun).toBe(1);
    expect(row("one")).toMatchObject({ reads: 0, readAt: null, note: "a read has not ended for 59 s" });
    answer();
    await Promise.resolve();
    await Promise.resolve();
    seconds(1);
    expect(begun).toBe(2);
    expect(row("one")).toMatchObject({ reads: 1, note: null });
  });
});

describe("a read that fails", () => {
  it.each([
    [
      "throws",
      () => {
        throw new Error("broken");
      },
    ],
    ["rejects", () => Promise.reject(new Error("broken"))],
  ])("and %s is counted, told once, and switched off after ten times", async (_, read) => {
    const { add, seconds, row, faults } = setUp();
    add({ read });
    const healthy = add({ name: "healthy" });
    for (let i = 0; i < 30; i++) {
      seconds(1);
      await Promise.resolve();
      await Promise.resolve();
    }
    expect(row("one")).toMatchObject({ reads: 0, failures: 10, readAt: null, note: "switched off after 10 faults" });
    expect(faults).toEqual(["broken", "10 faults of one; it is switched off. The last was: broken"]);
    expect(healthy.reads).toHaveLength(30);
  });

  it("says what it says itself about what is missing", () => {
    const { add, seconds, row } = setUp();
    let missing: string | null = "install something";
    add({ note: () => missing });
    seconds(1);
    expect(row("one").note).toBe("install something");
    missing = null;
    expect(row("one").note).toBeNull();
  });
});
