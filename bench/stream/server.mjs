// A monitored process whose hub streams its host: the real probe, the real
// collectors, the hub in its worker thread. "postgres-away" gives it a database
// that is not there. Tells over IPC what CPU the whole process took.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signToken } from "@wsight/hub";
import { monitor } from "wsight";

const [kind] = process.argv.slice(2);
const SECRET = "only for the bench: 32 characters of no secret";
const MANY = 100_000;

const data = await mkdtemp(join(tmpdir(), "wsight-bench-"));
const w = await monitor(
  {},
  {
    service: "bench",
    port: 0,
    data,
    secret: SECRET,
    quiet: true,
    maxViewers: MANY,
    viewersPerAddress: MANY,
    requestsPerMinute: MANY,
    storeIntervalMs: 1000,
    ...(kind === "postgres-away" ? { store: "postgres://nobody@127.0.0.1:1/nothing" } : {}),
    onError() {},
  },
);
const token = await signToken({ sub: "bench", role: "viewer", ttlMs: 3_600_000 }, SECRET);
process.send({ port: Number(new URL(w.url).port), token });

process.on("message", () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMs: (user + system) / 1000 });
});
process.on("disconnect", async () => {
  await w.close();
  await rm(data, { recursive: true, force: true });
});
