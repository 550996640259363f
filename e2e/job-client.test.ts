import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";

const EXAMPLE = fileURLToPath(new URL("../examples/job-progress.mjs", import.meta.url));

browserSuite("progress bars of an application's own page", () => {
  const browser = useBrowser();
  let directory = "";
  let port = 0;
  let app: ChildProcess;

  async function startExample(): Promise<void> {
    app = spawn(process.execPath, [EXAMPLE], {
      cwd: directory,
      env: { PATH: process.env.PATH, PORT: String(port), WSIGHT_PORT: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let said = "";
    while (!said.includes("documents: http")) {
      const [text] = await once(app.stdout as NonNullable<ChildProcess["stdout"]>, "data");
      said += String(text);
    }
  }
  async function killExample(): Promise<void> {
    const closed = once(app, "close");
    app.kill("SIGKILL");
    await closed;
  }

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "wsight-e2e-"));
    port = await freePort();
    await startExample();
  });
  afterAll(async () => {
    await killExample();
    await rm(directory, { recursive: true, force: true, maxRetries: 5 });
  });

  const address = (): string => `http://127.0.0.1:${port}/`;
  const untilLive = (page: Page): Promise<void> =>
    page.getByRole("status").getByText("live", { exact: true }).waitFor();
  const progressOf = (item: Locator): Promise<number> =>
    item.locator("progress").evaluate((bar) => (bar as HTMLProgressElement).value);

  async function addDocument(page: Page): Promise<void> {
    await page.getByRole("button", { name: "Add a document" }).click();
  }
  async function untilBeyond(item: Locator, percent: number): Promise<number> {
    await expect.poll(() => progressOf(item), { timeout: 30_000 }).toBeGreaterThan(percent);
    return progressOf(item);
  }

  it("moves to the end as the work goes on, for the user alone whose work it is", async () => {
    const [own, other]: [View, View] = [await openView(browser(), port), await openView(browser(), port)];
    for (const { page } of [own, other]) {
      await page.goto(address());
      await untilLive(page);
    }
    await addDocument(own.page);
    const item = own.page.locator("li");
    await untilBeyond(item, 20);
    await keepPicture(own.page, "job-progress");
    await own.page.locator('li[data-state="completed"]').waitFor({ timeout: 60_000 });
    expect(await item.textContent()).toMatch(/^scan-\w{4}\.pdf: done, \d+ pages$/);
    expect(await progressOf(item)).toBe(100);
    expect(await other.page.locator("li").count()).toBe(0);
    expect([own.trouble, other.trouble]).toMatchObject([{ console: [] }, { console: [] }]);
    for (const view of [own, other]) await view.close();
  }, 120_000);

  it("is where it was after the application and its hub were killed and started again", async () => {
    const { page, close } = await openView(browser(), port);
    await page.goto(address());
    await untilLive(page);
    await addDocument(page);
    const item = page.locator("li");
    const kept = await untilBeyond(item, 5);
    // Progress is kept once a second.
    const before = await untilBeyond(item, kept + 40);
    await killExample();
    await page.getByRole("status").getByText("waiting").waitFor();
    await startExample();
    await untilLive(page);
    expect(await progressOf(item)).toBeGreaterThanOrEqual(before);
    // A page that knows nothing has it from the hub.
    await page.reload();
    await page.locator("li").waitFor();
    expect(await item.textContent()).toMatch(/^scan-\w{4}\.pdf: /);
    await untilBeyond(page.locator("li"), kept - 1);
    await close();
  }, 120_000);
});
