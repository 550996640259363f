import { createLiveView, HTML_REPORT_CSP, REPORTS, resolvePlan, runLoad, summarize } from "@wsight/load";
import type { LoadProgress, LoadResult } from "@wsight/protocol";
import { beforeAll, describe, expect, it } from "vitest";
import { sparkline } from "../dist/reports/live-view.js";
import { echo, wsServer } from "./servers.ts";

let result: LoadResult;

beforeAll(async () => {
  const { url } = await wsServer(echo);
  result = await runLoad(
    resolvePlan({
      url: `${url}/?<b>&"quoted"`.replace(/[<>"]/g, encodeURIComponent),
      profile: "custom",
      connections: 10,
      interval: 0.05,
      duration: 1,
      ramp: 0.2,
      expect: ["p50<0.000001"],
    }),
  );
});

describe("reports of a run", () => {
  it("as JSON are the result", () => {
    expect(JSON.parse(REPORTS.json(result))).toEqual(result);
  });

  it("as JUnit XML fail where gates failed", () => {
    const xml = REPORTS.junit({ ...result, plan: { ...result.plan, profile: '<&"' } });
    const open = [...xml.matchAll(/<(testsuites|testsuite|testcase|failure)\b[^>]*?(\/?)>/g)];
    const closed = [...xml.matchAll(/<\/(\w+)>/g)];
    expect(open.filter(([, , end]) => end === "").length).toBe(closed.length);
    expect(xml).toMatch(/^<\?xml version="1.0" encoding="UTF-8"\?>/);
    expect(xml).toContain('classname="wsight.load.&lt;&amp;&quot;" name="p50 &lt; 0.00 ms"');
    expect(xml).toMatch(/<failure message="expected p50 &lt; 0.00 ms, got [\d.]+ ms"\/>/);
    expect(xml.replaceAll(/&(amp|lt|gt|quot);/g, "")).not.toContain("&");
    expect(Number(/failures="(\d+)"/.exec(xml)?.[1])).toBe([...xml.matchAll(/<failure/g)].length);
  });

  it("as HTML need nothing else, and say no more than they may", () => {
    const html = REPORTS.html({ ...result, warnings: ['<script>alert("x")</script>'] });
    expect(html).not.toMatch(/<script|<link|<img|@import|url\(|\son\w+=|\sstyle=|javascript:/i);
    expect([...html.matchAll(/\s(?:src|href)=/g)]).toEqual([]);
    expect(html).toContain("&lt;script&gt;alert(&quot;x&quot;)");
    expect(html).toContain(`content="${HTML_REPORT_CSP}"`);
    expect([...html.matchAll(/<svg /g)].length).toBe(4);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it("as hgrm hold the whole distribution", () => {
    const lines = REPORTS.hgrm(result).trimEnd().split("\n");
    const rows = lines.filter((line) => /^\s*\d/.test(line)).map((line) => line.trim().split(/\s+/).map(Number));
    expect(lines[0]).toBe("       Value     Percentile TotalCount 1/(1-Percentile)");
    expect(rows.at(-1)?.slice(1)).toEqual([1, result.messages.latency?.count]);
    for (const [i, [value = 0, share = 0, count = 0]] of rows.entries()) {
      const [before = 0, lower = 0, fewer = 0] = rows[i - 1] ?? [];
      expect(value >= before && share > lower && count > fewer).toBe(true);
    }
    expect(lines.at(-2)).toMatch(/^#\[Max {5}= +[\d.]+, Total count {4}= +\d+\]$/);
    expect(REPORTS.hgrm({ ...result, messages: { ...result.messages, latency: null } })).toContain("Total count");
  });

  it("in words say what passed and what did not", () => {
    const text = summarize(result)
      .map((line) => line.text)
      .join("\n");
    expect(text).toMatch(/connections {2}10 of 10 opened, 0 failed, 0 dropped/);
    expect(text).toMatch(/✔ connected +100 % +> 95 %/);
    expect(text).toMatch(/✘ p50 +[\d.]+ ms +< 0.00 ms/);
    expect(text).toMatch(/\nfailed$/);
  });
});

describe("the live view", () => {
  const progress = (elapsedMs: number): LoadProgress => ({
    phase: "running",
    done: elapsedMs / 20_000,
    elapsedMs,
    connected: 50,
    failed: 1,
    dropped: 0,
    sent: 100,
    answered: 99,
    lost: 0,
    messageRate: 50,
    p50Ms: 1,
    p95Ms: elapsedMs / 1000,
    sendLagP99Ms: 0,
  });
  const view = (stream: { isTTY?: boolean; columns?: number }) => {
    let text = "";
    const write = (more: string): void => {
      text += more;
    };
    const live = createLiveView({ ...stream, write }, {});
    for (let at = 250; at <= 11_000; at += 250) live.update(progress(at));
    live.end();
    return text;
  };

  it("is a line each five seconds where there is no terminal", () => {
    expect(view({})).toBe(
      "   5 s  50 connected, 1 failed, 50 messages/s, p50 1.00 ms, p95 5.00 ms\n" +
        "  10 s  50 connected, 1 failed, 50 messages/s, p50 1.00 ms, p95 10.0 ms\n",
    );
  });

  it("is two lines with a bar and a sparkline on a terminal, no wider than it, and cleared at the end", () => {
    const text = view({ isTTY: true, columns: 100 });
    const escapes = new RegExp(`${String.fromCharCode(27)}\\[[0-9;]*[A-Za-z]`, "g");
    expect(text).toContain("█");
    expect(text).toContain("▁");
    for (const line of text.replaceAll(escapes, "").split("\n")) expect(line.length).toBeLessThan(100);
    expect(text.endsWith("[2A\u001b[J")).toBe(true);
  });

  it("draws the highest on top and gaps for nothing", () => {
    expect(sparkline([0, 1, null, 4, 8])).toBe("▁▁ ▄█");
    expect(sparkline([])).toBe("");
  });
});
