// What alerts cost, how much they say, and how soon. `BENCH_ONLY=noise,cost,mail,health` runs some of the parts.
const PARTS = {
  noise: ["noise"],
  cost: ["cost", "engine-cost"],
  mail: ["mail"],
  health: ["health"],
};

const only = process.env.BENCH_ONLY?.split(",") ?? Object.keys(PARTS);
for (const part of only) {
  if (PARTS[part] !== undefined) continue;
  console.error(`BENCH_ONLY: expected some of ${Object.keys(PARTS).join(", ")}, got ${part}`);
  process.exit(2);
}
for (const file of only.flatMap((part) => PARTS[part])) await import(`./alerts/${file}.mjs`);
