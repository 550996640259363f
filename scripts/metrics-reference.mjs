// Writes docs/metrics.md from the metric catalogue: `npm run docs:metrics`.
// With --check it writes nothing and exits with 1 when the page is not current.
import { readFileSync, writeFileSync } from "node:fs";
import { CATALOGUE } from "@wsight/protocol";

const page = new URL("../docs/metrics.md", import.meta.url);
const row = ({ name, kind, unit, attributes, across, help }) =>
  `| \`${name}\` | ${kind} | ${unit.replace(/[{}]/g, "")} | ${attributes.map((a) => `\`${a}\``).join(", ") || "–"} | ${kind === "histogram" ? "sum" : across} | ${help} |`;
const text = `# Metrics

Written from the catalogue by \`npm run docs:metrics\`. Durations are seconds,
sizes bytes, ratios 0–1. "Across nodes" says how several processes become one
figure; histograms are merged, never averaged. Every attribute is bounded: what
is beyond its cap is counted under \`_other\`.

| metric | kind | unit | attributes | across nodes | measures |
|---|---|---|---|---|---|
${CATALOGUE.map(row).join("\n")}
`;

if (!process.argv.includes("--check")) writeFileSync(page, text);
else if (readFileSync(page, "utf8") !== text) {
  console.error("docs/metrics.md is not what the catalogue says: run npm run docs:metrics");
  process.exit(1);
}
