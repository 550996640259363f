import { on, once } from "node:events";
import { findRedis, type RedisServer, startRedis, until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { WebSocket } from "ws";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { dashboardAt, goLive, passSeconds, pressKey, signIn, untilStatus } from "./dashboard.ts";
import { type Program, runWsight, startDemo, startJobs } from "./program.ts";

/** With the few that are there already, as many as a hub holds in memory. */
const CROWD = 99_500;
const BATCH = 500;
const THEMES = ["light", "dark"] as const;
const WIDTHS = [390, 1024, 1440] as const;

browserSuite("the page of jobs", () => {
  const browser = useBrowser();
  let demo: Program;
  let session: string;
  let view: View;
  let page: Page;

  beforeAll(async () => {
    demo = await startDemo();
    session = await signIn(demo);
    view = await openView(browser(), demo.port, { session, reducedMotion: "reduce" });
    page = view.page;
  });
  afterAll(async () => {
    await view?.close();
    await demo?.stop();
  });
  beforeEach(async () => {
    await page.setViewportSize({ width: 1440, height: 1000 });
    await page.mouse.move(10, 10);
    await goLive(page, demo.port, "#/jobs");
    await untilRows(page);
  });

  it("says how much there is to do, how fast it is done, by whom, and when it is all done", async () => {
    await page.getByRole("article", { name: "Workers" }).getByText(/of 3/).waitFor();
    const queue = page
      .getByRole("table")
      .first()
      .getByRole("row", { name: /documents/ });
    expect(await queue.textContent()).toContain("app");
    await page.getByRole("application", { name: /^Throughput\. Now: Done / }).waitFor();
    await page.getByRole("application", { name: /^Backlog\. Now: Waiting \d/ }).waitFor();
    await page.getByRole("application", { name: /^Wait and run\. / }).waitFor();
    await until(async () => /\d+ s|any moment|min/.test((await page.locator(".job-eta").first().textContent()) ?? ""), {
      what: "an estimate in words",
    });
  });

  it("is reached by its keys, and looks at one queue alone when that is pressed", async () => {
    await goLive(page, demo.port, "#/overview");
    await pressKey(page, "g");
    await page.keyboard.press("j");
    await page.getByRole("heading", { level: 1, name: "Jobs & queues" }).waitFor();
    await page.getByRole("button", { name: "documents", exact: true }).click();
    expect(page.url()).toContain("queue=documents");
    await page.getByRole("columnheader", { name: "Queue", exact: true }).nth(1).waitFor({ state: "detached" });
    await page.getByRole("button", { name: "All queues" }).click();
    await until(() => !page.url().includes("queue="), { what: "all queues again" });
    await page.keyboard.press("Control+k");
    await page.getByRole("combobox", { name: /queues/ }).fill("docu");
    await page.getByRole("option", { name: /^documents/, selected: true }).waitFor();
    await page.keyboard.press("Enter");
    await until(() => page.url().includes("queue=documents"), { what: "the queue that was picked" });
  });

  it("finds jobs by state, search and order, and keeps that in the address", async () => {
    await page.getByRole("radio", { name: "Done" }).check();
    await until(async () => (await states(page)).every((state) => state === "done"), { what: "only those done" });
    expect(page.url()).toContain("state=completed");
    const search = page.getByRole("searchbox", { name: "Search jobs" });
    await search.fill("nobody-has-this-name ");
    await page.getByText("No job matches").waitFor();
    expect(page.url()).toMatch(/q=nobody-has-this-name(&|$)/);
    expect(await search.inputValue(), "a space before the next word stays").toBe("nobody-has-this-name ");
    await page.getByRole("button", { name: "Show all jobs" }).click();
    await untilRows(page);
    const head = page.getByRole("columnheader", { name: "Ran", exact: true });
    await head.getByRole("button").click();
    await until(async () => (await head.getAttribute("aria-sort")) === "descending", { what: "the order" });
    expect(page.url()).toContain("sort=runMs");
    await page.reload();
    await untilRows(page);
    expect(await head.getAttribute("aria-sort")).toBe("descending");
  });

  it("keeps the order while somebody points at the rows, whose figures go on", async () => {
    await page.goto(dashboardAt(demo.port, "#/jobs?state=all&sort=changedAt"));
    await untilRows(page);
    await page.locator(".vt-row").nth(2).hover();
    await page.locator(".list-foot").getByText("order held while pointing").waitFor();
    const before = await column(page, "Job");
    await passSeconds(page, 5);
    expect((await column(page, "Job")).slice(0, before.length)).toEqual(before);
    await page.mouse.move(10, 10);
    await page.locator(".list-foot").getByText("order held").waitFor({ state: "detached" });
    await until(async () => (await column(page, "Job")).join() !== before.join(), { what: "another order" });
  });

  it("never shows progress run backwards within a try", async () => {
    await page.goto(dashboardAt(demo.port, "#/jobs?state=active"));
    const seen = new Map<string, number>();
    let grew = 0;
    await until(
      async () => {
        for (const [job, percent] of await progress(page)) {
          const before = seen.get(job) ?? 0;
          expect(percent, job).toBeGreaterThanOrEqual(before);
          if (percent > before && seen.has(job)) grew++;
          seen.set(job, percent);
        }
        return grew >= 8;
      },
      { what: "jobs that go on", timeoutMs: 40_000 },
    );
  }, 60_000);

  it("opens a job by keyboard: how it stands, when it is done and how sure, what happened", async () => {
    await page.getByRole("radio", { name: "Done" }).check();
    await until(async () => (await states(page)).every((state) => state === "done"), { what: "only those done" });
    await page.locator("[data-place]").first().focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("Enter");
    const drawer = page.getByRole("dialog");
    await drawer.getByText("Timeline").waitFor();
    expect(page.url()).toContain("open=documents/");
    expect(await drawer.textContent()).toMatch(/Queued.*Started.*worker press-\d/);
    expect(await drawer.getByText("Run, as said").count()).toBe(1);
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });

    await page.goto(dashboardAt(demo.port, "#/jobs?state=active"));
    // The first of them is the one that is done soonest.
    await page.locator("[data-place]").last().click();
    await drawer.getByText("Confidence").waitFor();
    expect(await drawer.locator(".confidence").textContent()).toMatch(/^\d+ %$/);
    expect(await drawer.textContent()).toMatch(/learning \(\d+ of \d+ samples\)|\d+ finished jobs/);
  });

  it("shows how good estimates were, by keyboard and as a table too, and answers what if", async () => {
    await until(
      async () => {
        await page.goto(dashboardAt(demo.port, "#/jobs?tab=estimates"));
        return (await page.getByText("Jobs judged").count()) > 0;
      },
      { what: "jobs that were judged", timeoutMs: 30_000 },
    );
    const plot = page.getByRole("application", { name: /^Said and done\. \d+ points/ });
    await plot.focus();
    await page.keyboard.press("Home");
    await page
      .getByText(/said, .* as it was|, documents, doc-\d+, /)
      .first()
      .waitFor();
    await page.getByRole("button", { name: "Said and done: more" }).click();
    await page.getByRole("menuitem", { name: "View data table" }).click();
    const table = page.getByRole("dialog", { name: "Said and done" });
    await table.getByRole("table").waitFor();
    expect(await table.getByRole("columnheader").allTextContents()).toEqual(
      expect.arrayContaining(["said", "as it was"]),
    );
    await page.keyboard.press("Escape");
    await table.waitFor({ state: "detached" });
    await page.getByRole("spinbutton", { name: "Size, MB" }).fill("12");
    await page.getByRole("spinbutton", { name: "Jobs before it" }).fill("10");
    await page.getByRole("button", { name: "Estimate", exact: true }).click();
    const answer = page.locator(".job-what-if [role=status]");
    await answer.getByText(/10 before it/).waitFor();
    expect(await answer.textContent()).toMatch(/Confidence\s*\d+ %/);
  }, 60_000);

  it("shows the past in its charts and the jobs that ended in it, and says of what is known of now alone that it is", async () => {
    const at = Date.now();
    await page.goto(dashboardAt(demo.port, `#/jobs?from=${at - 60_000}&to=${at - 1000}`));
    await untilStatus(page, "History");
    await page.getByText("Live only, not kept for other times.").first().waitFor();
    // Of jobs, those are kept that ended then.
    await untilRows(page);
    expect((await states(page)).every((state) => state === "done" || state === "failed" || state === "removed")).toBe(
      true,
    );
    await page.getByRole("application", { name: /^Backlog\. Then: / }).waitFor();
    await pressKey(page, "l");
    await untilStatus(page, "Live");
    await untilRows(page);
  });

  it("is on the Overview: what waits, what runs, and when it clears", async () => {
    await goLive(page, demo.port, "#/overview");
    const card = page.getByRole("region", { name: "Queues" });
    await card.getByRole("link", { name: "documents" }).waitFor();
    expect(await card.textContent()).toMatch(/\d+ waiting · \d+ active/);
    await card.getByRole("link", { name: "documents" }).click();
    await page.getByRole("heading", { level: 1, name: "Jobs & queues" }).waitFor();
    expect(page.url()).toContain("queue=documents");
  });

  it("has nothing that axe objects to, in both themes, at every width, in every tab", async () => {
    const found: string[] = [];
    for (const hash of ["#/jobs", "#/jobs?tab=workers", "#/jobs?tab=estimates"])
      found.push(...(await breachesOf(page, demo.port, hash)));
    await page.goto(dashboardAt(demo.port, "#/jobs?state=all"));
    await untilRows(page);
    await page.locator("[data-place]").first().click();
    await page.getByRole("dialog").getByText("Timeline").waitFor();
    found.push(...(await breachesHere(page, "drawer")));
    expect(found).toEqual([]);
    expect(view.trouble).toEqual({ console: [], policy: [], foreign: [] });
  }, 120_000);
});

browserSuite("the page of jobs, of an application that does as it is told", () => {
  const browser = useBrowser();
  let app: Program;
  let session: string;
  let view: View;
  let page: Page;

  beforeAll(async () => {
    app = await startJobs();
    session = await signIn(app);
    view = await openView(browser(), app.port, { session, reducedMotion: "reduce" });
    page = view.page;
  });
  afterAll(async () => {
    await view?.close();
    await app?.stop();
  });

  it("says how jobs are told of while there are none, in three ways to copy", async () => {
    await goLive(page, app.port, "#/jobs");
    await page.getByText("No queue is known").waitFor();
    expect(await page.getByRole("button", { name: /^Copy the lines for / }).count()).toBe(3);
    const found: string[] = [];
    for (const theme of THEMES) {
      await page.emulateMedia({ colorScheme: theme });
      found.push(...(await findBreaches(page)));
      await keepPicture(page, `jobs-empty-${theme}`);
    }
    expect(found).toEqual([]);
  });

  it("shows a user its own jobs, and nothing else of the dashboard", async () => {
    for (const [user, job] of [
      ["ada", "a-1"],
      ["ada", "a-2"],
      ["eve", "e-1"],
    ])
      await call(app, "jobQueued", [user, { jobId: job, label: `${job}.pdf`, name: "ocr" }]);
    await call(app, "jobStarted", ["a-1", { worker: "w-1" }]);
    await call(app, "jobProgress", ["a-1", 40, "reading"]);
    const token = await runWsight(["token", "--role", "user", "--sub", "ada", "--ttl", "5m", "--data", app.data]);
    const own = await openView(browser(), app.port, { reducedMotion: "reduce" });
    const sockets: string[] = [];
    own.page.on("websocket", (socket) => sockets.push(socket.url()));
    await own.page.goto(dashboardAt(app.port, "#/jobs"));
    await own.page.getByRole("textbox", { name: "Token" }).fill(token);
    await own.page.getByRole("button", { name: "Sign in" }).click();
    await own.page.getByRole("heading", { level: 1, name: "Your jobs" }).waitFor();
    await own.page.getByText("2 jobs").waitFor();
    const text = (await own.page.locator("main").textContent()) ?? "";
    expect(text).toContain("a-1.pdf");
    expect(text).toContain("40 %");
    expect(text).not.toContain("e-1");
    expect(await own.page.getByRole("navigation").count()).toBe(0);
    await own.page.getByRole("button", { name: "a-1.pdf" }).click();
    await own.page.getByRole("dialog", { name: "a-1.pdf" }).getByText("Timeline").waitFor();
    expect(await own.page.getByRole("button", { name: /Retry|Remove|Promote|Show data/ }).count()).toBe(0);
    const found = await breachesHere(own.page, "own jobs");
    await own.page.goto(dashboardAt(app.port, "#/jobs?open=jobs/e-1"));
    await own.page.getByText("This job is not known any more.").waitFor();
    expect(found).toEqual([]);
    expect(sockets).toEqual([]);
    await own.page.keyboard.press("Escape");
    await own.page.getByRole("button", { name: "Sign out" }).click();
    await own.page.getByRole("dialog", { name: "Sign in to wsight" }).waitFor();
    await own.close();
  }, 60_000);

  it("does not offer a viewer what only administrators may do", async () => {
    const token = await runWsight(["token", "--role", "viewer", "--sub", "vic", "--ttl", "5m", "--data", app.data]);
    const viewer = await openView(browser(), app.port, { session: await signInAs(app, token) });
    await goLive(viewer.page, app.port, "#/jobs?tab=estimates");
    await viewer.page.getByText("Administrators can ask.").waitFor();
    expect(await viewer.page.getByRole("button", { name: "Estimate", exact: true }).count()).toBe(0);
    await viewer.close();
  });

  it("stays at hand with a hundred thousand jobs alive: a window of them, asked for once a second", async () => {
    const token = await runWsight(["token", "--role", "probe", "--sub", "crowd", "--ttl", "5m", "--data", app.data]);
    await queueCrowd(app, token);
    await goLive(page, app.port, "#/jobs?queue=crowd");
    const foot = page.locator(".list-foot").getByText(/^99,500 of 99,\d+ jobs/);
    await foot.waitFor();
    await until(async () => (await page.locator("tr.vt-row").count()) > 10, { what: "rows" });
    expect(await page.locator("tr.vt-row").count()).toBeLessThan(60);
    let asked = 0;
    page.on("request", (request) => {
      if (request.url().includes("/api/jobs?")) asked++;
    });
    await passSeconds(page, 5);
    expect(asked).toBeLessThanOrEqual(8);
    expect(asked).toBeGreaterThanOrEqual(2);
    await page.locator("[data-place]").first().focus();
    await page.keyboard.press("End");
    await until(async () => (await page.locator('[data-place="99499"]').textContent()) !== "fetching", {
      what: "the last of them",
    });
    await page.getByRole("searchbox", { name: "Search jobs" }).fill("crowd-77777");
    await page
      .locator(".list-foot")
      .getByText(/^1 of /)
      .waitFor();
  }, 180_000);
});

const hasRedis = findRedis() !== null;

browserSuite("the page of jobs, of BullMQ", () => {
  const browser = useBrowser();
  let redis: RedisServer;
  let app: Program;
  let view: View;
  let page: Page;

  beforeAll(async () => {
    if (!hasRedis) return;
    redis = await startRedis();
    app = await startJobs(redis.url);
    view = await openView(browser(), app.port, { session: await signIn(app) });
    page = view.page;
  });
  afterAll(async () => {
    await view?.close();
    await app?.stop();
    await redis?.stop();
  });

  it.skipIf(!hasRedis)(
    "has a job that failed looked at, tried again, and removed once that is confirmed",
    async () => {
      app.tell("bull m-1 fail");
      await goLive(page, app.port, "#/jobs?state=failed");
      await page.locator("[data-place]").first().click();
      const drawer = page.getByRole("dialog", { name: "m-1" });
      await drawer.getByText("the address does not exist").first().waitFor();
      await drawer.getByRole("button", { name: "Show data and log" }).click();
      await drawer.getByText("took m-1").first().waitFor();
      await drawer.getByRole("button", { name: "Retry" }).click();
      await page.getByText("m-1 was put back").waitFor();
      await until(async () => (await drawer.locator(".job-steps li").filter({ hasText: "Failed" }).count()) >= 2, {
        what: "the second failure",
      });
      await drawer.getByRole("button", { name: /^Remove/ }).click();
      const sure = page.getByRole("dialog", { name: "Remove m-1?" });
      expect(await breachesHere(page, "confirm")).toEqual([]);
      await sure.getByRole("button", { name: "Remove", exact: true }).click();
      await page.getByText("m-1 was removed").waitFor();
    },
    60_000,
  );
});

/** Breaches on a page of the dashboard. */
async function breachesOf(page: Page, port: number, hash: string): Promise<readonly string[]> {
  await page.goto(dashboardAt(port, hash));
  await untilStatus(page, "Live");
  await page.locator(".tab-panel").getByText(/./).first().waitFor();
  return breachesHere(page, hash.replaceAll(/\W+/g, "-"));
}

async function breachesHere(page: Page, name: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const theme of THEMES) {
    await page.emulateMedia({ colorScheme: theme });
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 900 });
      found.push(...(await findBreaches(page)).map((breach) => `${name}, ${theme}, ${width} px: ${breach}`));
      await keepPicture(page, `jobs${name}-${theme}-${width}`);
    }
  }
  return found;
}

async function untilRows(page: Page): Promise<void> {
  await until(async () => (await page.locator(".jobs-list .vt-row").count()) > 0, { what: "jobs", timeoutMs: 30_000 });
}

function cells(page: Page, nth: number): Locator {
  return page.locator(`.jobs-list .vt-row:not([data-state=unknown]) > :nth-child(${nth})`);
}

/** What stands in a column, from the top. */
async function column(page: Page, head: string): Promise<readonly string[]> {
  const heads = await page.locator(".jobs-list .vt-head th").allTextContents();
  return (await cells(page, heads.indexOf(head) + 1).allTextContents()).slice(0, 10);
}

function states(page: Page): Promise<readonly string[]> {
  return column(page, "State");
}

/** Progress of jobs in view, by what they are called and which try it is. */
async function progress(page: Page): Promise<readonly (readonly [job: string, percent: number])[]> {
  const rows = await page.locator(".jobs-list .vt-row:not([data-state=unknown])").allInnerTexts();
  return rows.flatMap((text) => {
    const [, percent] = /(\d+) %/.exec(text) ?? [];
    const [, tries] = /(\d+\/\d+)/.exec(text) ?? [];
    const [job] = text.trim().split(/\s/);
    return percent === undefined ? [] : [[`${job} ${tries}`, Number(percent)] as const];
  });
}

async function call(app: Program, name: string, args: readonly unknown[]): Promise<void> {
  const done = app.says(/done/);
  app.tell(`call ${name} ${JSON.stringify(args)}`);
  await done;
}

/** Trades a token for a session cookie. */
async function signInAs({ link }: Program, token: string): Promise<string> {
  const response = await fetch(`${new URL(link).origin}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  const [cookie = ""] = response.headers.getSetCookie();
  return cookie.split(";", 1)[0] ?? "";
}

/** Queues {@link CROWD} jobs over a WebSocket, as a program in any language would. */
async function queueCrowd({ port }: Program, token: string): Promise<void> {
  const headers = { authorization: `Bearer ${token}` };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/ws/jobs/events`, { headers });
  await once(socket, "open");
  const answers = on(socket, "message");
  for (let from = 0; from < CROWD; from += BATCH) {
    const events = Array.from({ length: BATCH }, (_, index) => ({
      kind: "queued",
      queue: "crowd",
      job: `crowd-${from + index}`,
      at: Date.now(),
      name: "resize",
    }));
    socket.send(JSON.stringify({ events }));
  }
  for (let from = 0; from < CROWD; from += BATCH) {
    const { value } = await answers.next();
    expect(JSON.parse(String(value[0]))).toMatchObject({ taken: BATCH });
  }
  socket.close();
}
