// Writes src/components/icons.ts from lucide-static: only the icons that are used, as data.
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Our name → lucide's name. */
const ICONS = {
  alert: "octagon-alert",
  bell: "bell",
  cable: "cable",
  cache: "layers",
  chevrons: "chevrons-up-down",
  close: "x",
  copy: "copy",
  cpu: "cpu",
  dashboard: "layout-dashboard",
  database: "database",
  download: "download",
  gauge: "gauge",
  help: "circle-help",
  history: "history",
  image: "image",
  in: "arrow-down-left",
  info: "info",
  key: "key-round",
  link: "link",
  newer: "chevron-left",
  older: "chevron-right",
  messages: "messages-square",
  moon: "moon",
  more: "ellipsis",
  ok: "circle-check",
  out: "arrow-up-right",
  network: "network",
  pause: "pause",
  play: "play",
  plug: "plug",
  plus: "plus",
  retry: "rotate-ccw",
  ruler: "ruler",
  search: "search",
  server: "server",
  signOut: "log-out",
  settings: "settings",
  shortcuts: "keyboard",
  stale: "clock-alert",
  split: "split",
  sun: "sun",
  table: "table-2",
  theme: "sun-moon",
  timer: "timer",
  unplug: "unplug",
  waiting: "hourglass",
  warn: "triangle-alert",
};

const root = dirname(createRequire(import.meta.url).resolve("lucide-static/package.json"));
const entries = Object.entries(ICONS).map(([name, file]) => {
  const svg = readFileSync(join(root, "icons", `${file}.svg`), "utf8");
  const shapes = [...svg.slice(svg.indexOf(">", svg.indexOf("<svg")) + 1).matchAll(/<(\w+)\s+([^>]*?)\/>/g)].map(
    ([, tag, attributes]) => [
      tag,
      Object.fromEntries([...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
    ],
  );
  return `  ${name}: ${JSON.stringify(shapes)},`;
});
const source = `/* Shapes of lucide icons (ISC, see NOTICE). Written by scripts/make-icons.js; do not edit. */

/** One SVG element: its tag and attributes. */
export type IconShape = readonly [tag: string, attributes: Readonly<Record<string, string>>];

const ICON_NAMES = [${Object.keys(ICONS)
  .map((name) => JSON.stringify(name))
  .join(", ")}] as const;

/** Name of an icon. */
export type IconName = (typeof ICON_NAMES)[number];

/** Every icon the dashboard uses, on a 24 × 24 grid. */
export const ICONS: Readonly<Record<IconName, readonly IconShape[]>> = {
${entries.join("\n")}
};
`;
writeFileSync(join(dirname(fileURLToPath(import.meta.url)), "../src/components/icons.ts"), source);
