import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request as openHttp } from "node:http";
import { request as openHttps } from "node:https";
import type { Duplex } from "node:stream";
import type { Place } from "./place.ts";

/** Time for an answer's headers, ms. */
const ANSWER_MS = 8000;
/** Most of an answer that is read, bytes. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;

/** What came back, or why nothing did. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed body; `null` when it is no JSON. */
  readonly json: unknown;
}

interface Wish {
  readonly headers?: OutgoingHttpHeaders;
  /** Reads the body only until its first bytes have come, or for this long, ms. @default to its end */
  readonly firstBytesMs?: number;
}

/** Asks for a path below the mount. Certificates are judged elsewhere, so any will do. @throws Error of the system */
export function get(place: Place, path: string, wish: Wish = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const call = open(place, path, wish.headers ?? {});
    const parts: Buffer[] = [];
    let bytes = 0;
    call.once("response", (answer) => {
      const finish = (): void => {
        const text = Buffer.concat(parts).toString("utf8");
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parse(text) });
        call.destroy();
      };
      call.setTimeout(wish.firstBytesMs ?? ANSWER_MS, finish);
      answer.on("data", (part: Buffer) => {
        bytes += part.length;
        if (bytes <= MAX_BODY_BYTES) parts.push(part);
        if (bytes > MAX_BODY_BYTES || wish.firstBytesMs !== undefined) finish();
      });
      answer.once("end", finish);
      answer.once("error", reject);
    });
    call.once("error", reject);
    call.end();
  });
}

/** How an upgrade ended: `message` says whether the hub's first words came behind the handshake. */
export type UpgradeReply = { readonly status: 101; readonly message: boolean } | (Reply & { readonly message: false });

/** Asks for a WebSocket. @throws Error of the system */
export function upgrade(place: Place, path: string, headers: OutgoingHttpHeaders): Promise<UpgradeReply> {
  return new Promise((resolve, reject) => {
    const call = open(place, path, {
      ...headers,
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": "d3NpZ2h0LWRvY3Rvci0xNg==",
    });
    call.once("upgrade", (_answer, socket, head) => {
      void firstBytes(socket, head).then((message) => resolve({ status: 101, message }));
    });
    call.once("response", (answer) => {
      let text = "";
      answer.on("data", (part: Buffer) => {
        if (text.length < MAX_BODY_BYTES) text += part.toString("utf8");
      });
      answer.once("error", reject);
      answer.once("end", () =>
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text, json: parse(text), message: false }),
      );
    });
    call.once("error", reject);
    call.end();
  });
}

function firstBytes(socket: Duplex, head: Buffer): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (came: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(came);
    };
    const timer = setTimeout(() => finish(false), ANSWER_MS);
    socket.on("error", () => undefined);
    socket.once("close", () => finish(false));
    if (head.length > 0) finish(true);
    else socket.once("data", () => finish(true));
  });
}

function open(place: Place, path: string, headers: OutgoingHttpHeaders): ReturnType<typeof openHttp> {
  const { secure, host, port, mount, authority } = place;
  const call = (secure ? openHttps : openHttp)({
    host,
    port,
    path: mount + path,
    headers: { host: authority, ...headers },
    agent: false,
    ...(secure ? { rejectUnauthorized: false } : {}),
  });
  call.setTimeout(ANSWER_MS, () => call.destroy(new Error(`no answer within ${ANSWER_MS / 1000} s`)));
  return call;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
