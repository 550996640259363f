// Writes docs/grafana/wsight.json, the dashboard to be imported into Grafana; a hub serves the same.
import { writeFile } from "node:fs/promises";
import { grafanaDashboard } from "@wsight/hub";

await writeFile(
  new URL("../docs/grafana/wsight.json", import.meta.url),
  `${JSON.stringify(grafanaDashboard(), null, 2)}\n`,
);
