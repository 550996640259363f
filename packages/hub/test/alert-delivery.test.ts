import {
  type SmtpServerOfTest,
  type SmtpServerOptions,
  startSmtpServer,
  startWebhookReceiver,
  until,
  type WebhookReceiver,
} from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDeliveryRig, type DeliveryRig, type DeliveryRigOptions } from "./delivery-rig.ts";

const HOUR_MS = 3_600_000;

let closing: (() => Promise<void>)[];

beforeEach(() => {
  closing = [];
});
afterEach(async () => {
  for (const close of closing.reverse()) await close();
});

async function start(options?: DeliveryRigOptions): Promise<DeliveryRig> {
  const rig = await createDeliveryRig({ random: () => 0, ...options });
  closing.push(() => rig.close());
  return rig;
}

async function withMail(rig: DeliveryRig, id = "mail", options?: SmtpServerOptions): Promise<SmtpServerOfTest> {
  const server = await startSmtpServer(options);
  closing.push(() => server.stop());
  const { host, port } = server;
  rig.setChannel({
    id,
    type: "email",
    config: { host, port, security: "none", from: "a@example.org", to: ["b@example.org"] },
  });
  return server;
}

async function withHook(rig: DeliveryRig, id = "hook"): Promise<WebhookReceiver> {
  const receiver = await startWebhookReceiver();
  closing.push(() => receiver.stop());
  rig.setChannel({ id, type: "webhook", config: { url: receiver.url } });
  return receiver;
}

interface Body {
  readonly notices: readonly {
    readonly kind: string;
    readonly seq: number;
    readonly summary: string;
    readonly description: string;
  }[];
}
const kinds = (receiver: WebhookReceiver): readonly string[] =>
  receiver.posts.map(({ json }) => (json as Body).notices.map(({ kind }) => kind).join("+"));

describe("a notice in the outbox", () => {
  it("is sent at once, and is known to have been", async () => {
    const rig = await start();
    const server = await withMail(rig);
    await rig.tell("mail");
    const [row] = await rig.settled("sent");
    expect(server.mails).toHaveLength(1);
    expect(row).toMatchObject({ attempts: 1, providerId: server.mails[0]?.messageId, lastError: null });
  });

  it("comes once from a server that puts mail off", async () => {
    const rig = await start();
    const server = await withMail(rig);
    server.setMood("greylist", 2);
    await rig.tell("mail");
    const [row] = await rig.settled("sent");
    expect(row?.attempts).toBe(3);
    expect(server.mails).toHaveLength(1);
  });

  it("comes twice, with one id, from a server that took it and did not say so", async () => {
    const rig = await start();
    const server = await withMail(rig);
    server.setMood("drop", 1);
    await rig.tell("mail");
    await rig.settled("sent");
    const ids = server.mails.map(({ messageId }) => messageId);
    expect(ids).toHaveLength(2);
    expect(new Set(ids).size).toBe(1);
  });

  it("is tried later and later, anywhere below 2ⁿ s, and never later than 15 min", async () => {
    const rig = await start({ random: () => 0.999 });
    const receiver = await withHook(rig);
    receiver.replyAlways({ status: 503 });
    await rig.tell("hook", { severity: "critical" });
    const waits: number[] = [];
    for (let tries = 1; tries <= 12; tries++) {
      const row = await until(
        async () => (await rig.outbox()).find(({ attempts, state }) => attempts === tries && state === "queued"),
        { what: `try ${tries}` },
      );
      waits.push(Math.round((row.nextAt - rig.now()) / 1000));
      rig.forward(row.nextAt - rig.now() + 11_000);
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 511, 899, 899, 899]);
  });

  it.each([
    ["warning", 4],
    ["critical", 24],
  ] as const)("is given up %s after %i h, and told through the other channels", async (severity, hours) => {
    const rig = await start();
    const receiver = await withHook(rig);
    const other = await withHook(rig, "other");
    receiver.replyAlways({ status: 503, body: "maintenance" });
    await rig.tell("hook", { severity });
    await until(() => receiver.posts.length > 0, { what: "the first try" });
    rig.forward((hours - 1) * HOUR_MS);
    const tries = receiver.posts.length;
    await until(() => receiver.posts.length > tries, { what: "another try" });
    expect(await rig.tables.outbox({ state: "dead", limit: 10 })).toHaveLength(0);
    rig.forward(HOUR_MS + 60_000);
    const [dead] = await rig.settled("dead");
    expect(dead).toMatchObject({ channelId: "hook", lastError: "HTTP 503: maintenance" });
    await rig.settled("sent");
    expect(other.posts[0]?.json).toMatchObject({
      notices: [
        {
          kind: "undeliverable",
          severity,
          summary: "Not delivered through hook (Webhook): Queue mail holds 250 jobs, above 200",
          description: expect.stringContaining("HTTP 503: maintenance"),
        },
      ],
    });
  });

  it("that is refused for good is dead at once, told through the other channels, and can be sent again", async () => {
    const rig = await start();
    const server = await withMail(rig);
    const other = await withHook(rig);
    server.setMood("refuse", 1);
    await rig.tell("mail");
    const [dead] = await rig.settled("dead");
    expect(dead?.lastError).toBe("b@example.org: 550 5.1.1 no such user");
    await until(() => other.posts.length === 1, { what: "the other channel to be told" });
    expect(kinds(other)).toEqual(["undeliverable"]);
    await rig.tables.retry(dead?.id ?? 0);
    rig.dispatcher.wake();
    await until(() => server.mails.length === 1, { what: "the mail" });
  });

  it("that says that another one was not delivered is not told of when it is lost itself", async () => {
    const rig = await start();
    const [first, second] = [await withHook(rig, "first"), await withHook(rig, "second")];
    first.replyAlways({ status: 404 });
    second.replyAlways({ status: 404 });
    await rig.tell("first");
    const dead = await rig.settled("dead", 2);
    expect(dead.map(({ channelId, notice }) => `${channelId} ${notice.kind}`)).toEqual([
      "second undeliverable",
      "first firing",
    ]);
    expect([first.posts.length, second.posts.length]).toEqual([1, 1]);
  });

  it("is one of twenty within an hour that are told through the others, and the last says that more are not", async () => {
    const rig = await start();
    const [first, second] = [await withHook(rig, "first"), await withHook(rig, "second")];
    first.replyAlways({ status: 404 });
    const tell = (from: number, count: number): Promise<unknown> =>
      Promise.all(
        Array.from({ length: count }, (_, i) =>
          rig.tell("first", { episodeId: `E${from + i}` }, { groupKey: `g${from + i}` }),
        ),
      );
    await tell(0, 23);
    await rig.settled("dead", 23);
    await rig.settled("sent", 20);
    expect(second.posts).toHaveLength(20);
    const [beforeLast, last] = second.posts.slice(-2).map(({ json }) => (json as Body).notices[0]?.description ?? "");
    expect(beforeLast).not.toContain("not told this hour");
    expect(last).toContain("More of this channel are not told this hour");
    rig.forward(HOUR_MS);
    await tell(100, 1);
    await rig.settled("sent", 21);
  });

  it("of a channel that is switched off or gone is dead, and nobody is told", async () => {
    const rig = await start();
    const receiver = await withHook(rig);
    rig.setChannel({ id: "off", type: "webhook", enabled: false, config: { url: receiver.url } });
    await rig.tell("off");
    await rig.tell("gone");
    const dead = await rig.settled("dead", 2);
    expect(dead.map(({ lastError }) => lastError)).toEqual(["the channel is gone", "the channel is switched off"]);
    expect(receiver.posts).toHaveLength(0);
  });

  it("that is a test goes through a channel that is switched off, and is tried once", async () => {
    const rig = await start();
    const receiver = await withHook(rig);
    const other = await withHook(rig, "other");
    rig.setChannel({ id: "off", type: "webhook", enabled: false, config: { url: receiver.url } });
    receiver.reply({ status: 500 });
    await rig.tell("off", { kind: "test", episodeId: null });
    const [dead] = await rig.settled("dead");
    expect(dead?.attempts).toBe(1);
    await rig.tell("off", { kind: "test", episodeId: null });
    await rig.settled("sent");
    expect([receiver.posts.length, other.posts.length]).toEqual([2, 0]);
  });

  it("never shows a secret in what went wrong", async () => {
    const rig = await start();
    const receiver = await startWebhookReceiver();
    closing.push(() => receiver.stop());
    const secrets = { secret: "hush-hush-1", authorization: "Bearer hush-hush-2" };
    rig.setChannel({ id: "hook", type: "webhook", config: { url: receiver.url }, secrets });
    receiver.reply({ status: 401, body: "not Bearer hush-hush-2, nor hush-hush-1\r\nat all" });
    await rig.tell("hook");
    const [dead] = await rig.settled("dead");
    expect(dead?.lastError).toBe("HTTP 401: not •••, nor ••• at all");
  });
});

describe("notices of one channel", () => {
  it("come in order within an episode, and one that was not told yet is told together with its end", async () => {
    const rig = await start();
    const receiver = await withHook(rig);
    await rig.tell("hook", { seq: 1 });
    await rig.settled("sent");
    receiver.reply({ status: 503 }, { status: 503 });
    await rig.tell("hook", { kind: "escalated", seq: 2 });
    await until(() => receiver.posts.length === 2, { what: "the first try" });
    await rig.tell("hook", { kind: "resolved", seq: 3, endedAt: rig.now() });
    await rig.settled("sent", 2);
    await until(async () => (await rig.outbox()).every(({ state }) => state === "sent" || state === "superseded"), {
      what: "nothing to be left",
    });
    expect(kinds(receiver).at(-1)).toBe("resolved");
    expect(kinds(receiver).filter((kind) => kind === "resolved").length).toBeLessThanOrEqual(2);
  });

  it("go together when they are of one group", async () => {
    const rig = await start();
    const receiver = await withHook(rig);
    const group = { groupKey: "rule=queue-length", groupWaitSec: 1 };
    for (let at = 0; at < 3; at++) await rig.tell("hook", { episodeId: `E${at}`, seq: at }, group);
    rig.forward(1_000);
    await rig.settled("sent", 3);
    expect(kinds(receiver)).toEqual(["firing+firing+firing"]);
  });

  it("wait as long as the receiver asked for", async () => {
    const rig = await start();
    const receiver = await withHook(rig);
    receiver.reply({ status: 429, headers: { "retry-after": "120" } });
    await rig.tell("hook", { episodeId: "A" });
    const putOff = async () => (await rig.outbox()).some(({ attempts, state }) => attempts === 1 && state === "queued");
    await until(putOff, { what: "the first try" });
    await rig.tell("hook", { episodeId: "B" });
    rig.forward(60_000);
    await rig.tell("hook", { episodeId: "C" });
    // Told later and through another channel: what would not wait has gone before it.
    await withHook(rig, "other");
    await rig.tell("other", { episodeId: "D" });
    await rig.settled("sent");
    expect(receiver.posts).toHaveLength(1);
    rig.forward(61_000);
    await rig.settled("sent", 4);
  });

  it("are sent one at a time", async () => {
    const rig = await start();
    const receiver = await withHook(rig);
    receiver.replyAlways({ status: 200, afterMs: 50 });
    for (let at = 0; at < 5; at++) await rig.tell("hook", { episodeId: `E${at}` });
    await rig.settled("sent", 5);
    const times = receiver.posts.map(({ at }) => at);
    expect(times.slice(1).every((at, before) => at - (times[before] ?? 0) >= 49)).toBe(true);
  });

  it("don't wait for those of another one that hangs", async () => {
    const rig = await start();
    const hanging = await withHook(rig, "hanging");
    const receiver = await withHook(rig);
    hanging.replyAlways("hang");
    await rig.tell("hanging");
    await until(() => hanging.posts.length === 1, { what: "the one that hangs" });
    await rig.tell("hook");
    await rig.settled("sent");
    expect(receiver.posts).toHaveLength(1);
    await hanging.stop();
  });
});

describe("tables that can't be used", () => {
  it("don't make a notice come twice", async () => {
    let failures = 2;
    const rig = await start({
      leaseMs: 100,
      wrap: (tables) => ({
        lease: (...given) => tables.lease(...given),
        nextDueAt: (at) => tables.nextDueAt(at),
        enqueue: (...given) => tables.enqueue(...given),
        settle: (...given) => (failures-- > 0 ? Promise.reject(new Error("disk full")) : tables.settle(...given)),
      }),
    });
    const receiver = await withHook(rig);
    await rig.tell("hook");
    await rig.settled("sent");
    expect(receiver.posts).toHaveLength(1);
    expect(rig.troubles).toEqual(["Error: disk full", "Error: disk full"]);
  });

  it("are tried again", async () => {
    let failures = 1;
    const rig = await start({
      wrap: (tables) => ({
        lease: (...given) => (failures-- > 0 ? Promise.reject(new Error("locked")) : tables.lease(...given)),
        nextDueAt: (at) => tables.nextDueAt(at),
        enqueue: (...given) => tables.enqueue(...given),
        settle: (...given) => tables.settle(...given),
      }),
    });
    const receiver = await withHook(rig);
    await rig.tell("hook");
    await rig.settled("sent");
    expect([receiver.posts.length, rig.troubles.length]).toEqual([1, 1]);
  });
});

describe("a dispatcher that is closed", () => {
  it("waits for what it is sending, and takes nothing more", async () => {
    const rig = await start();
    const server = await withMail(rig);
    server.setMood("slow");
    await rig.tell("mail");
    await until(() => server.tries === 1, { what: "the mail to be on its way" });
    await rig.dispatcher.close();
    expect((await rig.outbox()).map(({ state }) => state)).toEqual(["sent"]);
    await rig.tell("mail", { episodeId: "later" });
    await rig.dispatcher.close();
    expect(server.mails).toHaveLength(1);
  });
});
