import { resolvePlan } from "@wsight/load";
import { parseGate, parseLoadPlan } from "@wsight/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileTemplate, readMark } from "../dist/drivers/template.js";
import { WaitingMessages } from "../dist/drivers/waiting-messages.js";
import { Pending } from "../dist/run/pending.js";
import { Tally } from "../dist/run/tally.js";
import { timetableOf } from "../dist/run/timetable.js";
import { Schedule } from "../dist/schedule.js";
import { judge } from "../dist/verdict.js";

const url = "ws://127.0.0.1:1";

describe("the schedule", () => {
  it("lets every connection send at each of its times, in the order of time, however late it is asked", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 30 }),
        (starts, steps) => {
          const schedule = new Schedule(100);
          for (const [who, at] of starts.entries()) schedule.add(who, at);
          const sent: [number, number][] = [];
          let now = 0;
          for (const step of steps) {
            now += step;
            schedule.run(now, Number.POSITIVE_INFINITY, (who, at) => sent.push([who, at]) > 0);
          }
          const meant = starts.flatMap((start, who) =>
            Array.from({ length: Math.max(0, Math.floor((now - start) / 100) + 1) }, (_, i) => [who, start + i * 100]),
          );
          const order = (rows: (number | undefined)[][]) => rows.map(([who, at]) => `${at}/${who}`).sort();
          expect(order(sent)).toEqual(order(meant));
          expect(sent.map(([, at]) => at)).toEqual(sent.map(([, at]) => at).toSorted((a, b) => a - b));
        },
      ),
    );
  });

  it("keeps newcomers in order while it is late", () => {
    const schedule = new Schedule(10);
    schedule.add(0, 0);
    schedule.add(1, 500);
    const sent: number[] = [];
    schedule.run(40, 100, (_who, at) => sent.push(at) > 0);
    expect(sent).toEqual([0, 10, 20, 30, 40]);
  });

  it("drops those that do not go on, and sends at most so many", () => {
    const schedule = new Schedule(10);
    for (let who = 0; who < 10; who++) schedule.add(who, 0);
    expect(schedule.run(0, 4, () => false)).toBe(4);
    expect(schedule.size).toBe(6);
  });
});

describe("messages that wait", () => {
  it("are found by number, once, and given up by age", () => {
    const pending = new Pending();
    for (let i = 0; i < 200; i++) pending.add(i, i + 0.5);
    expect(pending.take(150)).toBe(true);
    expect([pending.meantAt, pending.sentAt]).toEqual([150, 150.5]);
    expect(pending.take(150)).toBe(false);
    expect(pending.expire(100)).toBe(100);
    expect(pending.take(99)).toBe(false);
    expect(pending.waiting).toBe(99);
    expect(pending.expire(1000)).toBe(99);
    expect(pending.next).toBe(200);
  });

  it("are answered in order, or by their text", () => {
    const inOrder = new WaitingMessages();
    for (let i = 0; i < 100; i++) inOrder.add(i);
    inOrder.forget(40);
    expect(Array.from({ length: 61 }, () => inOrder.take())).toEqual([
      ...Array.from({ length: 60 }, (_, i) => 40 + i),
      -1,
    ]);
    const byText = new WaitingMessages();
    for (let i = 0; i < 3; i++) byText.add(i, `text ${i}`);
    expect(["text 1", "text 1", "text 0", "text 2"].map((text) => byText.takeText(text))).toEqual([1, -1, 0, 2]);
  });
});

describe("tallies", () => {
  it("add up over processes as if one had counted all", () => {
    const value = fc.record({ ms: fc.double({ min: 0, max: 1e6, noNaN: true }), first: fc.boolean() });
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), (values) => {
        const [whole, first, second] = [new Tally(), new Tally(), new Tally()];
        for (const { ms, first: isFirst } of values) {
          for (const tally of [whole, isFirst ? first : second]) {
            tally.sent++;
            tally.latency.record(ms);
            tally.fail(`reason ${Math.floor(ms) % 3}`);
            tally.take("a");
          }
        }
        const sum = Tally.read(first.write());
        sum.add(Tally.read(second.write()));
        expect([sum.sent, sum.latency.count]).toEqual([whole.sent, whole.latency.count]);
        expect(sum.latency.quantile(0.9)).toBe(whole.latency.quantile(0.9));
        expect(new Map([...sum.failures].sort())).toEqual(new Map([...whole.failures].sort()));
        expect(sum.workers).toEqual(whole.workers);
      }),
    );
  });

  it("tell a bounded number of reasons apart", () => {
    const tally = new Tally();
    for (let i = 0; i < 1000; i++) tally.fail(`reason ${i}`);
    expect(tally.failures.size).toBe(129);
    expect(tally.failures.get("others")).toBe(872);
  });
});

describe("templates", () => {
  it("fill in numbers and leave the rest alone", () => {
    const { fill, constant } = compileTemplate('{"n":{{n}},"c":{{id}},"x":"{{pad:3}}","y":"{{other}}"}');
    expect([fill(7, 9, 0), constant]).toEqual(['{"n":7,"c":9,"x":"xxx","y":"{{other}}"}', false]);
    expect(compileTemplate("{{pad:4}}")).toMatchObject({ constant: true });
  });

  it("carry the time at which a message was meant to leave", () => {
    const text = compileTemplate('["a","{{mark}}"]').fill(0, 0, 123_456.789);
    expect(readMark(Buffer.from(text))).toBeCloseTo(123_456.789, 3);
    expect(readMark(Buffer.from("nothing"))).toBe(null);
  });
});

describe("plans", () => {
  it("are what the profile says, but for what is given", () => {
    expect(resolvePlan({ url })).toMatchObject({ profile: "light", connections: 50, intervalSeconds: 1 });
    expect(["medium", "heavy", "extreme"].map((profile) => resolvePlan({ url, profile }).connections)).toEqual([
      200, 500, 1000,
    ]);
    expect(resolvePlan({ url, profile: "custom", connections: 300, interval: 0.3 })).toMatchObject({
      connections: 300,
      intervalSeconds: 0.3,
      message: { reply: "auto" },
    });
  });

  it("pass their own check, all of them", () => {
    for (const profile of ["light", "ramp", "soak", "spike", "reconnect-storm", "broadcast-lag"]) {
      const plan = resolvePlan({ url, profile });
      expect(parseLoadPlan(structuredClone(plan))).toEqual(plan);
    }
  });

  it("keep the default gates but for figures that have their own", () => {
    const { gates } = resolvePlan({ url, expect: ["p95<50ms", "p99<=80", "messages>99.5%"] });
    expect(gates.map(({ figure, comparison, limit }) => `${figure}${comparison}${limit}`)).toEqual([
      "connected>0.95",
      "avg<200",
      "p95<50",
      "p99<=80",
      "messages>0.995",
    ]);
  });

  it.each([
    [{ url, profile: "lite" }, "profile: expected one of light, medium"],
    [{ url: "ftp://x" }, "url: expected a ws:, wss:, http: or https: address"],
    [{ url, connections: 0 }, "connections: expected a number from 1"],
    [{ url, headers: { "a\r\nb": "x" } }, "headers: expected a name of a header"],
    [{ url, headers: { a: "x\r\ny: z" } }, "header a: expected one line of Latin-1"],
    [{ url, expect: ["p42<1"] }, "expected one of connected, messages"],
    [{ url, expect: ["connected>95"] }, "connected as a ratio from 0 to 1, or with %"],
    [{ url, expect: ["p95<5%"] }, "p95 without %"],
    [{ url, expect: ["fast"] }, "gate: expected FIGURE<NUMBER"],
    [{ url, profile: "broadcast-lag", message: "hello" }, "a text with {{mark}}"],
  ])("that can't be right are refused: %j", (options, message) => {
    expect(() => resolvePlan(options)).toThrow(message);
  });

  it("become timetables", () => {
    const times = (profile: string) =>
      timetableOf(resolvePlan({ url, profile, connections: 90, ramp: 2, duration: 30 }));
    expect(times("light")).toMatchObject({ messagesFrom: 2000, endsAt: 32_000 });
    expect(times("ramp").moves).toEqual([{ type: "open", at: 0, from: 0, to: 90, overMs: 30_000 }]);
    expect(times("spike").moves.map(({ type, at, from, to }) => [type, at, from, to])).toEqual([
      ["open", 0, 0, 30],
      ["open", 12_000, 30, 90],
      ["close", 22_000, 30, 90],
    ]);
    expect(times("reconnect-storm").moves.map(({ type, at }) => [type, at])).toEqual([
      ["open", 0],
      ["cut", 17_000],
      ["open", 17_000],
    ]);
  });
});

describe("the verdict", () => {
  const latency = { count: 1, avg: 5, p50: 5, p90: 5, p95: 5, p99: 5, p999: 5, max: 5, buckets: [] };
  const figures = {
    connections: { wanted: 100, opened: 100, failed: 0, dropped: 10, connect: latency, failures: [] },
    messages: { sent: 100, answered: 97, lost: 3, received: 97, bytesIn: 0, bytesOut: 0, latency, service: null },
    tool: { processes: 1, cpu: 0, sendLag: null, valid: true, invalidReason: null },
  };

  it.each([
    ["connected>0.95", 0.9, false],
    ["messages>0.98", 0.97, false],
    ["messages>=97%", 0.97, true],
    ["p95<5", 5, false],
    ["p95<=5", 5, true],
    ["errors<14", 13, true],
    ["service-p95<1000", null, false],
  ])(
    "of %s is just: connections that were thrown out again, and what was not measured, did not succeed",
    (text, value, passed) => {
      expect(judge(figures, [parseGate(text)])).toEqual([{ gate: parseGate(text), value, passed }]);
    },
  );
});
