import { expect, test } from "vitest";
import { startAlertHub } from "./alerts-rig.ts";

test("what a provider answered is for administrators: it may name people and addresses", async () => {
  const { call } = await startAlertHub();
  // Nothing listens at the address, and it must not be reached: either is an error that names it.
  const config = { url: "https://10.9.8.7/hook" };
  await call("POST", "/api/alerts/channels", { name: "Ops", type: "webhook", config });
  expect((await call("POST", "/api/alerts/channels/ops/test")).json).toMatchObject({ ok: false });
  const answers = (role: "admin" | "viewer"): Promise<string>[] =>
    ["channels", "outbox"].map(async (path) => (await call("GET", `/api/alerts/${path}`, undefined, { role })).text);
  const [channels = "", outbox = ""] = await Promise.all(answers("admin"));
  expect(outbox).toContain("10.9.8.7");
  expect(channels).toContain("10.9.8.7");
  for (const seen of await Promise.all(answers("viewer"))) expect(seen).not.toContain("10.9.8.7");
});
