import { once } from "node:events";
import { type IncomingHttpHeaders, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { WebSocket } from "ws";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** One request on a connection of its own, to a server with any certificate. */
export function ask(url: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent: false as const, rejectUnauthorized: false };
    const call = (url.startsWith("https:") ? requestHttps : requestHttp)(url, options, (response) => {
      let text = "";
      response.on("data", (part) => {
        text += part;
      });
      response.once("error", reject);
      response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.once("error", reject);
    // With `Expect`, the body waits until it is wanted.
    if (headers.expect === undefined) call.end(body);
    else call.once("continue", () => call.end(body));
  });
}

/** A raw connection. */
export async function dial(url: string): Promise<Socket> {
  const { protocol, port, hostname: host } = new URL(url);
  const socket =
    protocol === "https:"
      ? connectTls({ host, port: Number(port), rejectUnauthorized: false })
      : connect({ host, port: Number(port) });
  await once(socket, protocol === "https:" ? "secureConnect" : "connect");
  return socket;
}

/** Sends bytes and reads until the other side ends. The time of day is taken out. */
export async function exchange(url: string, bytes: string): Promise<string> {
  const socket = await dial(url);
  let text = "";
  socket.on("data", (part) => {
    text += part;
  });
  socket.write(bytes);
  await once(socket, "close");
  return text.replaceAll(/^date: .*$/gim, "date: now");
}

/** Signs in at a place (`http://host:port/mount`) with the code of a link, as the page does; answers the cookie. */
export async function signInAt(place: string, link: string): Promise<string> {
  const reply = await ask(`${place}/api/session`, {
    method: "POST",
    headers: { "content-type": "application/json", origin: new URL(place).origin },
    body: JSON.stringify({ code: new URL(link).hash.slice("#code=".length) }),
  });
  if (reply.status !== 200) throw new Error(`sign-in: ${reply.status} ${reply.text}`);
  return String(reply.headers["set-cookie"]?.[0]).split(";")[0] ?? "";
}

/** A live view that was subscribed; counts the ticks it gets. */
export interface View {
  readonly socket: WebSocket;
  readonly ticks: () => number;
}

/** Opens a live view at a place. */
export async function view(place: string, cookie: string): Promise<View> {
  const headers = { cookie, origin: new URL(place).origin };
  const socket = new WebSocket(`${place.replace("http", "ws")}/ws/live`, { headers, rejectUnauthorized: false });
  let ticks = 0;
  socket.on("message", (_data, isBinary) => {
    if (isBinary) ticks++;
  });
  await once(socket, "open");
  const series = [{ metric: "websocket.server.active_connections", agg: "sum" }];
  socket.send(JSON.stringify({ type: "subscribe", id: 1, series, tables: ["nodes"] }));
  return { socket, ticks: () => ticks };
}
