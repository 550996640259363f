import { findMailServer, type MailServer, startMailServer, until } from "@wsight/testkit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDeliveryRig } from "./delivery-rig.ts";

describe.skipIf(findMailServer() === null)("a mail server from Debian (needs python3-aiosmtpd)", () => {
  let server: MailServer;
  beforeAll(async () => {
    server = await startMailServer();
  });
  afterAll(() => server?.stop());

  it("has every notice once, whole, whatever it says", async () => {
    const rig = await createDeliveryRig();
    const { host, port } = server;
    const config = {
      host,
      port,
      security: "none",
      from: "wsight <alerts@example.org>",
      to: ["ops@example.org", "more@example.org"],
    };
    rig.setChannel({ id: "mail", type: "email", config });
    const summaries = [
      "plain",
      "Zwölf Boxkämpfer jagen Viktor über den großen Sylter Deich · 队列太长 🚨",
      ".a line that begins with a dot",
      "x".repeat(590),
      "From here on\r\n.\r\nQUIT",
    ];
    for (const [at, summary] of summaries.entries()) {
      const over = { episodeId: `E${at}`, summary, description: `.\n..\nFrom the start\n${summary}` };
      await rig.tell("mail", over);
    }
    await rig.settled("sent", summaries.length);
    const mails = await until(
      async () => {
        const all = await server.mails();
        return all.length === summaries.length && all;
      },
      { what: "all mails to be in the Maildir" },
    );
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(summaries.length);
    for (const mail of mails) {
      expect(mail).toMatchObject({ from: "alerts@example.org", to: ["ops@example.org", "more@example.org"] });
      expect(mail.text.replace(/\r\n/g, "\n")).toContain("\n.\n..\n");
    }
    const subjects = mails.map(({ subject }) => subject).join("\n");
    expect(subjects).toContain("Zwölf Boxkämpfer jagen Viktor über den großen Sylter Deich · 队列太长 🚨");
    expect(subjects).toContain("From here on . QUIT");
    await rig.close();
  });
});
