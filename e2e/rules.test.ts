import { until } from "@wsight/testkit";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { findBreaches } from "./axe.ts";
import { browserSuite, keepPicture, openView, useBrowser, type View } from "./browser.ts";
import { goLive, listen, signIn } from "./dashboard.ts";
import { type Program, runWsight, startApplication } from "./program.ts";
import { planHistory, type SeededHistory, writeHistory } from "./seeded-history.ts";

const HOUR_MS = 3_600_000;
const CONNECTIONS = "max(websocket.server.active_connections)";

browserSuite("the rules of alerts", () => {
  const browser = useBrowser();
  let app: Program;
  let session: string;
  let view: View;
  let plan: SeededHistory;

  beforeAll(async () => {
    const now = Date.now();
    plan = planHistory(now, 2 * HOUR_MS);
    app = await startApplication({ prepare: (data) => writeHistory(data, plan, now) });
    session = await signIn(app);
    view = await openView(browser(), app.port, { session });
    await goLive(view.page, app.port);
  });
  afterAll(async () => {
    await view?.close();
    await app?.stop();
  });

  it("that come with the product are listed in sentences, switched off and on again", async () => {
    const { page } = view;
    await openRules(page);
    const item = page.getByRole("listitem").filter({ hasText: "Event-loop lag" });
    await item.getByText(/above 100 ms, critical 1 s for 1 min, each node by itself/).waitFor();
    await item.getByRole("switch").click();
    await item.getByText("off", { exact: true }).waitFor();
    expect(await ruleOf(app, session, "event-loop-lag")).toMatchObject({ enabled: false });
    await item.getByRole("switch").click();
    await item.getByText("off", { exact: true }).waitFor({ state: "detached" });
    expect(await ruleOf(app, session, "event-loop-lag")).toMatchObject({ enabled: true });
    await page.getByRole("searchbox", { name: "Search rules" }).fill("memory");
    await until(async () => (await page.locator(".rule-list li").count()) === 1, { what: "one rule that is found" });
  });

  it("begin at a chart: its figure is in the form, and a click on what was measured sets the limit", async () => {
    const { page } = view;
    await page.evaluate(() => {
      location.hash = "#/connections";
    });
    const more = page.getByRole("button", { name: /: more$/ }).first();
    await more.click();
    await page.getByRole("menuitem", { name: "Create alert from here" }).click();
    await page.getByRole("heading", { name: "New rule" }).waitFor();
    await openNew(page, CONNECTIONS);
    await page.getByText("No limit yet.").waitFor();
    const box = await boxOf(page.locator(".preview-chart"));
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    await page.getByRole("slider", { name: "Warning limit" }).waitFor();
    await page
      .locator(".preview-outcome")
      .getByText(/Would (not )?have fired/)
      .waitFor();
    await keepPicture(page, "rule-placed");
  });

  it("say when they would have fired, while their limit is dragged and moved by keys, as the hub says it", async () => {
    const { page } = view;
    await openNew(page, CONNECTIONS);
    await page.getByLabel("Has to last").fill("0 s");
    await page.getByLabel("Warning", { exact: true }).fill("340");
    await untilOutcome(page, /^Would have fired \d+× in 7 d/);
    const told = await outcomeOf(page);
    const asked = await preview(app, session, 340);
    expect(asked.firings).toBeGreaterThan(5);
    expect(told).toContain(`fired ${asked.firings}×`);
    expect(told).toContain(`${asked.notices} notices`);
    expect(told).toContain(`(a bare comparison: ${asked.naiveNotices})`);
    const slider = page.getByRole("slider", { name: "Warning limit" });
    const box = await boxOf(slider);
    await page.mouse.move(box.x + 20, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + 20, box.y - 400, { steps: 5 });
    // At the top of the picture, where nothing ever was: it says so while it is still held.
    await untilOutcome(page, /^Would not have fired/);
    await page.mouse.up();
    const dragged = Number(await slider.getAttribute("aria-valuenow"));
    expect(dragged).toBeGreaterThan(360);
    await slider.focus();
    await page.keyboard.press("PageDown");
    await page.keyboard.press("ArrowDown");
    expect(Number(await slider.getAttribute("aria-valuenow"))).toBeLessThan(dragged);
    expect(Number(await page.getByLabel("Warning", { exact: true }).inputValue())).toBe(
      Number(await slider.getAttribute("aria-valuenow")),
    );
    await page.getByLabel("Warning", { exact: true }).fill("355");
    await untilOutcome(page, /^Would have fired/);
    expect(await slider.getAttribute("aria-valuetext")).toMatch(/355, would have fired \d+× in 7 d/);
  });

  it("lead from each firing to the moment it would have happened", async () => {
    const { page } = view;
    const first = page.getByRole("region", { name: "When it would have fired" }).getByRole("link").first();
    await first.click();
    await page.locator(".status-slot").getByText("History").waitFor();
    const { from, to } = Object.fromEntries(new URLSearchParams(new URL(page.url()).hash.split("?")[1]));
    const at = (Number(from) + Number(to)) / 2;
    expect(at).toBeGreaterThan(plan.toAt - 24 * HOUR_MS);
    expect(at).toBeLessThan(plan.toAt + 2 * HOUR_MS);
    await page.goBack();
    await page.getByRole("heading", { name: "New rule" }).waitFor();
  });

  it("tell mistakes at their fields, those that the hub finds too, and put the focus there", async () => {
    const { page } = view;
    await openNew(page, CONNECTIONS);
    const name = page.getByLabel("Name");
    expect(await name.inputValue()).toMatch(/connections/i);
    await name.fill("");
    await page.getByLabel("Warning", { exact: true }).fill("soon");
    await page.getByRole("button", { name: "Create rule" }).click();
    await page.getByRole("alert").getByText("2 fields can't be read").waitFor();
    await name.fill("Crowded");
    await page.getByLabel("Warning", { exact: true }).fill("340");
    await page.getByLabel("Critical", { exact: true }).fill("320");
    await page.getByRole("button", { name: "Create rule" }).click();
    await page.getByRole("alert").getByText("The hub refused 1 field").waitFor();
    const critical = page.getByLabel("Critical", { exact: true });
    expect(await critical.getAttribute("aria-invalid")).toBe("true");
    expect(await critical.evaluate((field) => field === document.activeElement)).toBe(true);
    await page.getByText("expected a limit above warn (340), got 320").first().waitFor();
  });

  it("are saved, changed, brought back from an older version, and deleted", async () => {
    const { page } = view;
    await page.getByLabel("Critical", { exact: true }).fill("350");
    await page.getByRole("button", { name: "Create rule" }).click();
    const name = page.getByRole("button", { name: "Crowded", exact: true });
    await name.click();
    await page.getByLabel("Warning", { exact: true }).fill("330");
    await page.getByRole("button", { name: "Save" }).click();
    await name.waitFor();
    expect(await ruleOf(app, session, "crowded")).toMatchObject({ warn: 330, crit: 350, version: 2 });
    await name.click();
    await page.getByText("Versions").click();
    await page.getByText("changed: warning limit").waitFor();
    await page.getByRole("button", { name: "Bring back" }).click();
    expect(await page.getByLabel("Warning", { exact: true }).inputValue()).toBe("340");
    await page.getByRole("button", { name: "Save" }).click();
    await name.waitFor();
    expect(await ruleOf(app, session, "crowded")).toMatchObject({ warn: 340, version: 3 });
    await name.click();
    await page.getByRole("button", { name: "Delete", exact: true }).click();
    await page.getByRole("button", { name: "Delete rule" }).click();
    await name.waitFor({ state: "detached" });
  });

  it("are taken over from Prometheus: what can be, and why the rest can't", async () => {
    const { page } = view;
    await openRules(page);
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog", { name: "Import Prometheus rules" });
    await dialog.getByLabel("Or its text").fill(PROMETHEUS);
    await dialog.getByRole("button", { name: "Look at it" }).click();
    await dialog.getByText("1 rule can be taken over").waitFor();
    await dialog.getByText("Unknown", { exact: false }).first().waitFor();
    expect(await findBreaches(page)).toEqual([]);
    await dialog.getByRole("button", { name: "Save 1 rule" }).click();
    await page.getByRole("button", { name: "TooManyConnections", exact: true }).waitFor();
  });

  it("that fire are told once, marked on the rail and drawn in the chart", async () => {
    const { page } = view;
    await goLive(page, app.port, "#/system");
    await page.getByRole("application", { name: /^CPU/ }).waitFor();
    // What other messages say is not what is counted.
    await until(async () => (await page.locator(".toast").count()) === 0, { what: "no message", timeoutMs: 15_000 });
    const heard = await listen(page);
    await save(app, session, {
      name: "Running",
      metric: "system.cpu.utilization",
      agg: "mean",
      op: "gte",
      warn: null,
      crit: 0,
      forSec: 0,
      everySec: 1,
    });
    const toast = page.locator(".toast").filter({ hasText: "Critical alert" });
    await toast.waitFor();
    await keepPicture(page, "alert-told");
    await page.locator('.rail-mark[data-shape="disc"]').waitFor();
    await page.getByRole("application", { name: /^CPU.* critical 0 %\. Running\./ }).waitFor();
    await toast.getByRole("link", { name: "Open" }).click();
    await page.getByRole("heading", { level: 1, name: "Alerts" }).waitFor();
    expect((await heard()).filter((text) => text.includes("Critical alert"))).toHaveLength(1);
  });

  it("can be looked at and tried by viewers, and changed by administrators alone", async () => {
    const token = await runWsight(["token", "--role", "viewer", "--sub", "ada", "--ttl", "1h", "--data", app.data]);
    const { page, close } = await openView(browser(), app.port, { extraHTTPHeaders: {} });
    await page.goto(`http://127.0.0.1:${app.port}/dashboard`);
    await page.getByLabel("Token").fill(token.trim());
    await page.keyboard.press("Enter");
    await page.locator(".status-slot b").filter({ hasText: "Live" }).waitFor();
    await openRules(page);
    expect(await page.getByRole("button", { name: "New rule" }).count()).toBe(0);
    expect(await page.getByRole("switch").first().isDisabled()).toBe(true);
    await page.getByRole("button", { name: "Event-loop lag, p99", exact: true }).click();
    await page.getByText("saving needs the role admin").waitFor();
    expect(await page.getByRole("button", { name: "Save" }).count()).toBe(0);
    await close();
  });

  it.each([390, 1024, 1440])("have no breach of WCAG 2.2 AA at %d px, light and dark", async (width) => {
    const { page } = view;
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await openRules(page);
      await page.locator(".rule-list").waitFor();
      await keepPicture(page, `rules-${width}-${colorScheme}`);
      expect(await findBreaches(page)).toEqual([]);
      await openNew(page, CONNECTIONS);
      await page.getByLabel("Warning", { exact: true }).fill("340");
      await page.getByLabel("Critical", { exact: true }).fill("341");
      await untilOutcome(page, /^Would/);
      await keepPicture(page, `rule-${width}-${colorScheme}`);
      expect(await findBreaches(page)).toEqual([]);
    }
  });
});

const PROMETHEUS = `groups:
  - name: chat
    rules:
      - alert: TooManyConnections
        expr: websocket_server_active_connections > 1000000
        for: 5m
      - alert: Unknown
        expr: no_such_metric > 1
`;

async function openRules(page: Page): Promise<void> {
  await page.evaluate(() => {
    location.hash = "#/alerts?tab=rules";
  });
  await page.locator(".rule-list").waitFor();
}

async function openNew(page: Page, figure: string): Promise<void> {
  // Another address first: the form begins anew.
  await openRules(page);
  await page.evaluate((text) => {
    location.hash = `#/alerts?tab=rules&rule=new&figure=${encodeURIComponent(text)}`;
  }, figure);
  await page.getByRole("heading", { name: "New rule" }).waitFor();
  await page.locator(".preview-chart").waitFor();
}

async function outcomeOf(page: Page): Promise<string> {
  return (await page.locator(".preview-outcome").textContent()) ?? "";
}

/** Waits until the outcome is that of what is in the form now, and reads so. */
async function untilOutcome(page: Page, wanted: RegExp): Promise<void> {
  await until(
    async () =>
      (await page.locator('.preview[aria-busy="false"] .preview-outcome:not([data-stale])').count()) > 0 &&
      wanted.test(await outcomeOf(page)),
    { what: `an outcome like ${wanted}`, timeoutMs: 15_000 },
  );
}

async function boxOf(
  locator: Locator,
): Promise<{ readonly x: number; readonly y: number; readonly width: number; readonly height: number }> {
  const box = await locator.boundingBox();
  if (box === null) throw new Error("expected an element with a box");
  return box;
}

async function ask(app: Program, session: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(`http://127.0.0.1:${app.port}/api/alerts/${path}`, {
    headers: {
      cookie: session,
      origin: `http://127.0.0.1:${app.port}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

function ruleOf(app: Program, session: string, id: string): Promise<unknown> {
  return ask(app, session, `rules/${id}`);
}

async function save(app: Program, session: string, rule: object): Promise<void> {
  await ask(app, session, "rules", rule);
}

/** What the hub says of the form's rule. */
async function preview(
  app: Program,
  session: string,
  warn: number,
): Promise<{ readonly firings: number; readonly notices: number; readonly naiveNotices: number }> {
  const rule = {
    name: "Preview",
    metric: "websocket.server.active_connections",
    agg: "max",
    op: "gt",
    warn,
    forSec: 0,
    keepFiringSec: 60,
  };
  return (await ask(app, session, "rules/preview", { hours: 168, rule })) as never;
}
