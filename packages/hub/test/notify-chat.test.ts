import type { Delivery } from "@wsight/hub";
import type { Notice } from "@wsight/protocol";
import { startWebhookReceiver, type WebhookReceiver } from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createNotifyRig, message, type NotifyRig, notice } from "./notify-rig.ts";

/** Everything that breaks out somewhere: mentions, markup, line ends, text that turns round. */
const NASTY =
  '<!channel> <@U1> @everyone @here **b** [x](https://evil.example) `c` </b><script>&"\r\nBcc: a@b.c\u202e|x';
const nasty = (): Notice =>
  notice({
    name: NASTY,
    summary: NASTY,
    description: NASTY,
    labels: { [NASTY]: NASTY },
    culprits: [{ label: "user", name: NASTY, value: 1 }],
  });
const many = (count: number): Notice[] =>
  Array.from({ length: count }, (_, at) => ({
    ...nasty(),
    seq: at,
    description: "long ".repeat(2_000),
    summary: `${NASTY} `.repeat(20),
  }));

interface Block {
  readonly type: string;
  readonly text?: { readonly type: string; readonly text: string };
  readonly elements?: readonly { readonly type: string; readonly text: string }[];
}

let receiver: WebhookReceiver;
let rig: NotifyRig;

beforeEach(async () => {
  receiver = await startWebhookReceiver();
  rig = createNotifyRig();
});
afterEach(async () => {
  await rig.close();
  await receiver.stop();
});

const newest = <T>(): T => receiver.posts.at(-1)?.json as T;

describe("Slack", () => {
  const send = (...args: readonly Notice[]): Promise<Delivery> =>
    rig.send("slack", { secrets: { url: `${receiver.url}/services/T0/B0/secret` } }, message(...args));

  it("gets blocks with what happened, where, and where to look", async () => {
    expect(await send()).toMatchObject({ result: "sent" });
    const { text, blocks } = newest<{ text: string; blocks: readonly Block[] }>();
    expect(text).toContain("FIRING · critical · Queue is long: Queue mail holds 250 jobs");
    const shown = JSON.stringify(blocks);
    expect(shown).toContain("queue=mail, node=shop/1");
    expect(shown).toContain("<https://wsight.example.org/dashboard#/overview?from=1&to=2|Open in wsight>");
    expect(shown).toContain("Episode: 01J0000000000000000000EPIS");
  });

  it("reads no markup and no mention in what is not ours", async () => {
    await send(nasty());
    const {
      text,
      blocks,
      link_names: linkNames,
    } = newest<{ text: string; blocks: readonly Block[]; link_names: boolean }>();
    expect(text).not.toMatch(/<|>/);
    expect(text).toContain("&lt;!channel&gt;");
    expect(linkNames).toBe(false);
    const withMarkup = blocks
      .flatMap(({ text: own, elements = [] }) => [...(own === undefined ? [] : [own]), ...elements])
      .filter(({ type }) => type !== "plain_text");
    for (const { text: markup } of withMarkup) expect(markup).not.toContain("channel");
    expect(JSON.stringify(blocks)).not.toContain("\u202e");
  });

  it("stays within Slack's limits with a hundred alerts", async () => {
    await send(...many(100));
    const { blocks } = newest<{ blocks: readonly Block[] }>();
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const { type, text, elements = [] } of blocks) {
      expect(text?.text.length ?? 1).toBeLessThanOrEqual(type === "header" ? 150 : 3_000);
      expect(elements.length).toBeLessThanOrEqual(10);
    }
    expect(JSON.stringify(blocks)).toContain("and 90 more");
  });

  it("is given up when its webhook is gone, without telling its address", async () => {
    receiver.reply({ status: 404, body: "no_service" });
    expect(await send()).toEqual({ result: "dead", error: "HTTP 404: no_service" });
  });
});

describe("Discord", () => {
  const send = (...args: readonly Notice[]): Promise<Delivery> =>
    rig.send("discord", { secrets: { url: `${receiver.url}/api/webhooks/1/secret?thread_id=5` } }, message(...args));
  interface Sent {
    readonly content: string;
    readonly allowed_mentions: { readonly parse: readonly string[] };
    readonly embeds: readonly {
      readonly title: string;
      readonly description: string;
      readonly footer: { readonly text: string };
    }[];
  }

  it("gets an embed, and says the id of the message", async () => {
    receiver.reply({ status: 200, body: '{"id":"99"}' });
    expect(await send()).toMatchObject({ result: "sent", providerId: "99", reply: "HTTP 200" });
    expect(receiver.posts[0]?.path).toBe("/api/webhooks/1/secret?thread_id=5&wait=true");
    expect(newest<Sent>().embeds[0]?.description).toContain("[Open in wsight](<https://wsight.example.org/");
  });

  it("mentions nobody and reads no Markdown in what is not ours", async () => {
    await send(nasty());
    const { content, embeds, allowed_mentions: mentions } = newest<Sent>();
    expect(mentions).toEqual({ parse: [] });
    const shown = `${content}\n${embeds[0]?.title}\n${embeds[0]?.description}`;
    expect(shown).not.toMatch(/(?<!\\)@everyone/);
    expect(shown).not.toMatch(/(?<!\\)<@/);
    expect(shown).not.toMatch(/(?<!\\)\*\*b/);
    expect(shown).not.toContain("[x](https://evil.example)");
  });

  it("stays within Discord's limits with a hundred alerts", async () => {
    await send(...many(100));
    const { content, embeds } = newest<Sent>();
    const total = embeds.reduce(
      (sum, { title, description, footer }) => sum + title.length + description.length + footer.text.length,
      0,
    );
    expect(content.length).toBeLessThanOrEqual(2_000);
    expect(embeds).toHaveLength(10);
    expect(total).toBeLessThanOrEqual(6_000);
    for (const { title, description } of embeds)
      expect([title.length <= 256, description.length <= 4_096]).toEqual([true, true]);
    expect(content).toContain("(90 more not shown)");
  });

  it("keeps to its rate limits: waits as long as a 429 says, and pauses once they are used up", async () => {
    receiver.reply({
      status: 429,
      headers: { "retry-after": "1" },
      body: '{"message":"You are being rate limited.","retry_after":0.72,"global":false}',
    });
    expect(await send()).toEqual({ result: "again", error: "HTTP 429: You are being rate limited.", afterMs: 720 });
    receiver.reply({
      status: 200,
      headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": "1.25" },
      body: "{}",
    });
    expect(await send()).toMatchObject({ result: "sent", pauseMs: 1_250 });
    receiver.reply({ status: 204, headers: { "x-ratelimit-remaining": "3", "x-ratelimit-reset-after": "1.25" } });
    expect(await send()).toMatchObject({ result: "sent", pauseMs: 0 });
  });
});

describe("Teams", () => {
  const send = (...args: readonly Notice[]): Promise<Delivery> =>
    rig.send(
      "teams",
      { secrets: { url: `${receiver.url}/workflows/1/triggers/manual/paths/invoke?sig=secret` } },
      message(...args),
    );
  interface Sent {
    readonly type: string;
    readonly attachments: readonly {
      readonly contentType: string;
      readonly content: { readonly body: readonly object[] };
    }[];
  }

  it("gets an adaptive card, and takes a 202 for done", async () => {
    receiver.reply({ status: 202 });
    expect(await send()).toMatchObject({ result: "sent", reply: "HTTP 202" });
    const sent = newest<Sent>();
    expect(sent.type).toBe("message");
    expect(sent.attachments[0]).toMatchObject({
      contentType: "application/vnd.microsoft.card.adaptive",
      content: {
        type: "AdaptiveCard",
        version: "1.4",
        actions: [
          { type: "Action.OpenUrl", title: "Open in wsight" },
          { title: "Look after it" },
          { title: "Runbook" },
        ],
      },
    });
  });

  it("shows what is not ours in text runs alone, which know no Markdown", async () => {
    await send(nasty());
    const shown = JSON.stringify(newest<Sent>().attachments[0]?.content.body);
    expect(shown).not.toContain('"TextBlock"');
    expect(shown).not.toContain('"FactSet"');
    expect(shown).toContain("@everyone");
  });

  it("stays below 28 KB with a hundred alerts", async () => {
    await send(...many(100));
    expect(receiver.posts[0]?.body.length).toBeLessThan(28 * 1024);
    expect(receiver.posts[0]?.body).toContain("and 92 more");
  });
});

describe("Telegram", () => {
  const token = "123456:AbC-dEf_0";
  const send = (...args: readonly Notice[]): Promise<Delivery> =>
    rig.send(
      "telegram",
      { config: { baseUrl: receiver.url, chatId: "-100123", threadId: 7 }, secrets: { token } },
      message(...args),
    );
  interface Sent {
    readonly text: string;
  }

  it("gets HTML for a chat and its topic, and says the id of the message", async () => {
    receiver.reply({ status: 200, body: '{"ok":true,"result":{"message_id":42}}' });
    expect(await send()).toMatchObject({ result: "sent", providerId: "42" });
    expect(receiver.posts[0]?.path).toBe(`/bot${token}/sendMessage`);
    expect(newest()).toMatchObject({
      chat_id: "-100123",
      message_thread_id: 7,
      parse_mode: "HTML",
      link_preview_options: { is_disabled: true },
    });
  });

  it("knows no tag but ours and names nobody", async () => {
    await send(nasty());
    const { text } = newest<Sent>();
    expect(text.replace(/<\/?(b|i)>|<a href="[^"<>]*">|<\/a>/g, "")).not.toMatch(/[<>]/);
    expect(text).not.toMatch(/@\w/);
  });

  it("stays below 4096 characters with a hundred alerts, every tag closed", async () => {
    await send(...many(100));
    const { text } = newest<Sent>();
    const seen = text.replace(/<[^>]+>/g, "").replace(/&\w+;/g, "&");
    expect(seen.length).toBeLessThanOrEqual(4_096);
    expect(text.match(/<b>/g)?.length).toBe(text.match(/<\/b>/g)?.length);
    expect(text).toContain("and 80 more");
  });

  it("waits as long as it says, and is given up when the bot may not write", async () => {
    receiver.reply({
      status: 429,
      body: '{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 34","parameters":{"retry_after":34}}',
    });
    expect(await send()).toEqual({
      result: "again",
      error: "HTTP 429: Too Many Requests: retry after 34",
      afterMs: 34_000,
    });
    receiver.reply({
      status: 400,
      body: '{"ok":false,"description":"Bad Request: group chat was upgraded","parameters":{"migrate_to_chat_id":-10055}}',
    });
    expect(await send()).toMatchObject({ result: "dead", error: expect.stringContaining("the chat is now -10055") });
  });

  it("says what a token looks like, without repeating it", async () => {
    const tried = await rig.send("telegram", {
      config: { baseUrl: receiver.url, chatId: "1" },
      secrets: { token: "../../evil" },
    });
    expect(tried).toEqual({ result: "dead", error: "Bot token: expected 123456:ABC…" });
  });
});

describe("PagerDuty", () => {
  const send = (...args: readonly Notice[]): Promise<Delivery> =>
    rig.send(
      "pagerduty",
      { config: { baseUrl: receiver.url }, secrets: { routingKey: "R".repeat(32) } },
      message(...args),
    );

  it("gets an event for each alert, with a key that is the alert's, so that the same again changes nothing", async () => {
    receiver.replyAlways({ status: 202, body: '{"status":"success","dedup_key":"k"}' });
    const ended = notice({ kind: "resolved", fingerprint: "f".repeat(64), severity: "warning" });
    expect(await send(notice(), ended)).toMatchObject({ result: "sent", providerId: "k" });
    expect(receiver.posts.map(({ path }) => path)).toEqual(["/v2/enqueue", "/v2/enqueue"]);
    expect(receiver.posts[0]?.json).toMatchObject({
      routing_key: "R".repeat(32),
      event_action: "trigger",
      dedup_key: notice().fingerprint,
      payload: { summary: notice().summary, source: "shop/1", severity: "critical", group: "queue-length" },
      links: [{ text: "Open in wsight" }, { text: "Look after it" }, { text: "Runbook" }],
    });
    expect(receiver.posts[1]?.json).toEqual({
      routing_key: "R".repeat(32),
      event_action: "resolve",
      dedup_key: "f".repeat(64),
    });
  });

  it("opens and closes an incident for a test", async () => {
    await send(notice({ kind: "test", fingerprint: null, episodeId: null }));
    const actions = receiver.posts.map(({ json }) => json as { event_action: string; dedup_key: string });
    expect(actions.map(({ event_action: action }) => action)).toEqual(["trigger", "resolve"]);
    expect(actions[0]?.dedup_key).toBe(actions[1]?.dedup_key);
  });

  it("says why an event was refused", async () => {
    receiver.reply({
      status: 400,
      body: '{"status":"invalid event","message":"Event object is invalid","errors":["Length of \'routing_key\' is incorrect"]}',
    });
    expect(await send()).toEqual({
      result: "dead",
      error: "HTTP 400: Event object is invalid: Length of 'routing_key' is incorrect",
    });
  });
});
