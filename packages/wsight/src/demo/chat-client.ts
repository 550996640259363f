import { Manager, type Socket } from "socket.io-client";
import {
  type ChatNews,
  type ChatRequests,
  DEMO_TOKEN,
  type PresenceNews,
  type PresenceRequests,
  ROOMS,
} from "./events.ts";
import { pause } from "./pause.ts";
import { exponential, logNormal, pickSkewed, type Random } from "./random.ts";
import type { Rhythm } from "./rhythm.ts";

/** What a client of the demo is told. */
export interface ClientSetting {
  readonly url: string;
  readonly user: string;
  readonly random: Random;
  /** How busy people are now, about 1. */
  readonly busy: () => ReturnType<Rhythm>;
  readonly signal: AbortSignal;
}

/** Transports of a Socket.IO client, in the order it tries them. */
export type Transports = readonly ("polling" | "websocket")[];

const VISIT_MS = 45_000;
const ABSENCE_MS = 1_500;
const ACTION_MS = 1_500;
const CONNECT_TIMEOUT_MS = 5_000;
const STATUSES = ["online", "away", "busy"] as const;
const WORDS = ["deploy", "lunch", "tests", "release", "coffee", "rollback", "review", "thanks"] as const;

/** Somebody who comes, chats, and goes, again and again. */
export async function runChatClient(setting: ClientSetting, transports: Transports): Promise<void> {
  const { random, signal } = setting;
  while (!signal.aborted) {
    await visit(setting, transports);
    await pause(exponential(random, ABSENCE_MS), signal);
  }
}

interface Visit extends ClientSetting {
  readonly chat: Socket<ChatNews, ChatRequests>;
  readonly presence: Socket<PresenceNews, PresenceRequests>;
  readonly manager: Manager;
}

async function visit(setting: ClientSetting, transports: Transports): Promise<void> {
  const { url, user, random, signal } = setting;
  const manager = new Manager(url, { transports: [...transports], reconnectionDelay: 300, autoConnect: false });
  // A token that has run out: refused by the middleware, then tried anew with a good one.
  const auth = { user, token: random() < 0.04 ? "expired" : DEMO_TOKEN };
  const chat: Visit["chat"] = manager.socket("/chat", { auth });
  const presence: Visit["presence"] = manager.socket("/presence", { auth: { user, token: DEMO_TOKEN } });
  chat.on("connect_error", () => {
    auth.token = DEMO_TOKEN;
    if (!signal.aborted) chat.connect();
  });
  chat.on("chat:sync", (at, ack) => {
    // Some have better things to do, and let the server wait in vain.
    if (random() < 0.02) return;
    void pause(logNormal(random, 4, 0.8), signal).then(() => ack(at));
  });
  const leave = (): void => {
    chat.off("connect_error");
    chat.disconnect();
    presence.disconnect();
  };
  signal.addEventListener("abort", leave, { once: true });
  try {
    chat.connect();
    presence.connect();
    await stay({ ...setting, chat, presence, manager });
  } finally {
    signal.removeEventListener("abort", leave);
    leave();
  }
}

async function stay(visit: Visit): Promise<void> {
  const { chat, random, busy, signal, manager } = visit;
  if (!(await connected(chat, signal))) return;
  const rooms = [pickSkewed(random, ROOMS), pickSkewed(random, ROOMS)] as const;
  for (const room of rooms) chat.emit("room:join", room, () => undefined);
  const leavesAt = Date.now() + exponential(random, VISIT_MS);
  while (await pause(exponential(random, ACTION_MS / busy()), signal)) {
    if (Date.now() > leavesAt) break;
    act(visit, pickSkewed(random, rooms));
  }
  // Some close the lid instead of signing out, and are back at once.
  if (random() < 0.3) dropTransport(manager);
  if (random() < 0.5) await pause(exponential(random, 2_000), signal);
}

async function connected(chat: Visit["chat"], signal: AbortSignal): Promise<boolean> {
  const deadline = Date.now() + CONNECT_TIMEOUT_MS;
  while (!chat.connected && Date.now() < deadline) if (!(await pause(25, signal))) return false;
  return chat.connected;
}

/** Share of each action, in percent, and the action. */
const ACTIONS: readonly (readonly [share: number, act: (visit: Visit, room: string) => void])[] = [
  [42, ({ chat, random }, room) => chat.emit("chat:message", room, sentence(random), () => undefined)],
  [22, ({ chat }, room) => chat.volatile.emit("chat:typing", room)],
  [13, ({ chat }, room) => chat.emit("chat:history", room, () => undefined)],
  [9, ({ chat, random }) => chat.emit("chat:search", pickSkewed(random, WORDS), () => undefined)],
  [6, ({ presence }) => presence.emit("presence:who", () => undefined)],
  [4, ({ presence, random }) => presence.emit("presence:set", pickSkewed(random, STATUSES))],
  [3, ({ chat, random }, room) => chat.emit("chat:upload", room, fileOf(random), () => undefined)],
  [1, ({ chat }, room) => chat.emit("room:leave", room)],
];

function act(visit: Visit, room: string): void {
  let left = visit.random() * 100;
  const chosen = ACTIONS.find(([share]) => {
    left -= share;
    return left <= 0;
  });
  chosen?.[1](visit, room);
}

function sentence(random: Random): string {
  if (random() < 0.01) return "/shrug";
  const length = 1 + Math.floor(exponential(random, 6));
  return Array.from({ length }, () => pickSkewed(random, WORDS)).join(" ");
}

function fileOf(random: Random): Uint8Array {
  return new Uint8Array(Math.min(48 * 1024, Math.floor(logNormal(random, 4_000, 1))));
}

/** What the websocket transport of `socket.io-client` holds in Node.js. */
interface WebSocketTransportLike {
  readonly ws: { terminate(): void };
}

function dropTransport(manager: Manager): void {
  const transport: unknown = manager.engine?.transport;
  if (hasWebSocket(transport)) transport.ws.terminate();
  else manager.engine?.close();
}

function hasWebSocket(value: unknown): value is WebSocketTransportLike {
  if (typeof value !== "object" || value === null || !("ws" in value)) return false;
  const { ws } = value;
  return typeof ws === "object" && ws !== null && "terminate" in ws && typeof ws.terminate === "function";
}
