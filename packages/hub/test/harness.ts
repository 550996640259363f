import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { type IncomingHttpHeaders, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHub, type Hub, type HubSetup, type Role, signToken } from "@wsight/hub";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

/** Signs everything in these tests. */
export const SECRET = "a-secret-for-tests-of-at-least-32-characters";

/** An empty directory that goes when the test ends. */
export async function makeDir(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "wsight-hub-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** A small built dashboard. */
export async function makeDashboard(): Promise<string> {
  const dir = join(await makeDir(), "dashboard");
  await mkdir(join(dir, "assets"), { recursive: true });
  await writeFile(join(dir, "index.html"), '<!doctype html><head><base href="./" /><title>wsight</title></head>');
  await writeFile(join(dir, "icon.svg"), "<svg/>");
  await writeFile(join(dir, "assets", "index-B1x_9zQk.js"), "console.log(1)");
  await writeFile(join(dir, "assets", "index-B1x_9zQk.js.br"), "as brotli");
  await writeFile(join(dir, "assets", "index-B1x_9zQk.js.gz"), "as gzip");
  await writeFile(join(dir, ".hidden.txt"), "hidden");
  await writeFile(join(dir, "..", "outside.txt"), "outside");
  return dir;
}

/** A hub on a free port that closes when the test ends; keeps nothing on disk unless asked. */
export async function startHub(setup: Partial<HubSetup> = {}): Promise<Hub> {
  const dashboardDir = setup.dashboardDir ?? "/nonexistent";
  const hub = await createHub({ port: 0, dataDir: null, secret: SECRET, env: {}, ...setup, dashboardDir });
  onTestFinished(() => hub.close());
  return hub;
}

/** `Authorization` of somebody with a role. */
export async function bearer(role: Role = "viewer", sub: string = role): Promise<{ readonly authorization: string }> {
  return { authorization: `Bearer ${await signToken({ sub, role, ttlMs: 60_000 }, SECRET)}` };
}

/** One request as it should go over the wire, `Host` and path untouched. */
export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** Parsed when it is JSON. */
  readonly json: Readonly<Record<string, unknown>>;
  /** `error.code` of an error reply. */
  readonly code: unknown;
}

/** Sends a request without any of the tidying that `fetch` does. */
export function ask(hub: Hub, path: string, { method = "GET", headers = {}, body }: Ask = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ host: hub.host, port: hub.port, method, path, headers, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.once("error", reject);
      response.once("end", () => {
        const text = Buffer.concat(parts).toString("utf8");
        const isJson = response.headers["content-type"]?.startsWith("application/json") === true;
        const json = isJson && text !== "" ? (JSON.parse(text) as Record<string, unknown>) : {};
        const code = (json.error as { code?: unknown } | undefined)?.code;
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json, code });
      });
    });
    call.once("error", reject);
    call.end(body);
  });
}

/** A JSON write. */
export function post(hub: Hub, path: string, json: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  const type = { "content-type": "application/json" };
  return ask(hub, path, { method: "POST", headers: { ...type, ...headers }, body: JSON.stringify(json) });
}

/** Signs in and says the `Cookie` header to send from then on. */
export async function signIn(hub: Hub, credentials: unknown): Promise<{ readonly cookie: string }> {
  const { status, headers, text } = await post(hub, "/api/session", credentials);
  if (status !== 200) throw new Error(`sign-in: ${status} ${text}`);
  return { cookie: String(headers["set-cookie"]?.[0]).split(";")[0] ?? "" };
}

/** How an attempt to open a WebSocket ended. */
export type Upgraded =
  | { readonly socket: WebSocket }
  | { readonly socket: null; readonly status: number; readonly code: unknown; readonly headers: IncomingHttpHeaders };

/** Opens a WebSocket, or says how it was refused. `hear` gets every message from the first on. */
export function upgrade(
  hub: Hub,
  path: string,
  headers: Record<string, string> = {},
  hear: (data: string) => void = () => {},
): Promise<Upgraded> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${hub.host}:${hub.port}${path}`, { headers });
    socket.on("message", (data) => hear(String(data)));
    onTestFinished(() => socket.terminate());
    socket.once("open", () => resolve({ socket }));
    socket.once("error", reject);
    socket.once("unexpected-response", (_request, response) => {
      let text = "";
      response.on("data", (part) => (text += part));
      response.once("end", () => {
        const { error } = JSON.parse(text) as { error: { code: unknown } };
        resolve({ socket: null, status: response.statusCode ?? 0, code: error.code, headers: response.headers });
      });
    });
  });
}
