import { expect, test } from "vitest";
import { Rig } from "./current-rig.ts";

test("examples of fast events do not crowd out what was slow", () => {
  const rig = new Rig();
  const probes = Array.from({ length: 8 }, (_, i) => rig.probe({ instance: `n${i}` }));
  rig.second(() => {
    for (const probe of probes) probe.snapshot();
  });
  const row = (at: number, seconds: number) => ({
    at,
    kind: "handler",
    event: "chat",
    library: "ws",
    connection: null,
    seconds,
    queueSeconds: null,
    bufferedBytes: null,
  });
  const tell = (probe: (typeof probes)[number] | undefined, rows: readonly unknown[]) =>
    probe?.send(
      JSON.stringify({ type: "table", epoch: 1, at: rig.clock.time, table: "slow", total: rows.length, rows }),
    );
  const now = rig.clock.time;
  // Each has newer examples of twelve octaves of fast events; one had 30 slow ones a minute ago.
  const fast = (i: number) => Array.from({ length: 12 }, (_, octave) => row(now + i * 20 + octave, 2 ** (octave - 16)));
  const slow = Array.from({ length: 30 }, (_, i) => row(now - 60_000 + i, 0.3 + i / 1000));
  probes.forEach((probe, i) => {
    tell(probe, i === 3 ? [...slow, ...fast(i)] : fast(i));
  });
  const rows = rig.current.table("slow");
  expect(rows).toHaveLength(50);
  expect(rows.filter(({ seconds, node }) => seconds > 0.1 && node === "chat/n3")).toHaveLength(30);
  expect(new Set(rows.map(({ seconds }) => Math.ceil(Math.log2(seconds)))).size).toBe(13);
  expect(rows.map(({ at }) => at)).toEqual(rows.map(({ at }) => at).sort((a, b) => b - a));
});
