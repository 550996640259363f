import type { IncomingMessage, ServerResponse } from "node:http";
import { parseJson } from "@wsight/protocol";
import type { OnDemoError } from "./guarded.ts";
import { pause } from "./pause.ts";
import { logNormal, type Random } from "./random.ts";
import type { Stock } from "./stock.ts";

/** Largest body that is taken, bytes. */
const MAX_BODY_BYTES = 16 * 1024;
const ROWS_OF_REPORT = 40;
const CATALOGUE = "/api/products";

/** What the shop works with. */
export interface ShopParts {
  readonly random: Random;
  readonly onError: OnDemoError;
  readonly signal: AbortSignal;
  readonly stock: Stock;
}

interface Call extends ShopParts {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** What stands at the place of `:name`. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Route {
  readonly method: string;
  readonly pattern: string;
  readonly handle: (call: Call) => Promise<void>;
}

const ROUTES: readonly Route[] = [
  { method: "GET", pattern: "/", handle: showStart },
  { method: "GET", pattern: CATALOGUE, handle: listProducts },
  { method: "GET", pattern: "/api/products/:id", handle: showProduct },
  { method: "GET", pattern: "/api/search", handle: search },
  { method: "GET", pattern: "/api/reports/:month", handle: writeReport },
  { method: "GET", pattern: "/catalogue", handle: async (call) => void redirect(call, CATALOGUE) },
  { method: "POST", pattern: "/api/orders", handle: takeOrder },
  { method: "GET", pattern: "/api/orders/:id", handle: showOrder },
  { method: "DELETE", pattern: "/api/orders/:id", handle: cancelOrder },
  { method: "POST", pattern: "/api/sessions", handle: signIn },
];

/** Where a router of one's own says the pattern that took a request; wsight reads it. */
const ROUTE: unique symbol = Symbol.for("wsight.route") as never;

interface RoutedRequest extends IncomingMessage {
  [ROUTE]?: string;
}

/** Handles the requests of a small shop: quick and slow ones, refused ones, and some that fail. */
export function createShop(parts: ShopParts): (request: IncomingMessage, response: ServerResponse) => void {
  return (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    const found = findRoute(request.method ?? "GET", path);
    if (found === null) {
      response.writeHead(404).end("This is the demo of wsight.\n");
      return;
    }
    const routed: RoutedRequest = request;
    routed[ROUTE] = found.route.pattern;
    found.route.handle({ ...parts, request, response, parameters: found.parameters }).catch((error: unknown) => {
      parts.onError(
        error instanceof Error ? error.name : "Error",
        error instanceof Error ? error.message : String(error),
      );
      if (response.headersSent) response.destroy();
      else reply(response, 500, { error: "it went wrong" });
    });
  };
}

interface FoundRoute {
  readonly route: Route;
  readonly parameters: Readonly<Record<string, string>>;
}

function findRoute(method: string, path: string): FoundRoute | null {
  const words = path.split("/");
  for (const route of ROUTES) {
    const parameters = route.method === method ? match(route.pattern.split("/"), words) : null;
    if (parameters !== null) return { route, parameters };
  }
  return null;
}

function match(pattern: readonly string[], words: readonly string[]): Record<string, string> | null {
  if (pattern.length !== words.length) return null;
  const parameters: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const word = words[i] ?? "";
    if (part.startsWith(":")) parameters[part.slice(1)] = word;
    else if (part !== word) return null;
  }
  return parameters;
}

async function showStart({ response }: Call): Promise<void> {
  response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>Shop</title><h1>A shop</h1>\n");
}

async function listProducts({ request, response, stock }: Call): Promise<void> {
  const tag = `"${Math.floor(Date.now() / 10_000)}"`;
  if (request.headers["if-none-match"] === tag) {
    response.writeHead(304, { etag: tag }).end();
    return;
  }
  response.setHeader("etag", tag);
  reply(response, 200, await stock.products(20));
}

async function showProduct({ response, stock, parameters }: Call): Promise<void> {
  const product = await stock.product(Number(parameters.id));
  if (product === null) reply(response, 404, { error: "there is no such product" });
  else reply(response, 200, product);
}

async function search({ response, random, signal }: Call): Promise<void> {
  if (await pause(logNormal(random, 35, 0.8), signal)) reply(response, 200, { found: Math.floor(random() * 40) });
}

/** Takes a while, and is what people do not wait for. */
async function writeReport({ response, random, signal, parameters }: Call): Promise<void> {
  response.writeHead(200, { "content-type": "text/csv" });
  for (let row = 0; row < ROWS_OF_REPORT && !response.destroyed; row++) {
    response.write(`${parameters.month},${row},${Math.floor(random() * 1000)}\n`);
    if (!(await pause(logNormal(random, 9, 0.6), signal))) break;
  }
  response.end();
}

async function takeOrder({ request, response, random, stock }: Call): Promise<void> {
  const order = parseOrder(await readBody(request));
  if (order === null) {
    reply(response, 422, { error: "expected a product and an amount from 1 to 9" });
    return;
  }
  if (random() < 0.015) throw new RangeError(`the price of product ${order.product} is not known`);
  if (random() < 0.03) {
    reply(response, 409, { error: "sold out" });
    return;
  }
  reply(response, 201, { id: await stock.order(order.product, order.amount) });
}

function parseOrder(text: string): { readonly product: number; readonly amount: number } | null {
  try {
    const value = parseJson("BAD_REQUEST", "order", text);
    if (typeof value !== "object" || value === null || !("product" in value) || !("amount" in value)) return null;
    const [product, amount] = [Number(value.product), Number(value.amount)];
    return Number.isInteger(product) && amount >= 1 && amount <= 9 ? { product, amount } : null;
  } catch {
    return null;
  }
}

async function showOrder({ response, stock, parameters }: Call): Promise<void> {
  const order = await stock.orderOf(Number(parameters.id));
  if (order === null) reply(response, 404, { error: "there is no such order" });
  else reply(response, 200, order);
}

async function cancelOrder({ response, stock, parameters }: Call): Promise<void> {
  await stock.cancel(Number(parameters.id));
  response.writeHead(204).end();
}

async function signIn({ request, response, random, signal }: Call): Promise<void> {
  await readBody(request);
  // What checks a password takes its time on purpose.
  if (!(await pause(logNormal(random, 60, 0.2), signal))) return;
  if (random() < 0.12) reply(response, 401, { error: "who is that?" });
  else response.writeHead(204).end();
}

function redirect({ response }: Call, to: string): void {
  response.writeHead(301, { location: to }).end();
}

async function readBody(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request.setEncoding("utf8")) {
    text += String(chunk);
    if (text.length > MAX_BODY_BYTES) throw new RangeError("the body is too long");
  }
  return text;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" }).end(`${JSON.stringify(body)}\n`);
}
