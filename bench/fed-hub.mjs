// A hub that takes in one probe's figures each second and does nothing else, for benches of what it tells.
import { createHub, signToken } from "@wsight/hub";

const SECRET = "only for the bench: 32 characters of no secret";
const MANY = 1_000_000;

/** Starts it. @param probe what it says at first (`greeting`) and each second (`snapshot()`) */
export async function startFedHub(probe) {
  const hub = await createHub({
    port: 0,
    dataDir: null,
    secret: SECRET,
    dashboardDir: "/nonexistent",
    maxViewers: MANY,
    viewersPerAddress: MANY,
    requestsPerMinute: MANY,
    onError: (error) => console.error(error),
  });
  const link = hub.openLink(() => {});
  for (const message of probe.greeting) link.receive(message);
  eachSecond(() => link.receive(probe.snapshot()), 500);
  return { port: hub.port, token: await signToken({ sub: "bench", role: "viewer", ttlMs: 3_600_000 }, SECRET) };
}

/** Calls back at so many ms after each full second, as the hub's own beat does. */
export function eachSecond(work, offsetMs) {
  setTimeout(
    () => {
      work(Date.now());
      eachSecond(work, offsetMs);
    },
    1000 - ((Date.now() - offsetMs) % 1000),
  );
}

/** Listens with a long line of waiting clients; resolves with the port. */
export function listen(server) {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => resolve(server.address().port));
  });
}
