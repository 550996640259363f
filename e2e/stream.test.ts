import { readFile } from "node:fs/promises";
import { until } from "@wsight/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, openView, useBrowser, type View } from "./browser.ts";
import { signIn } from "./dashboard.ts";
import { type Program, runWsight, startApplication } from "./program.ts";
import { startProxy, type TcpProxy } from "./proxy.ts";

/** The example of the documentation, as its readers paste it. */
async function readExample(): Promise<string> {
  const doc = await readFile(new URL("../docs/stream.md", import.meta.url), "utf8");
  const [, code = ""] = /```js\n(function streamMetrics[\s\S]+?)```/.exec(doc) ?? [];
  return code;
}

/** What the page has heard. */
interface Heard {
  readonly messages: readonly {
    readonly timestamp: string;
    readonly status: string;
    readonly node: string | null;
    readonly host: { readonly cpu: { readonly utilization: number | null }; readonly uptimeSeconds: number | null };
    readonly processes: readonly { readonly pid: number; readonly name: string }[] | null;
  }[];
  readonly states: readonly string[];
}

browserSuite("a browser's own WebSocket", () => {
  const browser = useBrowser();
  let application: Program;
  let proxy: TcpProxy;
  let view: View;

  beforeAll(async () => {
    application = await startApplication();
    proxy = await startProxy(application.port);
    view = await openView(browser(), proxy.port, { session: await signIn(application) });
    // Any page of the hub's origin will do.
    await view.page.goto(`http://127.0.0.1:${proxy.port}/healthz`);
  });
  afterAll(async () => {
    await view?.close();
    await proxy?.close();
    await application?.stop();
  });

  it("reads the stream by the documented ten lines, which come back by themselves after each loss", async () => {
    const code = await readExample();
    expect(code.trim().split("\n")).toHaveLength(10);
    const { page } = view;
    await run(page, code, "[]");
    await until(async () => (await heard(page)).messages.length >= 3, { what: "some messages", timeoutMs: 20_000 });
    for (const lose of ["cut", "freeze"] as const) {
      const before = await heard(page);
      proxy[lose]();
      // A connection over which nothing comes any more is not noticed by a browser: only its end is.
      if (lose === "cut") {
        await until(async () => (await heard(page)).states.at(-1) === "reconnecting", { what: "the loss" });
      }
      proxy.restore();
      await until(async () => (await heard(page)).messages.length >= before.messages.length + 3, {
        what: "messages again",
        timeoutMs: 20_000,
      });
      expect((await heard(page)).states.at(-1)).toBe("live");
    }
    const { messages, states } = await heard(page);
    expect(states).toContain("reconnecting");
    const newest = messages.at(-1);
    expect(newest?.status).toBe("ok");
    expect(newest?.node).toMatch(/^shop\//);
    expect(newest?.host.cpu.utilization).toBeGreaterThanOrEqual(0);
    expect(newest?.host.uptimeSeconds).toBeGreaterThan(0);
    const processes = newest?.processes ?? [];
    expect(processes.length).toBeGreaterThan(0);
    expect(processes.length).toBeLessThanOrEqual(10);
  });

  it("shows a token by subprotocol where there is no session", async () => {
    const token = await runWsight([
      "token",
      "--role",
      "viewer",
      "--sub",
      "e2e",
      "--ttl",
      "1h",
      "--data",
      application.data,
    ]);
    const stranger = await openView(browser(), proxy.port);
    await stranger.page.goto(`http://127.0.0.1:${proxy.port}/healthz`);
    await run(stranger.page, await readExample(), JSON.stringify(["wsight", `bearer.${token}`]));
    await until(async () => (await heard(stranger.page)).messages.length >= 2, { what: "messages", timeoutMs: 20_000 });
    await stranger.close();
  });

  it("is refused without either", async () => {
    const stranger = await openView(browser(), proxy.port);
    await stranger.page.goto(`http://127.0.0.1:${proxy.port}/healthz`);
    await run(stranger.page, await readExample(), "[]");
    await until(async () => (await heard(stranger.page)).states.includes("reconnecting"), { what: "the refusal" });
    expect((await heard(stranger.page)).messages).toEqual([]);
    await stranger.close();
  });
});

/** Runs the example in the page, and keeps what it hears. */
async function run(page: Page, code: string, protocols: string): Promise<void> {
  await page.evaluate(`
    window.heard = { messages: [], states: [] };
    ${code}
    streamMetrics(\`ws://\${location.host}/ws/metrics\`, ${protocols},
      (message) => window.heard.messages.push(message), (state) => window.heard.states.push(state));
    undefined;
  `);
}

function heard(page: Page): Promise<Heard> {
  return page.evaluate(() => (window as unknown as { readonly heard: Heard }).heard);
}
