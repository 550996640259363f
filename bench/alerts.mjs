// What alerts cost, how much they say, and how soon. `BENCH_ONLY=noise,cost,mail,health` runs some of the parts.
const PARTS = ["noise", "cost", "mail", "health"];

const only = process.env.BENCH_ONLY?.split(",") ?? PARTS;
for (const part of only) {
  if (PARTS.includes(part)) continue;
  console.error(`BENCH_ONLY: expected some of ${PARTS.join(", ")}, got ${part}`);
  process.exit(2);
}
for (const part of PARTS) if (only.includes(part)) await import(`./alerts/${part}.mjs`);
