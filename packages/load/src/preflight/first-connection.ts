import { type LoadReply, type LoadTarget, WsightError } from "@wsight/protocol";
import type { DriverPlan, LoadConnection, LoadConnectionEvents } from "../drivers/driver.ts";
import { DRIVERS } from "../drivers/drivers.ts";
import { compileTemplate } from "../drivers/template.ts";
import { machineNow } from "../run/machine-clock.ts";
import { wireTargetOf } from "../target.ts";

/** How long a server may greet before it is asked something, and how long it may take to answer, ms. */
const GREETING_MS = 100;
const ANSWER_MS = 1000;
/** Messages of a talkative server that are looked at. */
const MAX_MESSAGES = 1000;

/** What a first connection found out. */
export interface FirstConnection {
  readonly connectMs: number;
  readonly reply: Exclude<LoadReply, "auto">;
  /** How that was found, or why it is not what one would wish; `null` when it was given. */
  readonly because: string | null;
  /** Answers can't be told from other messages, or there are none. */
  readonly doubtful: boolean;
}

/**
 * Opens one connection and, with reply `auto`, sends one message to find out
 * how the server answers.
 * @throws WsightError `TARGET_FAILED` that says what to do about it
 */
export async function firstConnection(plan: DriverPlan, address: string): Promise<FirstConnection> {
  const { fill } = compileTemplate(plan.message.template);
  const text = fill(0, 0, machineNow());
  // Only Socket.IO acknowledges: elsewhere nothing is awaited, and what comes is looked at.
  const reply = plan.target.library === "socket.io" ? "ack" : "none";
  const asking: DriverPlan = { ...plan, message: { ...plan.message, template: text, reply } };
  const session = new Session(asking, address);
  try {
    const connectMs = await session.opened;
    const given = plan.message.reply;
    if (given !== "auto") return { connectMs, reply: given, because: null, doubtful: false };
    return { connectMs, ...(await ask(session, plan, text)) };
  } finally {
    session.close();
  }
}

async function ask(session: Session, plan: DriverPlan, text: string): Promise<Omit<FirstConnection, "connectMs">> {
  await session.silence(GREETING_MS);
  const greeted = session.messages.length > 0;
  const isEcho = (message: string): boolean =>
    plan.target.library === "ws" ? message === text : message.endsWith(`,${text}]`);
  const answered = session.answer(isEcho, ANSWER_MS);
  session.send();
  const answer = await answered;
  if (answer === "ack") return { reply: "ack", because: "the server acknowledges", doubtful: false };
  if (answer === "echo") return { reply: "echo", because: "the server sends back what it gets", doubtful: false };
  if (answer === "ended")
    throw new WsightError(
      "TARGET_FAILED",
      `The server ended the connection when it got ${JSON.stringify(text.slice(0, 80))}: ${session.ended}. ` +
        "Give a message that it understands with --message (and --event), or --reply none to load it all the same",
    );
  if (answer === "message" && !greeted)
    return { reply: "any", because: "the server answers with a message of its own", doubtful: false };
  const silent = answer === null ? "nothing came back within a second" : "the server also talks by itself";
  const fix =
    plan.target.library === "socket.io"
      ? `give an event that is acknowledged with --event (this was ${JSON.stringify(plan.message.event)})`
      : "give a message that is answered with --message, or --reply any when what comes next is the answer";
  return { reply: "none", because: `${silent}, so no latency is measured: ${fix}`, doubtful: true };
}

/** One connection that remembers what it heard. */
class Session {
  readonly messages: string[] = [];
  /** Resolves with the ms that it took. */
  readonly opened: Promise<number>;
  ended: string | null = null;
  #connection: LoadConnection | undefined;
  #heard: ((what: "ack" | "message" | "ended") => void) | undefined;

  constructor(plan: DriverPlan, address: string) {
    const startedAt = performance.now();
    const driver = DRIVERS[plan.target.library](plan, wireTargetOf(plan.target, address));
    this.opened = new Promise((resolve, reject) => {
      const events: LoadConnectionEvents = {
        ready: () => resolve(performance.now() - startedAt),
        answered: () => this.#heard?.("ack"),
        received: (bytes) => this.#receive(bytes),
        closed: (reason) => {
          this.ended = reason;
          this.#heard?.("ended");
          reject(new WsightError("TARGET_FAILED", explainRefusal(plan.target, reason)));
        },
      };
      this.#connection = driver.connect(0, events, undefined);
    });
  }

  send(): void {
    this.#connection?.send(0, machineNow());
  }

  close(): void {
    this.#connection?.close();
  }

  /** Waits, however much is said. */
  silence(ms: number): Promise<void> {
    return new Promise((resolve) => setTimeout(resolve, ms));
  }

  #receive(bytes: Buffer): void {
    if (this.messages.length < MAX_MESSAGES) this.messages.push(bytes.toString("utf8"));
    this.#heard?.("message");
  }

  /** What first answers: an acknowledgement or echo at once, any other message when none of those came in time. */
  answer(isEcho: (message: string) => boolean, ms: number): Promise<"ack" | "echo" | "message" | "ended" | null> {
    return new Promise((resolve) => {
      let message = false;
      const end = (what: "ack" | "echo" | "message" | "ended" | null): void => {
        clearTimeout(timer);
        this.#heard = undefined;
        resolve(what);
      };
      const timer = setTimeout(() => end(message ? "message" : null), ms);
      if (this.ended !== null) end("ended");
      this.#heard = (what) => {
        if (what !== "message") end(what);
        else if (isEcho(this.messages.at(-1) ?? "")) end("echo");
        else message = true;
      };
    });
  }
}

/** What a refusal means and what to do about it. */
export function explainRefusal({ url, library }: LoadTarget, reason: string): string {
  const hint = HINTS.find(([pattern]) => pattern.test(reason))?.[1];
  const other = library === "ws" ? "Is it a Socket.IO server? Then add --socketio" : "Is it a Socket.IO 4 server?";
  return `${url}: expected a ${library === "ws" ? "WebSocket" : "Socket.IO"} server, got ${reason}. ${hint ?? other}`;
}

const HINTS: readonly (readonly [RegExp, string])[] = [
  [
    /^HTTP 40[13]/,
    "It wants to know who connects: give --header 'Authorization: …', --header 'Cookie: …' or --auth JSON. Some servers also check --header 'Origin: …'",
  ],
  [/^HTTP 404/, "There is no WebSocket at this path"],
  [/^HTTP 400/, "It does not speak this protocol at this path: look at the path, and at --socketio"],
  [/^HTTP (2\d\d|426)/, "It answers plain HTTP there: look at the path"],
  [/^HTTP 3\d\d/, "It redirects: give the address that it redirects to"],
  [/^HTTP 5\d\d/, "It, or a proxy before it, is in trouble itself"],
  [/^refused by namespace/, "Look at --namespace and --auth"],
  [
    /CERT|self.signed|ALTNAME/i,
    "Its certificate is not one that this machine trusts: NODE_EXTRA_CA_CERTS=FILE, or --insecure",
  ],
  [/EPROTO|SSL|wrong version/i, "It does not speak TLS: use ws:// in place of wss://"],
  [/no HTTP/, "It may speak TLS: use wss:// in place of ws://"],
];
