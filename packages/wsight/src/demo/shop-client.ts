import { Agent, type IncomingMessage, request } from "node:http";
import type { ClientSetting } from "./chat-client.ts";
import { pause } from "./pause.ts";
import { exponential, logNormal, type Random } from "./random.ts";

const ACTION_MS = 900;
const TIMEOUT_MS = 10_000;
/** Products that are asked for, the first most often; the last few do not exist. */
const PRODUCTS = 204;

/** One who shops: looks around, orders, and does not wait for what takes long. */
export async function runShopClient({ url, random, busy, signal }: ClientSetting): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const visit: Visit = { url, random, agent, tag: "", order: 0 };
  try {
    while (await pause(exponential(random, ACTION_MS / busy()), signal)) act(visit);
  } finally {
    agent.destroy();
  }
}

interface Visit {
  readonly url: string;
  readonly random: Random;
  readonly agent: Agent;
  /** Of the catalogue as it was seen last. */
  tag: string;
  /** The newest order of its own. */
  order: number;
}

interface Ask {
  readonly method?: string;
  readonly path: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** Goes away after this long, ms. */
  readonly patienceMs?: number;
  readonly heard?: (response: IncomingMessage, text: string) => void;
}

/** Share of each action, in percent, and the action. */
const ACTIONS: readonly (readonly [share: number, ask: (visit: Visit) => Ask])[] = [
  [34, ({ random }) => ({ path: `/api/products/${1 + Math.floor(random() ** 3 * PRODUCTS)}` })],
  [18, (visit) => ({ path: "/api/products", headers: tagged(visit), heard: (reply) => remember(visit, reply) })],
  [10, ({ random }) => ({ path: `/api/search?q=${random().toString(36).slice(2, 6)}` })],
  [9, (visit) => ({ ...orderOf(visit), heard: (_reply, text) => noteOrder(visit, text) })],
  [8, ({ order }) => ({ path: `/api/orders/${order}` })],
  [6, () => ({ path: "/" })],
  [5, () => ({ method: "POST", path: "/api/sessions", body: { user: "somebody" } })],
  [4, ({ random }) => ({ path: `/api/reports/2026-${1 + Math.floor(random() * 12)}`, ...patience(random) })],
  [3, () => ({ path: "/catalogue" })],
  [2, ({ order }) => ({ method: "DELETE", path: `/api/orders/${order}` })],
  [1, () => ({ path: "/wp-login.php" })],
];

function act(visit: Visit): void {
  let left = visit.random() * 100;
  const chosen = ACTIONS.find(([share]) => {
    left -= share;
    return left <= 0;
  });
  if (chosen !== undefined) send(visit, chosen[1](visit));
}

function send({ url, agent }: Visit, { method = "GET", path, body, headers, patienceMs, heard }: Ask): void {
  const text = body === undefined ? "" : JSON.stringify(body);
  const length = text === "" ? {} : { "content-type": "application/json", "content-length": String(text.length) };
  const asked = request(`${url}${path}`, { method, agent, headers: { ...headers, ...length }, timeout: TIMEOUT_MS });
  const giveUp = patienceMs === undefined ? undefined : setTimeout(() => asked.destroy(), patienceMs);
  asked.on("response", (response) => {
    let said = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      if (heard !== undefined && said.length < 4096) said += chunk;
    });
    response.on("end", () => heard?.(response, said));
    response.on("error", () => undefined);
  });
  asked.on("timeout", () => asked.destroy());
  asked.on("error", () => undefined);
  asked.on("close", () => clearTimeout(giveUp));
  asked.end(text);
}

function tagged({ tag }: Visit): Record<string, string> {
  return tag === "" ? {} : { "if-none-match": tag };
}

function remember(visit: Visit, { headers: { etag } }: IncomingMessage): void {
  visit.tag = etag ?? "";
}

/** Now and then one that makes no sense. */
function orderOf({ random }: Visit): Ask {
  const amount = random() < 0.08 ? 0 : 1 + Math.floor(random() * 9);
  return { method: "POST", path: "/api/orders", body: { product: 1 + Math.floor(random() * 200), amount } };
}

function noteOrder(visit: Visit, text: string): void {
  const id = Number(/"id":(\d+)/.exec(text)?.[1]);
  if (id > 0) visit.order = id;
}

/** A third of those who ask for a report do not wait for it. */
function patience(random: Random): Pick<Ask, "patienceMs"> {
  return random() < 0.35 ? { patienceMs: logNormal(random, 120, 0.5) } : {};
}
