import { until } from "@wsight/testkit";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { browserSuite, openView, useBrowser, type View } from "./browser.ts";
import { goLive, signIn } from "./dashboard.ts";
import { type Program, startApplication, startDemo } from "./program.ts";

/** The parts of the summary that the page shows as well. */
interface Summary {
  readonly connections: { readonly total: number; readonly closed: number };
  readonly errors: { readonly total: number; readonly by_type: Readonly<Record<string, number>> };
}

/** The same as {@link Summary}, read off the page. */
interface Shown {
  readonly connections: string;
  readonly onNode: string;
  readonly closed: string;
  readonly errors: string;
  readonly errorTypes: Readonly<Record<string, string>>;
}

browserSuite("figures on the page", () => {
  const browser = useBrowser();
  let app: Program;
  let demo: Program;
  let view: View;
  let session: string;

  beforeAll(async () => {
    [app, demo] = await Promise.all([startApplication(), startDemo()]);
    session = await signIn(app);
    view = await openView(browser(), app.port, { session });
    await goLive(view.page, app.port);
  });
  afterAll(async () => {
    await view?.close();
    await Promise.all([app?.stop(), demo?.stop()]);
  });

  it("are zero, and not unknown, for what a watched server has not had yet", async () => {
    await untilShown(view.page, { connections: "3", onNode: "3", closed: "", errors: "0 since start", errorTypes: {} });
    const errors = view.page.getByRole("article", { name: "Errors" });
    await until(async () => (await errors.locator(".kpi-value").textContent()) === "0/min", {
      what: "no errors a minute",
    });
    expect(await view.page.getByRole("article", { name: "Connections" }).locator(".kpi-note").textContent()).toMatch(
      /opened · 0 closed \/s$/,
    );
  });

  it("are those of /api/websocket/metrics/, exactly, when something happened", async () => {
    app.tell("open 9");
    app.tell("close 2");
    app.tell("fail PaymentRefused");
    app.tell("fail PaymentRefused");
    app.tell("fail OutOfStock");
    await untilShown(view.page, {
      connections: "10",
      onNode: "10",
      closed: "2 closed",
      errors: "3 since start",
      errorTypes: { PaymentRefused: "2", OutOfStock: "1" },
    });
    const { connections, errors } = await readSummary(app.port, session);
    expect(connections).toMatchObject({ total: 10, created: 12, closed: 2 });
    expect(errors).toMatchObject({ total: 3, by_type: { PaymentRefused: 2, OutOfStock: 1 } });
  });

  it("are those of the API at the same moment also while people come and go", async () => {
    const demoSession = await signIn(demo);
    const { page, close } = await openView(browser(), demo.port, { session: demoSession });
    await goLive(page, demo.port);
    await until(
      async () => {
        const before = await readSummary(demo.port, demoSession);
        const shown = await readShown(page);
        const after = await readSummary(demo.port, demoSession);
        // Only what did not change while it was read can be compared.
        const still =
          before.connections.total === after.connections.total && before.errors.total === after.errors.total;
        return (
          still &&
          shown.connections === String(after.connections.total) &&
          shown.onNode === shown.connections &&
          shown.errors === `${after.errors.total} since start`
        );
      },
      { what: "a moment in which page and API say the same", timeoutMs: 20_000 },
    );
    await close();
  });
});

async function untilShown(page: Page, wanted: Shown): Promise<void> {
  let shown: Shown | undefined;
  await until(
    async () => {
      shown = await readShown(page);
      return JSON.stringify(shown) === JSON.stringify(wanted);
    },
    { what: `the figures ${JSON.stringify(wanted)}`, timeoutMs: 15_000 },
  ).catch(() => expect(shown).toEqual(wanted));
}

function readShown(page: Page): Promise<Shown> {
  return page.evaluate(() => {
    const cards = [...document.querySelectorAll("main .card")];
    const card = (title: string) => cards.filter((each) => each.querySelector("h2")?.textContent === title).at(-1);
    const text = (title: string, selector: string) => card(title)?.querySelector(selector)?.textContent ?? "";
    const types = [...(card("Errors")?.querySelectorAll(".tally li") ?? [])].map((row) => [
      row.querySelector(".mono")?.textContent ?? "",
      row.children[1]?.firstChild?.textContent?.trim() ?? "",
    ]);
    return {
      connections: text("Connections", ".kpi-value"),
      onNode: text("Connections by node", ".node-head > span:last-child"),
      closed: text("Close reasons", ".card-note"),
      errors: text("Errors", ".card-note"),
      errorTypes: Object.fromEntries(types) as Record<string, string>,
    };
  });
}

async function readSummary(port: number, session: string): Promise<Summary> {
  const response = await fetch(`http://127.0.0.1:${port}/api/websocket/metrics/`, { headers: { cookie: session } });
  expect(response.status).toBe(200);
  return (await response.json()) as Summary;
}
