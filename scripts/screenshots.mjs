// Makes the pictures of the README anew: starts the demo on a past of two days,
// lets it run for five minutes (or SECONDS), and photographs the dashboard in Chromium.
//   npm run screenshots -- [seconds] [output directory] [names, with commas]
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { CHROMIUM_ARGS, findChromium } from "@wsight/testkit";
import { chromium } from "playwright-core";
import { seedPast } from "./seeded-past.mjs";

const seconds = Number(process.argv[2] ?? 300);
const output = process.argv[3] ?? new URL("../docs/images", import.meta.url).pathname;
const only = process.argv[4]?.split(",");
const WIDE = { width: 1440, height: 1180 };
/** `past`: where its address leads, in the hour that is past; `at`: the same without a time. Such a page is opened by its link. */
const VIEWS = [
  { name: "overview-dark", theme: "dark", ...WIDE },
  { name: "overview-light", theme: "light", ...WIDE },
  { name: "overview-phone", theme: "light", width: 390, height: 844 },
  { name: "history-overview", theme: "light", width: 1440, height: 1010, past: "#/overview?" },
  {
    name: "alerts-rule",
    theme: "dark",
    width: 1440,
    height: 1010,
    at: "#/alerts?tab=rules&rule=websocket-latency-p95",
  },
  { name: "jobs", theme: "light", ...WIDE, at: "#/jobs" },
  { name: "history-compare", theme: "light", ...WIDE, past: "#/history?tab=compare&" },
];

const executablePath = findChromium();
if (executablePath === null) {
  console.error("screenshots: expected Chromium on this machine (bash scripts/services.sh installs it), got none");
  process.exit(1);
}
mkdirSync(output, { recursive: true });
const data = mkdtempSync(join(tmpdir(), "wsight-screenshots-"));
const hour = await seedPast(data, Date.now());
const demo = spawn(
  process.execPath,
  ["packages/wsight/bin/wsight.js", "demo", "--port", "0", "--app-port", "0", "--data", data],
  { stdio: ["ignore", "pipe", "inherit"] },
);
const link = await new Promise((resolve) => {
  createInterface({ input: demo.stdout }).on("line", (line) => {
    const found = line.match(/http:\/\/\S+#code=\S+/);
    if (found) resolve(found[0]);
  });
});
const browser = await chromium.launch({
  executablePath,
  args: [...CHROMIUM_ARGS],
});
try {
  const context = await browser.newContext({ deviceScaleFactor: 2 });
  const page = await context.newPage();
  await page.goto(link);
  await page.getByText("Live", { exact: true }).first().waitFor();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  for (const { name, theme, width, height, past, at = past } of VIEWS) {
    if (only !== undefined && !only.includes(name)) continue;
    const view = at === undefined ? page : await context.newPage();
    await view.emulateMedia({ colorScheme: theme });
    await view.setViewportSize({ width, height });
    if (at !== undefined) {
      const time = past === undefined ? "" : `from=${hour.fromAt}&to=${hour.toAt}`;
      await view.goto(`${new URL(link).origin}/dashboard${at}${time}`);
      await view
        .locator(".status-slot")
        .getByText(past === undefined ? "Live" : "History")
        .waitFor();
    }
    // Two ticks, so that every chart has been drawn at this size and in these colours.
    await view.waitForTimeout(2500);
    await view.screenshot({ path: `${output}/${name}.png` });
    console.log(`${output}/${name}.png`);
    if (view !== page) await view.close();
  }
} finally {
  await browser.close();
  demo.kill("SIGINT");
  await new Promise((resolve) => demo.once("close", resolve));
  rmSync(data, { recursive: true, force: true });
}
