import { createHmac } from "node:crypto";
import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Delivery } from "@wsight/hub";
import type { Notice } from "@wsight/protocol";
import { startWebhookReceiver, type WebhookReceiver } from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { createNotifyRig, message, type NotifyRig, notice } from "./notify-rig.ts";

type Fields = Readonly<Record<string, unknown>>;

let receiver: WebhookReceiver;
let rig: NotifyRig;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  rig = createNotifyRig({ now: () => 1_790_000_123_456 });
});
afterEach(async () => {
  await rig.close();
  await receiver.stop();
});

const newest = (): Fields => receiver.posts.at(-1)?.json as Fields;

describe("a webhook", () => {
  const send = (...args: readonly Notice[]): Promise<Delivery> =>
    rig.send(
      "webhook",
      { config: { url: `${receiver.url}/in?team=a` }, secrets: { secret: "s3cret-s3cret" } },
      message(...args),
    );

  it("gets our JSON, a key that stays the same and a signature that can be checked", async () => {
    expect(await send()).toMatchObject({ result: "sent", reply: "HTTP 200: ok" });
    const [post] = receiver.posts;
    expect(post).toMatchObject({ method: "POST", path: "/in?team=a" });
    expect(post?.headers["content-type"]).toBe("application/json");
    expect(post?.headers["idempotency-key"]).toBe(message().idempotencyKey);
    const signed = createHmac("sha256", "s3cret-s3cret").update(`1790000123.${post?.body}`).digest("hex");
    expect(post?.headers["x-wsight-signature"]).toBe(`t=1790000123,v1=${signed}`);
    expect(newest()).toEqual({ version: 1, id: message().idempotencyKey, instance: "hub-1", notices: [notice()] });
  });

  it("gets the same body and key when it is tried again", async () => {
    receiver.reply({ status: 500 });
    await send();
    await send();
    expect(receiver.posts[0]?.body).toBe(receiver.posts[1]?.body);
    expect(receiver.posts[0]?.headers["idempotency-key"]).toBe(receiver.posts[1]?.headers["idempotency-key"]);
  });

  it("shows what it was given as Authorization", async () => {
    await rig.send("webhook", { config: { url: receiver.url }, secrets: { authorization: "Bearer T0ken" } });
    expect(receiver.posts[0]?.headers.authorization).toBe("Bearer T0ken");
    expect(receiver.posts[0]?.headers["x-wsight-signature"]).toBeUndefined();
  });

  it("is given up at once when what it shall show can't be a header, and what that is is not told", async () => {
    const secrets = { authorization: "Bearer T0kën €" };
    const tried = await rig.send("webhook", { config: { url: receiver.url }, secrets });
    expect(tried).toMatchObject({ result: "dead" });
    expect(JSON.stringify(tried)).not.toContain("T0k");
    expect(receiver.posts).toHaveLength(0);
  });

  it.each([408, 425, 429, 500, 502, 503, 599])("is tried again after %i", async (status) => {
    receiver.reply({ status, body: "not\nnow" });
    expect(await send()).toEqual({ result: "again", error: `HTTP ${status}: not now`, afterMs: null });
  });

  it.each([400, 401, 403, 404, 410, 413, 422])("is given up after %i", async (status) => {
    receiver.reply({ status });
    expect(await send()).toEqual({ result: "dead", error: `HTTP ${status}` });
  });

  it("is tried again when the receiver says, in seconds or at a date", async () => {
    receiver.reply({ status: 429, headers: { "retry-after": "7" } });
    expect(await send()).toMatchObject({ result: "again", afterMs: 7_000 });
    const date = new Date(1_790_000_123_456 + 90_000).toUTCString();
    receiver.reply({ status: 503, headers: { "retry-after": date } });
    expect(await send()).toMatchObject({ result: "again", afterMs: 89_544 });
    receiver.reply({ status: 503, headers: { "retry-after": "soon" } });
    expect(await send()).toMatchObject({ result: "again", afterMs: null });
  });

  it("does not follow a redirect, which could lead anywhere", async () => {
    const inner = await startWebhookReceiver();
    receiver.reply({ status: 307, headers: { location: `${inner.url}/secrets` } });
    expect(await send()).toEqual({ result: "dead", error: "HTTP 307: redirects are not followed" });
    expect(inner.posts).toHaveLength(0);
    await inner.stop();
  });

  it.each(["reset", "drop"] as const)("is tried again after a %s", async (reply) => {
    receiver.reply(reply);
    expect(await send()).toMatchObject({ result: "again", afterMs: null });
  });

  it("is tried again when nothing comes back in time", async () => {
    receiver.reply("hang");
    const channel = { config: { url: receiver.url } };
    const tried = await rig.send("webhook", channel, message(), AbortSignal.timeout(60));
    expect(tried).toEqual({ result: "again", error: "no answer in time", afterMs: null });
  });

  /** A receiver that answers in its own way and never ends. */
  async function endless(answer: (response: ServerResponse) => void): Promise<string> {
    const server = createServer((_request, response) => answer(response)).listen(0, "127.0.0.1");
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    await once(server, "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  }

  it("has it when the receiver said so, though the rest of its answer never ends: nothing is sent twice", async () => {
    const url = await endless((response) => response.writeHead(200).write("taken"));
    const tried = await rig.send("webhook", { config: { url } }, message(), AbortSignal.timeout(300));
    expect(tried).toMatchObject({ result: "sent", reply: "HTTP 200: taken" });
  });

  it("is tried again when the receiver says without end that an answer will come", async () => {
    const url = await endless((response) => {
      for (let i = 0; i < 100; i++) response.writeContinue();
    });
    const tried = await rig.send("webhook", { config: { url } }, message(), AbortSignal.timeout(20_000));
    expect(tried).toMatchObject({ result: "again", error: expect.stringMatching(/without end/) });
  });

  it("is tried again when nobody listens", async () => {
    const { url } = receiver;
    await receiver.stop();
    expect(await rig.send("webhook", { config: { url } })).toMatchObject({ result: "again" });
  });

  it("reads no more of an answer than it needs", async () => {
    receiver.reply({ status: 200, body: "x".repeat(5_000_000) });
    const sent = await send();
    expect(sent.result).toBe("sent");
    expect(JSON.stringify(sent).length).toBeLessThan(400);
  });

  const places = [
    "http://169.254.169.254/latest",
    "http://[::1]:1/",
    "https://10.0.0.1/",
    "http://2130706434/",
    "http://0x7f000002/",
  ];
  it.each(places)("goes nowhere near %s", async (url) => {
    const tried = await rig.send("webhook", { config: { url } });
    expect(tried).toMatchObject({ result: "dead", error: expect.stringContaining("not a public address") });
  });

  it("goes to nothing on this machine unless it is allowed", async () => {
    const strict = createNotifyRig({ allow: [] });
    const tried = await strict.send("webhook", { config: { url: receiver.url } });
    expect(tried).toMatchObject({ result: "dead", error: expect.stringContaining("notifyHosts") });
    expect(receiver.posts).toHaveLength(0);
  });

  it.each([
    ["file:///etc/passwd", "expected https://host/path"],
    ["nonsense", "expected https://host/path"],
    ["https://user:secret@example.org/", "expected no user and no password"],
    ["http://8.8.8.8/", "expected https, got http"],
    ["", "Address: expected to be set"],
  ])("refuses the address %j and does not repeat it", async (url, reason) => {
    const tried = await rig.send("webhook", { config: { url } });
    expect(tried).toMatchObject({ result: "dead", error: expect.stringContaining(reason) });
    expect(JSON.stringify(tried)).not.toContain("secret@");
  });

  it("gets what Alertmanager would send it when it asks for that", async () => {
    const ended = notice({
      kind: "resolved",
      endedAt: 1_790_000_060_000,
      labels: { queue: "sms", "job.type": "x", none: "" },
    });
    const config = { url: receiver.url, format: "alertmanager" };
    await rig.send("webhook", { config }, message(notice(), ended));
    expect(newest()).toEqual({
      version: "4",
      groupKey: '{}:{rule="queue-length", severity="critical"}',
      truncatedAlerts: 0,
      status: "firing",
      receiver: "Ops",
      groupLabels: { alertname: "Queue is long", rule: "queue-length", severity: "critical" },
      commonLabels: { alertname: "Queue is long", rule: "queue-length", severity: "critical" },
      commonAnnotations: expect.objectContaining({ summary: notice().summary, runbook_url: notice().runbookUrl }),
      externalURL: "https://wsight.example.org",
      alerts: [
        {
          status: "firing",
          labels: {
            alertname: "Queue is long",
            severity: "critical",
            rule: "queue-length",
            queue: "mail",
            node: "shop/1",
          },
          annotations: expect.objectContaining({ description: "For 30 s now." }),
          startsAt: "2026-09-21T14:13:20.000Z",
          endsAt: "0001-01-01T00:00:00Z",
          generatorURL: notice().url,
          fingerprint: "0123456789abcdef",
        },
        expect.objectContaining({
          status: "resolved",
          endsAt: "2026-09-21T14:14:20.000Z",
          labels: {
            alertname: "Queue is long",
            severity: "critical",
            rule: "queue-length",
            queue: "sms",
            job_type: "x",
          },
        }),
      ],
    });
  });
});

describe("Alertmanager", () => {
  it("is pushed alerts that end when they do, and far off while they go on", async () => {
    const ended = notice({ kind: "resolved", endedAt: 1_790_000_060_000 });
    const channel = { config: { url: `${receiver.url}/am/` }, secrets: { authorization: "Basic abc" } };
    expect((await rig.send("alertmanager", channel, message(notice(), ended))).result).toBe("sent");
    expect(receiver.posts[0]).toMatchObject({ path: "/am/api/v2/alerts", headers: { authorization: "Basic abc" } });
    expect(newest()).toMatchObject([
      { startsAt: "2026-09-21T14:13:20.000Z", endsAt: "2026-09-22T14:15:23.456Z" },
      { startsAt: "2026-09-21T14:13:20.000Z", endsAt: "2026-09-21T14:14:20.000Z" },
    ]);
  });
});
