// A cache in front of something slow, with ioredis. Clients of `redis` (node-redis)
// and `@upstash/redis` are passed the same way; several as an array.
//   node examples/redis.mjs    needs a Redis at 127.0.0.1:6379, or REDIS_URL
import { setTimeout as wait } from "node:timers/promises";
import { Redis } from "ioredis";
import { monitor } from "wsight";

const redis = new Redis(process.env.REDIS_URL ?? "redis://127.0.0.1:6379");
redis.on("error", (error) => console.error(error.message));

await monitor({ redis }, { service: "shop" });

async function price(product) {
  const cached = await redis.get(`price:${product}`);
  if (cached !== null) return Number(cached);
  await wait(50); // the slow thing
  await redis.set(`price:${product}`, product * 3, "EX", 5);
  return product * 3;
}

while (true) {
  await price(Math.floor(Math.random() * 100)).catch(() => wait(1000));
  await wait(20);
}
