import { type LoadTarget, type ServerTestResult, type ServerTestStep, WsightError } from "@wsight/protocol";
import { explainRefusal, firstConnection } from "../preflight/first-connection.ts";
import { admitTarget } from "../preflight/preflight.ts";
import { wireTargetOf } from "../target.ts";
import { ProbeSocket } from "./probe-socket.ts";

/** What a server test is asked for. */
export interface ServerTestOptions {
  readonly target: LoadTarget;
  /** Event of Socket.IO that is tried. @default "message" */
  readonly event?: string;
  /** Message that is tried. @default a JSON object */
  readonly message?: string;
  /** Repeats the host of a target that is not this machine. @default null, which refuses those */
  readonly ownHost?: string | null;
  /** Ends after the step that is under way. */
  readonly signal?: AbortSignal;
  /** Hears of each step when it is done. */
  readonly onStep?: (step: ServerTestStep) => void;
}

type Outcome = Pick<ServerTestStep, "state" | "detail"> & { readonly fix?: string; readonly tookMs?: number };
interface Subject {
  readonly target: LoadTarget;
  readonly address: string;
  readonly options: ServerTestOptions;
}
type Step = (subject: Subject) => Promise<Outcome>;

const PONG_MS = 2000;
const SMALL = 64 * 1024;
const LARGE = 8 * 1024 * 1024;
/** An origin that nobody's pages have. */
const STRANGER = "https://stranger.invalid";

/**
 * Looks at a server step by step: whether it is there, agrees to speak, checks
 * who comes, and keeps to the protocol.
 * @throws WsightError `BAD_OPTION` when it may not be tested, `TARGET_FAILED` when nothing is there
 */
export async function runServerTest(options: ServerTestOptions): Promise<ServerTestResult> {
  const { target, onStep } = options;
  const startedAt = Date.now();
  const began = performance.now();
  const address = await admitTarget(target, options.ownHost ?? null);
  const steps: ServerTestStep[] = [];
  const add = (step: ServerTestStep): void => {
    steps.push(step);
    onStep?.(step);
  };
  add({ name: "reach", state: "ok", tookMs: performance.now() - began, detail: `answers at ${address}`, fix: null });
  let usable = true;
  for (const [name, run] of STEPS) {
    if (!usable || options.signal?.aborted === true) {
      add({
        name,
        state: "skipped",
        tookMs: null,
        detail: usable ? "ended early" : "there is no connection",
        fix: null,
      });
      continue;
    }
    const from = performance.now();
    const { tookMs, fix = null, ...outcome } = await run({ target, address, options });
    add({ name, tookMs: outcome.state === "skipped" ? null : (tookMs ?? performance.now() - from), fix, ...outcome });
    if (name === "upgrade") usable = outcome.state !== "failed";
  }
  const passed = steps.every(({ state }) => state !== "failed");
  return { target, startedAt, endedAt: Date.now(), steps, passed };
}

const upgrade: Step = async (subject) => {
  const socket = open(subject);
  if (!(await socket.opened())) {
    const text = explainRefusal(subject.target, socket.reason ?? "nothing");
    return { state: "failed", detail: socket.reason ?? "", fix: text.slice(text.indexOf(". ") + 2) };
  }
  const server = socket.answer?.headers.get("server");
  await socket.goodbye(1000);
  return { state: "ok", detail: `HTTP 101${server === undefined ? "" : `, server ${server}`}` };
};

const auth: Step = async ({ target, address, options }) => {
  const secrets = Object.keys(target.headers).filter((name) => /^(authorization|cookie)$/i.test(name));
  const needed = await admits({ ...target, auth: target.auth }, address, options);
  if (needed !== null) return { state: "failed", detail: needed, fix: "look at --auth, --header and --namespace" };
  if (secrets.length === 0 && target.auth === null && !target.url.includes("?"))
    return { state: "skipped", detail: "no credentials were given" };
  const others = Object.entries(target.headers).filter(([name]) => !secrets.includes(name));
  const url = target.url.replace(/\?.*$/, "");
  const refusal = await admits({ ...target, url, auth: null, headers: Object.fromEntries(others) }, address, options);
  if (refusal !== null) return { state: "ok", detail: `nobody gets in without credentials (${refusal})` };
  return {
    state: "warning",
    detail: "lets people in without the credentials that were given",
    fix: "check who connects before the upgrade, or in a middleware of the namespace",
  };
};

const origin: Step = async ({ target, address }) => {
  const headers = { ...without(target.headers, "origin"), Origin: STRANGER };
  const socket = open({ target: { ...target, headers }, address });
  const opened = await socket.opened();
  socket.abort();
  if (!opened) return { state: "ok", detail: `pages of strangers are refused (${socket.reason ?? ""})` };
  const byCookie = Object.keys(target.headers).some((name) => name.toLowerCase() === "cookie");
  return {
    state: "warning",
    detail: `any web page may connect: the Origin ${STRANGER} was let in`,
    fix: byCookie
      ? "check the Origin header: browsers send cookies along with connections of strangers' pages"
      : "check the Origin header if browsers are let in by cookies",
  };
};

const protocol: Step = async (subject) => {
  const { protocols } = subject.target;
  const socket = open(subject);
  await socket.opened();
  const chosen = socket.answer?.headers.get("sec-websocket-protocol");
  await socket.goodbye(1000);
  if (protocols.length === 0)
    return chosen === undefined
      ? { state: "skipped", detail: "none was offered" }
      : {
          state: "failed",
          detail: `chose ${chosen}, which was not offered`,
          fix: "answer only with one that was offered",
        };
  if (chosen === undefined)
    return {
      state: "failed",
      detail: `none of ${protocols.join(", ")} was chosen`,
      fix: "browsers end such connections: choose one that was offered",
    };
  return protocols.includes(chosen)
    ? { state: "ok", detail: `chose ${chosen}` }
    : {
        state: "failed",
        detail: `chose ${chosen}, which was not offered`,
        fix: "answer only with one that was offered",
      };
};

const ping: Step = async (subject) => {
  const socket = open(subject);
  await socket.opened();
  const tookMs = await socket.ping(PONG_MS);
  await socket.goodbye(1000);
  if (tookMs !== null) return { state: "ok", detail: "answered", tookMs };
  return { state: "failed", detail: "no pong within 2 s", fix: "RFC 6455 asks for a pong as soon as is practical" };
};

const echo: Step = async ({ target, address, options }) => {
  const template = options.message ?? '{"type":"test","n":{{n}}}';
  const message = { template, event: options.event ?? "message", reply: "auto", timeoutMs: 1000 } as const;
  try {
    const { reply } = await firstConnection({ target, message, fastMask: false }, address);
    return { state: "ok", detail: reply === "none" ? "takes messages without an answer" : `answers (${reply})` };
  } catch (error) {
    if (!(error instanceof WsightError)) throw error;
    return { state: "warning", detail: error.message };
  }
};

const payload: Step = async (subject) => {
  const small = await takes(subject, SMALL);
  if (small !== null) return { state: "warning", detail: `refuses messages of 64 KiB (${small})` };
  const large = await takes(subject, LARGE);
  if (large !== null) return { state: "ok", detail: `takes 64 KiB, refuses 8 MiB (${large})` };
  return {
    state: "warning",
    detail: "takes messages of 8 MiB",
    fix: "limit them (ws: maxPayload, Socket.IO: maxHttpBufferSize), or a few clients can fill its memory",
  };
};

const close: Step = async (subject) => {
  const socket = open(subject);
  await socket.opened();
  const tookMs = await socket.goodbye(1000);
  if (tookMs === null)
    return {
      state: "failed",
      detail: `said ${socket.reason ?? "nothing"} instead of goodbye`,
      fix: "answer a close frame with a close frame",
    };
  const code = /^close (\d+)/.exec(socket.reason ?? "")?.[1];
  return code === "1000"
    ? { state: "ok", detail: "answers close 1000 with the same", tookMs }
    : { state: "warning", detail: `answers close 1000 with ${code ?? "none"}`, tookMs };
};

const STEPS: readonly (readonly [Exclude<ServerTestStep["name"], "reach">, Step])[] = [
  ["upgrade", upgrade],
  ["auth", auth],
  ["origin", origin],
  ["protocol", protocol],
  ["ping", ping],
  ["echo", echo],
  ["payload", payload],
  ["close", close],
];

function open({ target, address }: Pick<Subject, "target" | "address">): ProbeSocket {
  return new ProbeSocket(wireTargetOf(target, address));
}

/** `null` when a connection of the library gets in, else why not. */
async function admits(target: LoadTarget, address: string, options: ServerTestOptions): Promise<string | null> {
  const message = { template: "", event: options.event ?? "message", reply: "none", timeoutMs: 1000 } as const;
  try {
    await firstConnection({ target, message, fastMask: false }, address);
    return null;
  } catch (error) {
    if (!(error instanceof WsightError)) throw error;
    return /got (.*?)\. /.exec(error.message)?.[1] ?? error.message;
  }
}

/** `null` when a message of this size does not end the connection, else how it does. */
async function takes(subject: Subject, bytes: number): Promise<string | null> {
  const socket = open(subject);
  if (!(await socket.opened())) return socket.reason;
  // A message of Socket.IO to a namespace that nobody joined is let pass by its size alone.
  const text = subject.target.library === "socket.io" ? `6${"x".repeat(bytes - 1)}` : "x".repeat(bytes);
  socket.text(text);
  const pong = await socket.ping(PONG_MS * 2);
  const { reason } = socket;
  socket.abort();
  return pong === null ? (reason ?? "no word for 4 s") : null;
}

function without(headers: Readonly<Record<string, string>>, name: string): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(headers).filter(([key]) => key.toLowerCase() !== name));
}
