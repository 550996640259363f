import { findPostgres, until } from "@wsight/testkit";
import { describe, expect, test } from "vitest";
import { addRule, RULE, startAlertHub, startProbe } from "./alerts-rig.ts";
import { makeDir } from "./harness.ts";
import { makeDatabase, usePostgres } from "./postgres-rig.ts";

describe.skipIf(findPostgres() === null)("two hubs on one PostgreSQL (needs postgresql)", () => {
  const server = usePostgres();

  test("have rules and silences in common; each watches its own processes, and says whose an alert is", async () => {
    const store = await makeDatabase(server());
    const one = await startAlertHub({ store, dataDir: await makeDir() });
    const other = await startAlertHub({ store, dataDir: await makeDir() });
    await addRule(one.call);
    const silence = await one.call("POST", "/api/alerts/silences", {
      matchers: [{ label: "team", op: "=", value: "chat" }],
      durationSec: 600,
    });
    await until(async () => (await other.call("GET", `/api/alerts/rules/${RULE.id}`)).status === 200, {
      what: "the rule at the other hub",
      timeoutMs: 15_000,
    });
    expect((await other.call("GET", "/api/alerts/silences")).text).toContain(String(silence.json.id));
    startProbe(other.hub, 50);
    const firing = await other.reaches("firing");
    expect(await one.row()).toBeUndefined();
    const path = `/api/alerts/episodes/${firing.episodeId}`;
    await until(async () => (await one.call("GET", path)).status === 200, { what: "the firing in common history" });
    const refused = await one.call("POST", `${path}/ack`);
    expect(refused).toMatchObject({ status: 409, code: "CONFLICT" });
    expect(refused.text).toContain("Another hub");
    expect(await other.call("POST", `${path}/ack`)).toMatchObject({ status: 200 });
    // A change by one is a change for the other, whose alert it ends; what was read before is out of date.
    const etag = String((await other.call("GET", `/api/alerts/rules/${RULE.id}`)).headers.etag);
    const changed = await one.call("PATCH", `/api/alerts/rules/${RULE.id}`, { enabled: false }, { ifMatch: etag });
    expect(changed).toMatchObject({ status: 200, json: { version: 2 } });
    const early = await other.call("PATCH", `/api/alerts/rules/${RULE.id}`, { warn: 3 }, { ifMatch: etag });
    expect(early).toMatchObject({ status: 412, json: { error: { details: { version: 2 } } } });
    expect((await other.call("GET", `/api/alerts/rules/${RULE.id}`)).json).toMatchObject({
      version: 2,
      enabled: false,
    });
    await other.calms();
    // What is kept follows what is known.
    await until(
      async () => ((await other.call("GET", path)).json as { endReason: unknown }).endReason === "rule_disabled",
      { what: "the end in common history" },
    );
  });
});
