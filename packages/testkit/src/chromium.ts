import { isAbsolute } from "node:path";
import { findIn, pathDirectories, whenExecutable } from "./find-program.ts";

const NAMES = [
  // Made to be driven: no window, and a third less to do.
  "chromium-headless-shell",
  "chromium",
  "chromium-browser",
  "google-chrome-stable",
  "google-chrome",
  "chrome",
] as const;
const PLACES = [
  "/usr/bin",
  "/usr/local/bin",
  "/snap/bin",
  "/opt/google/chrome",
  "/Applications/Chromium.app/Contents/MacOS",
  "/Applications/Google Chrome.app/Contents/MacOS",
] as const;
const MAC_NAMES = ["Chromium", "Google Chrome"] as const;

/**
 * Path of a Chromium (or Chrome) that can be started, `null` when there is
 * none: what `WSIGHT_CHROMIUM` says (a path, or a name on PATH), else the
 * usual names on PATH, else the usual places. A `WSIGHT_CHROMIUM` that leads
 * nowhere is `null` and not another browser.
 */
export function findChromium(environment: Readonly<Record<string, string | undefined>> = process.env): string | null {
  const directories = pathDirectories(environment);
  const { WSIGHT_CHROMIUM: wanted } = environment;
  if (wanted) return isAbsolute(wanted) ? whenExecutable(wanted) : findIn(directories, [wanted]);
  return findIn([...directories, ...PLACES], [...NAMES, ...MAC_NAMES]);
}

/** Flags for a headless Chromium that asks nothing of the network or the graphics card. */
export const CHROMIUM_ARGS: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
