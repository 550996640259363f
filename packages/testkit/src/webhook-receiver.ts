import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";

/** A request as it came. */
export interface ReceivedPost {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON; `null` for none. */
  readonly json: unknown;
  /** ms epoch. */
  readonly at: number;
  /** Status it was answered with; `null` for no answer. */
  readonly answered: number | null;
}

/** What a receiver answers; `hang`: nothing · `reset`: the connection is reset before it reads · `drop`: after it read all. */
export type ReceiverReply =
  | {
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
      /** How long it takes. @default 0 */
      readonly afterMs?: number;
    }
  | "hang"
  | "reset"
  | "drop";

/** A receiver of webhooks on loopback. */
export interface WebhookReceiver {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly port: number;
  /** What was read, in order; also when it was not answered well. */
  readonly posts: readonly ReceivedPost[];
  /** Replies to the next requests, in order; then 200 with `ok` again. */
  reply(...replies: readonly ReceiverReply[]): void;
  /** What is answered when nothing else was said. @default 200 `ok` */
  replyAlways(reply: ReceiverReply): void;
  /** Hears of each request as it was read. */
  onPost(listener: (post: ReceivedPost) => void): void;
  /** Ends it, connections included. Safe to call twice. */
  stop(): Promise<void>;
}

/** Starts a receiver of webhooks that can be made to fail. End it with `stop()`. */
export async function startWebhookReceiver(port = 0): Promise<WebhookReceiver> {
  const posts: ReceivedPost[] = [];
  const script: ReceiverReply[] = [];
  const listeners: ((post: ReceivedPost) => void)[] = [];
  let usual: ReceiverReply = { status: 200, body: "ok" };
  const server = createServer((request, response) => {
    const reply = script.shift() ?? usual;
    if (reply === "reset") return void request.socket.resetAndDestroy();
    read(request).then(
      (received) => {
        const post = { ...received, answered: typeof reply === "string" ? null : reply.status };
        posts.push(post);
        for (const listener of listeners) listener(post);
        answer(response, reply);
      },
      // It went away in the middle.
      () => undefined,
    );
  });
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("expected an address with a port");
  let stopping: Promise<void> | null = null;
  return {
    url: `http://127.0.0.1:${address.port}`,
    port: address.port,
    posts,
    reply: (...replies) => void script.push(...replies),
    replyAlways: (reply) => {
      usual = reply;
    },
    onPost: (listener) => void listeners.push(listener),
    stop() {
      stopping ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return stopping;
    },
  };
}

async function read(request: IncomingMessage): Promise<Omit<ReceivedPost, "answered">> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks).toString("utf8");
  const { method = "", url: path = "", headers } = request;
  return { method, path, headers, body, json: parse(body), at: Date.now() };
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function answer(response: ServerResponse, reply: ReceiverReply): void {
  if (reply === "hang") return;
  if (reply === "drop" || reply === "reset") return void response.socket?.resetAndDestroy();
  const write = (): void => void response.writeHead(reply.status, { ...reply.headers }).end(reply.body ?? "");
  if (reply.afterMs === undefined) write();
  else setTimeout(write, reply.afterMs);
}
