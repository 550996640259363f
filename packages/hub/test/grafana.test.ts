import { readFile } from "node:fs/promises";
import { findExposed, grafanaDashboard } from "@wsight/hub";
import { describe, expect, test } from "vitest";
import { MemoryReader } from "./memory-reader.ts";
import { askInstant, overTime } from "./promql-rig.ts";

const T0 = 1_700_000_400_000;

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource?: unknown;
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly datasource: unknown }[];
}

interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query: string | { readonly query: string };
}

const dashboard = grafanaDashboard() as unknown as {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
};
const drawn = dashboard.panels.filter(({ type }) => type !== "row");
const expressions = drawn.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const));

/** What Grafana puts in place of variables when all is chosen. */
function filled(expression: string): string {
  return expression
    .replaceAll("$__rate_interval", "1m0s")
    .replaceAll("$__interval", "15s")
    .replaceAll(/\$(service|node)/g, ".*");
}

describe("the dashboard for Grafana", () => {
  test("the file to be imported is what the hub serves: npm run docs:grafana writes it", async () => {
    const text = await readFile(new URL("../../../docs/grafana/wsight.json", import.meta.url), "utf8");
    expect(JSON.parse(text)).toEqual(grafanaDashboard());
  });

  test("panels have their own numbers and places within 24 columns, and the data source is a variable", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(38);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const cells = new Set<string>();
    for (const { gridPos } of dashboard.panels) {
      expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
      for (let x = 0; x < gridPos.w; x++) {
        for (let y = 0; y < gridPos.h; y++) {
          const cell = `${gridPos.x + x},${gridPos.y + y}`;
          expect(cells.has(cell), cell).toBe(false);
          cells.add(cell);
        }
      }
    }
    expect(dashboard.templating.list.map(({ name, type }) => [name, type])).toEqual([
      ["datasource", "datasource"],
      ["service", "query"],
      ["node", "query"],
    ]);
    for (const { datasource, targets } of drawn)
      for (const of of [datasource, ...(targets ?? []).map((target) => target.datasource)])
        expect(of).toEqual({ type: "prometheus", uid: "$datasource" });
  });

  test.each(expressions)("%s: %s is answered without a warning, by metrics that there are", async (_, expression) => {
    const names = expression.match(/\b[a-z0-9_]+(?=\{)/g) ?? [];
    expect(names.length).toBeGreaterThan(0);
    for (const name of names) {
      const exposed = findExposed(name);
      expect(exposed, name).toBeDefined();
      const labels = ["service", "node", "le", ...(exposed?.metric.attributes ?? [])].map((label) =>
        label.replaceAll(".", "_"),
      );
      for (const [, list = ""] of expression.matchAll(/by \(([^)]*)\)/g))
        for (const label of list.split(/,\s*/)) expect(labels).toContain(label);
    }
    const reader = new MemoryReader();
    const { status, body } = await askInstant(reader, filled(expression), T0);
    expect([status, body.error, body.warnings]).toEqual([200, undefined, undefined]);
  });

  test("figures of a process come up in their panels", async () => {
    const reader = new MemoryReader();
    const open = { "ws.library": "ws", "ws.server": "main", transport: "websocket" };
    for (let second = 0; second < 300; second++) {
      const at = T0 + second * 1000;
      reader.gauge("chat/1", "process.uptime", {}, at, second + 1);
      reader.gauge("chat/1", "websocket.server.active_connections", open, at, 12);
      reader.gauge("chat/1", "websocket.server.connection.limit", {}, at, 48);
      reader.values("chat/1", "websocket.server.message.latency", { source: "ack" }, at, [0.01, 0.02]);
    }
    const range = { fromAt: T0 + 100_000, toAt: T0 + 300_000, stepMs: 15_000 };
    const last = async (title: string): Promise<readonly string[]> => {
      const lines = await Promise.all(
        expressions.filter(([of]) => of === title).map(([, expression]) => overTime(reader, filled(expression), range)),
      );
      return lines.flat().map(({ values }) => values?.at(-1)?.[1] ?? "");
    };
    expect(await last("Open")).toEqual(["12"]);
    expect(await last("Share of capacity")).toEqual(["0.25"]);
    expect((await last("Latency of messages")).map((value) => Number(value) > 0.007)).toEqual([true, true, true]);
    expect((await last("Latency of messages over time")).length).toBe(21);
  });
});
