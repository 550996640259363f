// What jobs cost the hub, and how soon their owners hear of them. `BENCH_ONLY=track,deliver` runs some of the parts.
const PARTS = ["track", "deliver"];

const only = process.env.BENCH_ONLY?.split(",") ?? PARTS;
for (const part of only) {
  if (PARTS.includes(part)) continue;
  console.error(`BENCH_ONLY: expected some of ${PARTS.join(", ")}, got ${part}`);
  process.exit(2);
}
for (const part of only) await import(`./jobs/${part}.mjs`);
