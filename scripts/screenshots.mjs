// Makes the pictures of the README anew: starts the demo, lets it run for five
// minutes (or SECONDS), and photographs the dashboard in Chromium.
//   npm run screenshots -- [seconds] [output directory]
import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { CHROMIUM_ARGS, findChromium } from "@wsight/testkit";
import { chromium } from "playwright-core";

const seconds = Number(process.argv[2] ?? 300);
const output = process.argv[3] ?? new URL("../docs/images", import.meta.url).pathname;
const VIEWS = [
  { name: "overview-dark", theme: "dark", width: 1440, height: 1180 },
  { name: "overview-light", theme: "light", width: 1440, height: 1180 },
  { name: "overview-phone", theme: "light", width: 390, height: 844 },
];

const executablePath = findChromium();
if (executablePath === null) {
  console.error("screenshots: expected Chromium on this machine (bash scripts/services.sh installs it), got none");
  process.exit(1);
}
mkdirSync(output, { recursive: true });
const demo = spawn(process.execPath, ["packages/wsight/bin/wsight.js", "demo", "--port", "0", "--app-port", "0"], {
  stdio: ["ignore", "pipe", "inherit"],
});
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
  for (const { name, theme, width, height } of VIEWS) {
    await page.emulateMedia({ colorScheme: theme });
    await page.setViewportSize({ width, height });
    // Two ticks, so that every chart has been drawn at this size and in these colours.
    await page.waitForTimeout(2500);
    await page.screenshot({ path: `${output}/${name}.png` });
    console.log(`${output}/${name}.png`);
  }
} finally {
  await browser.close();
  demo.kill("SIGINT");
}
