import { type SmtpServerOfTest, type SmtpServerOptions, startSmtpServer } from "@wsight/testkit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChannelOfTest, createNotifyRig, message, type NotifyRig, notice } from "./notify-rig.ts";

let rig: NotifyRig;
let servers: SmtpServerOfTest[];

beforeEach(() => {
  rig = createNotifyRig({ allow: [] });
  servers = [];
});
afterEach(async () => {
  await rig.close();
  await Promise.all(servers.map((server) => server.stop()));
});

async function start(options?: SmtpServerOptions): Promise<SmtpServerOfTest> {
  const server = await startSmtpServer(options);
  servers.push(server);
  return server;
}

function channel(
  { host, port }: SmtpServerOfTest,
  over: Record<string, string | boolean | readonly string[]> = {},
  password = "",
): ChannelOfTest {
  const config = {
    host,
    port,
    security: "none",
    from: "wsight <alerts@example.org>",
    to: ["ops@example.org"],
    ...over,
  };
  return { config, secrets: { password } };
}

describe("a mail", () => {
  it("says what happened in its subject, as text and as HTML, and leads there", async () => {
    const server = await start();
    expect(await rig.send("email", channel(server))).toMatchObject({
      result: "sent",
      reply: "250 queued",
      providerId: "<01J0000000000000000000EPIS.firing.1.ops@hub-1>",
    });
    const [mail] = server.mails;
    expect(mail).toMatchObject({
      from: "alerts@example.org",
      to: ["ops@example.org"],
      messageId: "<01J0000000000000000000EPIS.firing.1.ops@hub-1>",
    });
    expect(mail?.subject).toBe("[wsight] FIRING · critical · Queue is long: Queue mail holds 250 jobs, above 200");
    expect(mail?.headers.get("auto-submitted")).toBe("auto-generated");
    expect(mail?.text).toContain("Labels: queue=mail, node=shop/1");
    expect(mail?.text).toContain("Open in wsight: https://wsight.example.org/dashboard#/overview?from=1&to=2");
    expect(mail?.text).toContain(
      "Look after it: https://wsight.example.org/dashboard#/alerts?alert=01J0000000000000000000EPIS",
    );
    expect(mail?.text).toContain('<a href="https://wsight.example.org/dashboard#/overview?from=1&amp;to=2">');
  });

  it("says a name once, when the summary begins with it", async () => {
    const server = await start();
    const summary = "Queue is long (mail): 250 jobs, above 200 jobs";
    await rig.send("email", channel(server), message(notice({ summary })));
    expect(server.mails[0]?.subject).toBe(`[wsight] FIRING · critical · ${summary}`);
    await rig.send("email", channel(server), message(notice({ summary: "Queue is longer than ever" })));
    expect(server.mails[1]?.subject).toBe("[wsight] FIRING · critical · Queue is long: Queue is longer than ever");
  });

  it("refers to the first of its episode, so that mail programs put them together", async () => {
    const server = await start();
    await rig.send("email", channel(server));
    const resolved = {
      ...message(notice({ kind: "resolved", seq: 2 })),
      idempotencyKey: "01J0000000000000000000EPIS.resolved.2.ops",
    };
    await rig.send("email", channel(server), resolved);
    const [first, second] = server.mails;
    expect(first?.headers.get("references")).toBeUndefined();
    expect(second?.messageId).not.toBe(first?.messageId);
    expect(second?.headers.get("references")).toBe(first?.messageId);
  });

  it("tells of several alerts at once", async () => {
    const server = await start();
    const second = notice({ kind: "resolved", summary: "Queue sms holds 3 jobs", endedAt: 1_790_000_125_000 });
    await rig.send("email", channel(server), message(notice(), second));
    expect(server.mails[0]?.subject).toMatch(/^\[wsight\] 2 alerts, 1 resolved · FIRING/);
    expect(server.mails[0]?.text).toContain("Lasted: 2 min 5 s");
    // What goes on comes first, in whichever order they happened.
    await rig.send("email", channel(server), message(second, notice()));
    expect(server.mails[1]?.subject).toBe(server.mails[0]?.subject);
  });

  it("can't be made to have other headers, other recipients or other markup by what an alert says", async () => {
    const server = await start();
    const nasty = 'x\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script> "><img src=x>\u202egnp.exe';
    const labels = { "a\r\nX-Evil": nasty };
    const toSend = {
      ...message(
        notice({ name: nasty, summary: nasty, description: nasty, labels, runbookUrl: "javascript:alert(1)" }),
      ),
      instance: nasty,
    };
    expect((await rig.send("email", channel(server), toSend)).result).toBe("sent");
    const [mail] = server.mails;
    expect([...(mail?.headers.keys() ?? [])]).not.toContain("bcc");
    expect([...(mail?.headers.keys() ?? [])]).not.toContain("x-evil");
    expect(mail?.to).toEqual(["ops@example.org"]);
    expect(mail?.subject).not.toMatch(/[\r\n\u202e]/);
    expect(mail?.messageId).toMatch(/^<[\w.+-]+@[\w.-]+>$/);
    const html = mail?.text.slice(mail.text.indexOf("<!doctype")) ?? "";
    expect(html).not.toContain("<script");
    expect(html).not.toContain("<img");
    expect(html).not.toContain("javascript:");
  });

  it.each([
    ["to", ["ops@example.org\r\nRCPT TO:<evil@example.org>"], "To: expected an address"],
    ["to", ["no address"], "To: expected an address"],
    ["to", [], "To: expected 1 to 50 addresses"],
    ["to", Array.from({ length: 51 }, (_, at) => `a${at}@example.org`), "got 51"],
    ["from", "a@b.c>, <evil@example.org", "From: expected an address"],
    ["security", "ssl", "Security: expected one of starttls, tls, none"],
    ["host", "", "Mail server: expected to be set"],
    ["port", "smtp", "port: expected a whole number"],
  ])("is not tried with %s set to %j", async (name, value, reason) => {
    const server = await start();
    const tried = await rig.send("email", channel(server, { [name]: value }));
    expect(tried).toMatchObject({ result: "dead", error: expect.stringContaining(reason) });
    expect(server.tries).toBe(0);
  });

  it("goes to no address of cloud metadata", async () => {
    const tried = await rig.send("email", {
      config: { host: "169.254.169.254", security: "none", from: "a@b.c", to: "d@e.f" },
    });
    expect(tried).toMatchObject({ result: "dead", error: expect.stringContaining("not a public address") });
  });

  it("uses one connection for many", async () => {
    const server = await start();
    for (let at = 0; at < 5; at++) await rig.send("email", channel(server));
    expect([server.mails.length, server.connections]).toEqual([5, 1]);
  });
});

describe("a mail server in a bad mood", () => {
  it("that says 451 is asked again, and has the mail once", async () => {
    const server = await start();
    server.setMood("greylist", 2);
    expect(await rig.send("email", channel(server))).toMatchObject({
      result: "again",
      error: expect.stringContaining("451"),
    });
    expect((await rig.send("email", channel(server))).result).toBe("again");
    expect((await rig.send("email", channel(server))).result).toBe("sent");
    expect(server.mails).toHaveLength(1);
  });

  it("that says 550 is not asked again", async () => {
    const server = await start();
    server.setMood("refuse");
    expect(await rig.send("email", channel(server))).toEqual({
      result: "dead",
      error: "ops@example.org: 550 5.1.1 no such user",
    });
  });

  it("that says 503, a session in the wrong state, is asked again: that is not about the mail", async () => {
    const server = await start({ judge: () => 503 });
    expect(await rig.send("email", channel(server))).toMatchObject({
      result: "again",
      error: expect.stringContaining("503"),
    });
  });

  it("that is too busy to greet is asked again", async () => {
    const server = await start();
    server.setMood("busy", 2);
    expect(await rig.send("email", channel(server))).toMatchObject({
      result: "again",
      error: expect.stringContaining("421"),
    });
  });

  it("that resets in the middle of DATA is asked again, and has the mail once", async () => {
    const server = await start();
    server.setMood("reset", 1);
    expect(await rig.send("email", channel(server))).toMatchObject({ result: "again" });
    expect((await rig.send("email", channel(server))).result).toBe("sent");
    expect(server.mails).toHaveLength(1);
  });

  it("that takes a mail and ends without a word is asked again, with the same id", async () => {
    const server = await start();
    server.setMood("drop", 1);
    expect(await rig.send("email", channel(server))).toMatchObject({ result: "again" });
    expect((await rig.send("email", channel(server))).result).toBe("sent");
    expect(server.mails.map(({ messageId }) => messageId)).toEqual(
      [message(), message()].map(({ idempotencyKey }) => `<${idempotencyKey}@hub-1>`),
    );
  });

  it("that says nothing is left when the time is over", async () => {
    const server = await start();
    server.setMood("mute");
    const tried = await rig.send("email", channel(server), message(), AbortSignal.timeout(150));
    expect(tried).toMatchObject({ result: "again", error: "no answer in time" });
  });

  it("that is slow is waited for", async () => {
    const server = await start();
    server.setMood("slow");
    expect((await rig.send("email", channel(server))).result).toBe("sent");
  });

  it("that closed the connection in between is connected to anew", async () => {
    const server = await start();
    await rig.send("email", channel(server));
    await server.stop();
    const again = await start({ port: server.port });
    expect((await rig.send("email", channel(again))).result).toBe("sent");
    expect(again.mails).toHaveLength(1);
  });

  it("that is not there is asked again", async () => {
    const server = await start();
    await server.stop();
    expect(await rig.send("email", channel(server))).toMatchObject({
      result: "again",
      error: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("that takes some recipients and puts others off has each mail once", async () => {
    let isEarly = true;
    const server = await start({
      judge: (to) => (to.startsWith("gone") ? 550 : to.startsWith("later") && isEarly ? 451 : null),
    });
    const to = ["now@example.org", "later@example.org", "gone@example.org"];
    expect(await rig.send("email", channel(server, { to }))).toMatchObject({
      result: "again",
      error: expect.stringContaining("later@example.org: 451"),
    });
    isEarly = false;
    expect(await rig.send("email", channel(server, { to }))).toMatchObject({
      result: "sent",
      reply: expect.stringContaining("refused: gone@example.org: 550"),
    });
    expect(server.mails.map((mail) => mail.to)).toEqual([["now@example.org"], ["later@example.org"]]);
    expect(server.mails[1]?.headers.get("to")).toContain("now@example.org");
  });
});

describe("a mail server and its security", () => {
  it.each(["starttls", "tls"] as const)(
    "has a certificate that is checked, unless that was switched off: %s",
    async (security) => {
      const server = await start({ security });
      expect(await rig.send("email", channel(server, { security }))).toMatchObject({
        result: "again",
        error: expect.stringMatching(/certificate/i),
      });
      expect((await rig.send("email", channel(server, { security, verify: false }))).result).toBe("sent");
      expect(server.mails).toMatchObject([{ secure: true }]);
    },
  );

  it("that offers no TLS is sent nothing when it must be used", async () => {
    const server = await start();
    expect(await rig.send("email", channel(server, { security: "starttls" }))).toMatchObject({
      result: "dead",
      error: expect.stringContaining("STARTTLS"),
    });
    expect(server.mails).toHaveLength(0);
  });

  it("is logged in to over TLS", async () => {
    const server = await start({ security: "starttls", login: { user: "wsight", password: "p4ss-w0rd" } });
    const over = { security: "starttls", verify: false, user: "wsight" };
    expect((await rig.send("email", channel(server, over, "p4ss-w0rd"))).result).toBe("sent");
    expect(server.mails).toMatchObject([{ secure: true, user: "wsight" }]);
  });

  it("that refuses the login is not asked again, and the password is not repeated", async () => {
    const server = await start({ security: "starttls", login: { user: "wsight", password: "p4ss-w0rd" } });
    const over = { security: "starttls", verify: false, user: "wsight" };
    const tried = await rig.send("email", channel(server, over, "wr0ng-w0rd"));
    expect(tried).toMatchObject({ result: "dead", error: expect.stringContaining("535") });
    expect(JSON.stringify(tried)).not.toContain("wr0ng-w0rd");
  });

  it("is sent no password in clear, unless it is this machine", async () => {
    const far = { host: "mail.example.org", security: "none", user: "wsight", from: "a@b.c", to: "d@e.f" };
    expect(await rig.send("email", { config: far, secrets: { password: "p4ss-w0rd" } })).toMatchObject({
      result: "dead",
      error: expect.stringContaining("not sent in clear"),
    });
    const server = await start({ login: { user: "wsight", password: "p4ss-w0rd" } });
    expect((await rig.send("email", channel(server, { user: "wsight" }, "p4ss-w0rd"))).result).toBe("sent");
  });

  it("is used as it is set now, not as it was", async () => {
    const [first, second] = [await start(), await start()];
    await rig.send("email", channel(first));
    await rig.send("email", channel(second));
    expect([first.mails.length, second.mails.length]).toEqual([1, 1]);
  });
});
