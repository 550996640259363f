import { createProbe, type Probe, type ProbeOptions } from "@wsight/probe";
import { until } from "@wsight/testkit";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createRecordingLink } from "./recording-link.ts";

const MESSAGES = "websocket.server.messages";

let probe: Probe | undefined;
afterEach(() => {
  probe?.close();
  probe = undefined;
});

function create(options: ProbeOptions = {}): Probe & { faults: Error[] } {
  const faults: Error[] = [];
  probe = createProbe({ intervalMs: 100, onError: (error) => faults.push(error as Error), ...options });
  return Object.assign(probe, { faults });
}

describe("counting by hand", () => {
  it("adds up to the summary of the contract", async () => {
    const made = create();
    made.trackConnectionOpened({ connectionId: "a", userId: "ada", channelId: "lobby" });
    made.trackConnectionOpened({ connectionId: "b", userId: "ada", channelId: "ops" });
    made.trackConnectionOpened({ connectionId: "c", userId: 7, channelId: null });
    made.trackConnectionOpened({ connectionId: "c", userId: "someone else" });
    made.trackConnectionClosed("b");
    made.trackConnectionClosed("b");
    made.trackConnectionClosed("never opened");
    for (const latency of [10, 20, 30]) made.trackMessageSent("chat", latency);
    made.trackMessageReceived("chat");
    made.trackError("timeout", "took too long");
    expect(made.getSummary()).toMatchObject({
      connections: { total: 2, by_user: { ada: 1, 7: 1 }, by_channel: { lobby: 1 }, created: 3, closed: 1 },
      messages: { latency: { count: 3, min: 10, max: 30, avg: 20 } },
      errors: { total: 1, by_type: { timeout: 1 }, recent: [{ type: "timeout", message: "took too long" }] },
    });
    await until(() => made.getSummary().errors.rate === 1, { what: "the error of this minute" });
    expect(made.getSummary().messages.rate_1m).toBeGreaterThan(0);
    expect(made.faults).toEqual([]);
  });

  it("is the same in both spellings", () => {
    const camel = create();
    const snake = createProbe();
    camel.trackConnectionOpened({ connectionId: "a", userId: "ada", channelId: "x" });
    snake.track_connection_opened({ connection_id: "a", user_id: "ada", channel_id: "x" });
    camel.trackMessageSent("chat", 5);
    snake.track_message_sent("chat", 5);
    camel.trackMessageReceived("chat");
    snake.track_message_received("chat");
    camel.trackError("e", "m");
    snake.track_error("e", "m");
    const plain = ({ connections, messages, errors }: ReturnType<Probe["getSummary"]>) => [
      connections,
      messages.latency,
      errors.total,
    ];
    expect(plain(snake.get_summary())).toEqual(plain(camel.getSummary()));
    snake.track_connection_closed("a");
    expect(snake.get_summary().connections).toMatchObject({ total: 0, closed: 1 });
    snake.close();
  });

  it("never throws, whatever it is given, and says what was wrong", () => {
    const made = create();
    const calls = [
      "trackConnectionOpened",
      "trackConnectionClosed",
      "trackMessageSent",
      "trackMessageReceived",
      "trackError",
      "track_connection_opened",
      "track_error",
    ] as const;
    fc.assert(
      fc.property(
        fc.constantFrom(...calls),
        fc.array(fc.anything({ withBigInt: true, withNullPrototype: true })),
        (call, args) => {
          Reflect.apply(made[call], made, args);
        },
      ),
      { numRuns: 2000 },
    );
    const other = create();
    other.trackMessageSent("chat", -1);
    other.trackConnectionOpened({} as never);
    other.trackMessageReceived(5 as never);
    expect(other.faults.map(({ message }) => message)).toEqual([
      "latencyMs: expected a number of milliseconds from 0, got -1",
      "connectionId: expected a string, got undefined",
      "type: expected a string, got 5",
    ]);
  });

  it("counts types and channels of any length: clients may have chosen them", () => {
    const made = create();
    made.trackConnectionOpened({ connectionId: "a", channelId: "c".repeat(100_000) });
    made.trackMessageReceived("x".repeat(100_000));
    made.trackMessageSent("y".repeat(100_000), 5);
    made.trackError("z".repeat(100_000));
    expect(made.faults).toEqual([]);
    expect(made.getSummary()).toMatchObject({
      connections: { created: 1, by_channel: { ["c".repeat(128)]: 1 } },
      messages: { latency: { count: 1 } },
      errors: { total: 1, by_type: { ["z".repeat(64)]: 1 } },
    });
  });

  it("keeps no more connections than it may", () => {
    const made = create({ caps: { connections: 10 } });
    for (let i = 0; i < 50; i++) made.trackConnectionOpened({ connectionId: `c${i}`, userId: `u${i}` });
    const { connections } = made.getSummary();
    expect(connections.total).toBe(10);
    expect(Object.keys(connections.by_user)).toHaveLength(10);
  });

  it("hides users when asked to, and still tells them apart", () => {
    const made = create({ hashUsers: true });
    for (const [i, userId] of ["ada", "ada", "bob"].entries())
      made.trackConnectionOpened({ connectionId: `${i}`, userId });
    const users = made.getSummary().connections.by_user;
    expect(Object.values(users).sort()).toEqual([1, 2]);
    expect(Object.keys(users).join()).not.toMatch(/ada|bob/);
  });
});

describe("event names that clients choose", () => {
  it("are at most as many as the cap; totals stay exact over the link; a hot name gets its own row", async () => {
    const cap = 40;
    const made = create({ caps: { events: cap } });
    const link = createRecordingLink();
    made.connect(link);
    let sent = 0;
    let hotSent = 0;
    const seen: number[] = [];
    await until(
      () => {
        for (let i = 0; i < 60; i++) {
          made.trackMessageReceived(`random ${sent++ % 5000}`);
          if (sent < 1500) continue;
          made.trackMessageReceived("hot");
          hotSent++;
        }
        seen.push(link.sum(MESSAGES));
        return hotSent > 0 && link.sum(MESSAGES, { event: "hot" }) > 0;
      },
      { what: "a row of its own for the hot name", timeoutMs: 25_000 },
    );
    await until(() => link.sum(MESSAGES) === sent + hotSent, { what: "the last snapshot" });
    expect(link.labels(MESSAGES, "event").size).toBeLessThanOrEqual(cap + 1);
    expect(link.labels(MESSAGES, "event")).toContain("_other");
    // What was told before never shrinks, though names come and go.
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
  });

  it("that only differ beyond what a label holds are one row with both their counts", () => {
    const made = create({ caps: { events: 1 } });
    const link = createRecordingLink();
    made.trackMessageReceived(`${"x".repeat(128)}1`);
    made.trackMessageReceived(`${"x".repeat(128)}2`);
    made.connect(link);
    expect(link.sum(MESSAGES, { event: "x".repeat(128) })).toBe(2);
  });
});

describe("errors", () => {
  it("are kept as the newest hundred, counted by at most so many types", () => {
    const made = create({ caps: { types: 5 } });
    for (let i = 0; i < 250; i++) made.trackError(`type ${i % 20}`, `message ${i}`);
    const { errors } = made.getSummary();
    expect(errors.total).toBe(250);
    expect(Object.keys(errors.by_type)).toHaveLength(6);
    expect(errors.recent.map(({ message }) => message)).toEqual(
      Array.from({ length: 100 }, (_, i) => `message ${i + 150}`),
    );
  });

  it("have their text cut", () => {
    const made = create();
    made.trackError("t".repeat(200), "ab ".repeat(5000));
    const [row] = made.getSummary().errors.recent;
    expect(row?.message).toHaveLength(256);
    expect(row?.type).toHaveLength(64);
  });

  it.each([
    ["password=hunter2 for bob", /hunter2/],
    ['{"token": "abc123", "ok": 1}', /abc123/],
    ["Authorization: Bearer abc.def-ghi", /abc\.def/],
    ["got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here", /eyJ/],
    ["GET /reset?code=991827&mail=x failed", /991827/],
    ["mongodb://root:s3cret@db:27017 is away", /s3cret/],
    ["no mailbox ada.l+x@example.co.uk", /ada\.l|example/],
    ["card 4111 1111 1111 1111 refused", /4111/],
    ["Cookie: sid=s%3Aabcdef; path=/", /abcdef/],
    ["x-api-key: 'k-123 456'", /k-123|456/],
  ])("never keep a secret: %s", (text, secret) => {
    const made = create();
    made.trackError("leak", text);
    expect(made.getSummary().errors.recent[0]?.message).not.toMatch(secret);
  });

  it("keep what is no secret readable", () => {
    const made = create();
    made.trackError("plain", "connect ECONNREFUSED 127.0.0.1:5432 after 3 tries");
    expect(made.getSummary().errors.recent[0]?.message).toBe("connect ECONNREFUSED 127.0.0.1:5432 after 3 tries");
  });

  it("pass through the host's own redaction; when that throws the text is withheld", () => {
    const made = create({ redact: (text) => text.replaceAll("Ada", "A.") });
    made.trackError("e", "Ada failed");
    expect(made.getSummary().errors.recent[0]?.message).toBe("A. failed");
    const broken = create({
      redact: () => {
        throw new Error("no");
      },
    });
    broken.trackError("e", "Ada failed");
    expect(broken.getSummary().errors.recent[0]?.message).toBe("(withheld: the redact option threw)");
  });
});

describe("options that are not right", () => {
  it.each([
    [{ service: "" }, "service: expected 1 to 64 letters"],
    [{ instance: "a b" }, 'instance: expected 1 to 64 letters, digits or . : @ _ -, got "a b"'],
    [{ intervalMs: 50 }, "intervalMs: expected a whole number from 100 to 60000, got 50"],
    [{ getUser: "ada" }, 'getUser: expected a function, got "ada"'],
    [{ caps: { events: 0 } }, "caps.events: expected a whole number from 1 to 1000, got 0"],
  ])("like %j fail at once and say what was expected", (options, words) => {
    expect(() => createProbe(options as ProbeOptions)).toThrow(words);
  });
});
