import { once } from "node:events";
import { request } from "node:http";
import { gunzipSync } from "node:zlib";
import { createLibsqlStore, type Hub } from "@wsight/hub";
import { contractEvents, steadySamples, until } from "@wsight/testkit";
import { describe, expect, it } from "vitest";
import { type Answer, ask, bearer, makeDir, startHub } from "./harness.ts";
import { createSmallProbe } from "./small-probe.ts";

const PATH = "/api/history/export";

/** A line of an answer. */
interface Line {
  readonly labels: Readonly<Record<string, string>>;
  readonly values: readonly (number | null)[];
}

/** A hub that finds a history of so many seconds; it ended a minute ago. */
async function hubWith(seconds: number): Promise<Hub> {
  const dataDir = await makeDir();
  const store = await createLibsqlStore({ dataDir });
  const samples = steadySamples(0, seconds * 8);
  const by = Math.floor(Date.now() / 1000) * 1000 - 60_000 - (samples.at(-1)?.at ?? 0);
  await store.append(samples.map((sample) => ({ ...sample, at: sample.at + by })));
  await store.appendEvents(contractEvents(0, 20));
  await store.close();
  const hub = await startHub({ dataDir });
  await until(async () => (await ask(hub, "/readyz")).status === 200, { what: "the store", timeoutMs: 20_000 });
  return hub;
}

async function get(hub: Hub, query: string, headers: Record<string, string> = {}): Promise<Answer> {
  return ask(hub, `${PATH}${query}`, { headers: { ...(await bearer()), ...headers } });
}

describe("GET /api/history/export", () => {
  it("is history as a file, what was recorded just now included", async () => {
    const hub = await hubWith(60);
    const small = createSmallProbe();
    const link = hub.openLink(() => {});
    for (const message of [...small.greeting, small.snapshot(5, 2)]) link.receive(message);
    const answer = await until(
      async () => {
        const csv = await get(hub, "?format=csv&metric=websocket.server.active_connections&step=1s");
        return csv.text.includes("chat/a") ? csv : undefined;
      },
      { what: "the newest second", timeoutMs: 20_000 },
    );
    expect(answer.status).toBe(200);
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(answer.headers["content-disposition"]).toMatch(/^attachment; filename="wsight-history-\d{8}T\d{6}Z\.csv"$/);
    expect(answer.headers["transfer-encoding"]).toBe("chunked");
    expect(answer.text.trim().split("\r\n").length).toBeGreaterThan(120);
    const everything = (await get(hub, "")).text.trim().split("\n");
    expect(JSON.parse(everything.at(-1) ?? "")).toMatchObject({ type: "end", events: expect.any(Number) });
  });

  it("is compressed for who can read that, and has a head", async () => {
    const hub = await hubWith(20);
    const query = `?step=1s&to=${Date.now() - 30_000}&metric=websocket.server.messages`;
    const plain = await get(hub, query);
    const packed = await new Promise<Buffer>((resolve, reject) => {
      void bearer().then((headers) => {
        const path = `${PATH}${query}`;
        const call = request({
          host: hub.host,
          port: hub.port,
          path,
          headers: { ...headers, "accept-encoding": "gzip" },
        });
        call.once("error", reject);
        call.once("response", async (response) => {
          expect(response.headers["content-encoding"]).toBe("gzip");
          const parts: Buffer[] = [];
          for await (const part of response) parts.push(part as Buffer);
          resolve(Buffer.concat(parts));
        });
        call.end();
      });
    });
    expect(gunzipSync(packed).toString()).toBe(plain.text);
    const head = await ask(hub, PATH, { method: "HEAD", headers: await bearer() });
    expect([head.status, head.text, head.headers["content-type"]]).toEqual([
      200,
      "",
      "application/x-ndjson; charset=utf-8",
    ]);
  });

  it("is the answer to a query when a figure is named", async () => {
    const hub = await hubWith(60);
    const query = "?metric=websocket.server.messages&agg=increase&by=node&from=5m&step=1m";
    const csv = await get(hub, `${query}&format=csv`);
    const [header, ...rows] = csv.text.trim().split("\r\n");
    const answer = await ask(hub, `/api/history/query${query}`, { headers: await bearer() });
    const [result] = (answer.json as { results: { lines: Line[] }[] }).results;
    const columns = result?.lines.map(
      ({ labels }) => `increase websocket.server.messages node=${labels.node} ({message})`,
    );
    expect(header).toBe(["time (UTC)", ...(columns ?? [])].join(","));
    expect(rows.map((row) => row.split(",")[1])).toEqual(result?.lines[0]?.values.map((value) => String(value ?? "")));
    const lines = (await get(hub, `${query}&format=ndjson`)).text.trim().split("\n");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ metric: "websocket.server.messages", agg: "increase" });
    expect(lines).toHaveLength(2 * rows.length);
  });

  it("refuses who may not, and what can't be right", async () => {
    const hub = await startHub();
    expect((await ask(hub, PATH)).status).toBe(401);
    expect((await ask(hub, PATH, { headers: await bearer("user") })).status).toBe(403);
    expect(await get(hub, "?step=2s")).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    expect(await get(hub, "?agg=p42&metric=websocket.server.rtt")).toMatchObject({ status: 400 });
    expect(await get(hub, "")).toMatchObject({ status: 503, code: "STORE_UNAVAILABLE" });
  });

  it("is one at a time for each, until its client leaves", async () => {
    const hub = await hubWith(5_000);
    const call = request({ host: hub.host, port: hub.port, path: PATH, headers: await bearer() });
    call.end();
    const [response] = await once(call, "response");
    expect(response.statusCode).toBe(200);
    // Nobody reads, and no buffer holds all of it, so it waits.
    const second = await get(hub, "");
    expect(second).toMatchObject({ status: 429, code: "RATE_LIMITED" });
    expect(second.headers["retry-after"]).toBe("5");
    expect((await ask(hub, `${PATH}?to=1h`, { headers: await bearer("viewer", "another") })).status).toBe(200);
    call.destroy();
    await until(async () => (await get(hub, "?to=1h")).status === 200, { what: "its place" });
  });
});
