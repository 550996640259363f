import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Role } from "@wsight/hub";
import type { LinkMessage, OutboxRow } from "@wsight/protocol";
import {
  freePort,
  type SmtpServerOfTest,
  startSmtpServer,
  startWebhookReceiver,
  until,
  type WebhookReceiver,
} from "@wsight/testkit";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { METRIC, RULE } from "./alerts-rig.ts";
import { FakeProbe, type Rig } from "./current-rig.ts";
import { bearer, makeDir, SECRET } from "./harness.ts";

const KILLS = 20;
/** Alerts that begin in each round. */
const ALERTS = 4;

/** A hub in a process of its own, which is killed and started again. */
class HubProgram {
  readonly port: number;
  readonly #dataDir: string;
  #child: ChildProcess | null = null;

  constructor(port: number, dataDir: string) {
    this.port = port;
    this.#dataDir = dataDir;
  }

  async start(): Promise<void> {
    const file = fileURLToPath(new URL("./fixtures/hub-until-killed.js", import.meta.url));
    const child = spawn(process.execPath, [file, String(this.port), this.#dataDir, SECRET], {
      stdio: ["ignore", "pipe", "inherit"],
      // A group of its own, so that it can be killed together with the processes that it started.
      detached: true,
    });
    this.#child = child;
    const [said] = await Promise.race([once(child.stdout, "data"), once(child, "exit")]);
    if (!String(said).startsWith("listening")) throw new Error(`the hub ended: ${said}`);
  }

  /** Kills it, with `all` also the processes that keep its history and send its notices. */
  async kill(all: boolean): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    process.kill(all ? -child.pid : child.pid, "SIGKILL");
    await ended;
  }

  async call(method: string, path: string, body?: unknown, role: Role = "admin"): Promise<Record<string, unknown>> {
    const headers = { ...(await bearer(role)), "content-type": "application/json" };
    const init = body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
    const answer = await fetch(`http://127.0.0.1:${this.port}${path}`, init);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  }
}

/** Reports four times a second over a WebSocket, until it is let go. */
async function report(
  hub: HubProgram,
  servers: readonly string[],
): Promise<{ add(servers: readonly string[]): void; stop(): void }> {
  const socket = new WebSocket(`ws://127.0.0.1:${hub.port}/ws/probe`, { headers: await bearer("probe", "chat") });
  socket.on("error", () => undefined);
  await once(socket, "open");
  const open: Rig["ingest"]["open"] = () => {
    const receive = (message: LinkMessage): null => {
      if (socket.readyState === WebSocket.OPEN) socket.send(message);
      return null;
    };
    return { receive, complain: () => {}, node: null, close: () => socket.close() };
  };
  const clock = {
    get time() {
      return Date.now();
    },
  };
  const probe = new FakeProbe({ clock, ingest: { open } } as unknown as Rig, {
    epoch: Date.now() % 1e9,
    startedAt: Date.now(),
  });
  const add = (more: readonly string[]): void => {
    for (const server of more) probe.set(METRIC, 50, { "ws.library": "ws", "ws.server": server });
    probe.snapshot();
  };
  add(servers);
  const timer = setInterval(() => probe.snapshot(), 250);
  return {
    add,
    stop() {
      clearInterval(timer);
      socket.terminate();
    },
  };
}

async function setUp(hub: HubProgram, mail: SmtpServerOfTest, hook: WebhookReceiver): Promise<void> {
  await until(async () => (await hub.call("GET", "/api/alerts/active")).state !== "opening", { what: "alerts" });
  const { host, port } = mail;
  const config = { host, port, security: "none", from: "a@example.org", to: ["b@example.org"] };
  await hub.call("POST", "/api/alerts/channels", { name: "Mail", type: "email", config });
  await hub.call("POST", "/api/alerts/channels", { name: "Hook", type: "webhook", config: { url: hook.url } });
  await hub.call("PUT", "/api/alerts/routes", { groupBy: ["ws.server"], groupWaitSec: 0, groupIntervalSec: 10 });
  await hub.call("POST", "/api/alerts/rules", { ...RULE, groupBy: ["ws.server"], forSec: 0, repeatSec: 0 });
}

/** Waits for a moment to kill at: a mail that was taken and not yet answered, a webhook alike, or any moment. */
async function moment(round: number, mail: SmtpServerOfTest, hook: WebhookReceiver): Promise<void> {
  const inRound = 1 + (round % ALERTS);
  if (round % 3 === 0) return nth(inRound, (hear) => mail.onMail(hear));
  if (round % 3 === 1) return nth(inRound, (hear) => hook.onPost(hear));
  // From before the alerts fire to after they were told.
  await wait(700 + ((round * 397) % 1_300));
}

function nth(count: number, listen: (hear: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    let heard = 0;
    listen(() => {
      if (++heard === count) resolve();
    });
  });
}

/** How often each server's alert was told. */
function counts(texts: readonly string[]): Map<string, number> {
  const found = new Map<string, number>();
  for (const text of texts) {
    const server = /ws\.server["']?[=:]\s*"?(r\d+-\d+)/.exec(text)?.[1];
    if (server !== undefined) found.set(server, (found.get(server) ?? 0) + 1);
  }
  return found;
}

test(`of a hub that is killed ${KILLS} times every alert is told, and no more are told twice than it was killed`, {
  timeout: 240_000,
}, async () => {
  const [mail, hook] = [await startSmtpServer(), await startWebhookReceiver()];
  const hub = new HubProgram(await freePort(), await makeDir());
  onTestFinished(async () => {
    await hub.kill(true);
    await Promise.all([mail.stop(), hook.stop()]);
  });
  await hub.start();
  await setUp(hub, mail, hook);
  const servers: string[] = [];
  let probe = await report(hub, servers);
  for (let round = 0; round < KILLS; round++) {
    const more = Array.from({ length: ALERTS }, (_, at) => `r${round}-${at}`);
    servers.push(...more);
    if (round % 4 === 2) mail.setMood("greylist", 2);
    if (round % 4 === 3) mail.setMood("slow", 2);
    if (round % 5 === 4) hook.reply({ status: 503 }, "reset", { status: 429, headers: { "retry-after": "1" } });
    const killAt = moment(round, mail, hook);
    probe.add(more);
    await killAt;
    await hub.kill(round % 2 === 0);
    probe.stop();
    await hub.start();
    probe = await report(hub, servers);
  }
  const told = {
    mail: () => counts(mail.mails.map(({ text }) => text)),
    hook: () => counts(hook.posts.filter(({ answered }) => answered === 200).map(({ body }) => body)),
  };
  await until(() => told.mail().size === servers.length && told.hook().size === servers.length, {
    what: "every alert to be told",
    timeoutMs: 60_000,
  });
  await until(
    async () => {
      const { notices } = (await hub.call("GET", "/api/alerts/outbox?limit=500")) as { notices: readonly OutboxRow[] };
      return notices.every(({ state }) => state === "sent" || state === "superseded");
    },
    { what: "nothing to be left to tell", timeoutMs: 60_000 },
  );
  probe.stop();
  for (const [name, count] of Object.entries(told)) {
    const all = count();
    const twice = [...all.values()].reduce((sum, times) => sum + times - 1, 0);
    console.log(`${name}: ${all.size} of ${servers.length} alerts told, ${twice} duplicates after ${KILLS} kills`);
    expect([...all.keys()].sort()).toEqual([...servers].sort());
    expect(twice).toBeLessThanOrEqual(KILLS);
  }
});
