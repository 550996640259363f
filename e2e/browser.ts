import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CHROMIUM_ARGS, findChromium } from "@wsight/testkit";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe } from "vitest";

/** For what has an event to wait for: long, because the machine may be busy with other things. */
const PATIENCE_MS = 20_000;
const PICTURES = fileURLToPath(new URL("../node_modules/.cache/e2e", import.meta.url));

const executablePath = findChromium();

/** A suite that needs a browser. Without one it is skipped, and says so. */
export function browserSuite(name: string, body: () => void): void {
  if (executablePath === null) {
    console.warn(
      `e2e: SKIPPED "${name}": expected Chromium, found none (bash scripts/services.sh installs it, WSIGHT_CHROMIUM names one)`,
    );
  }
  describe.skipIf(executablePath === null)(name, body);
}

/** Takes a picture for people to look at, when `WSIGHT_E2E_PICTURES` names a directory for them. */
export async function keepPicture(page: Page, name: string): Promise<void> {
  const directory = process.env.WSIGHT_E2E_PICTURES;
  if (directory) await page.screenshot({ path: join(directory, `${name}.png`) });
}

/** One Chromium for the tests of a suite. A test that fails leaves pictures of what it saw in `PICTURES`. */
export function useBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    browser = await chromium.launch({
      args: [...CHROMIUM_ARGS],
      ...(executablePath === null ? {} : { executablePath }),
    });
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    const pages = browser?.contexts().flatMap((context) => context.pages()) ?? [];
    const name = task.name.replaceAll(/\W+/g, "-").slice(0, 60);
    await Promise.all(pages.map((page, index) => page.screenshot({ path: join(PICTURES, `${name}-${index}.png`) })));
  });
  afterAll(() => browser?.close());
  return () => {
    if (browser === undefined) throw new Error("the browser is there once beforeAll has run");
    return browser;
  };
}

/** What a page did that no page should: every list is to stay empty. */
export interface Trouble {
  /** Errors and warnings on the console, and exceptions nobody caught. */
  readonly console: string[];
  /** Violations of the Content-Security-Policy. */
  readonly policy: string[];
  /** Requests to anybody but the hub. */
  readonly foreign: string[];
}

/** A tab in a browser context of its own. */
export interface View {
  readonly page: Page;
  readonly trouble: Trouble;
  close(): Promise<void>;
}

/** How a {@link View} is opened. */
export interface ViewOptions extends BrowserContextOptions {
  /** Session cookie to start with, see `signIn`; none starts signed out. */
  readonly session?: string;
}

/** Opens a tab for the dashboard on `port`, without going there. */
export async function openView(browser: Browser, port: number, options: ViewOptions = {}): Promise<View> {
  const { session, ...contextOptions } = options;
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    timezoneId: "UTC",
    ...contextOptions,
  });
  if (session !== undefined) {
    const [name = "", value = ""] = session.split("=", 2);
    await context.addCookies([{ name, value, domain: "127.0.0.1", path: "/", httpOnly: true, sameSite: "Strict" }]);
  }
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const trouble = await watchForTrouble(page, `127.0.0.1:${port}`);
  return { page, trouble, close: () => context.close() };
}

async function watchForTrouble(page: Page, host: string): Promise<Trouble> {
  const trouble: Trouble = { console: [], policy: [], foreign: [] };
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) trouble.console.push(message.text());
  });
  page.on("pageerror", (error) => trouble.console.push(String(error)));
  page.on("request", (request) => noteForeign(request.url()));
  page.on("websocket", (socket) => noteForeign(socket.url()));
  function noteForeign(url: string): void {
    const { protocol, host: theirs } = new URL(url);
    if (theirs !== host && !["data:", "blob:"].includes(protocol)) trouble.foreign.push(url);
  }
  await page.exposeFunction("wsightPolicyViolated", (what: string) => trouble.policy.push(what));
  await page.addInitScript(() => {
    addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI }) => {
      const { wsightPolicyViolated } = window as unknown as { wsightPolicyViolated: (what: string) => void };
      wsightPolicyViolated(`${violatedDirective} ${blockedURI}`);
    });
  });
  return trouble;
}
