import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { WsightError } from "@wsight/protocol";

/** Why something is not passed on. */
export type Reason = "away" | "late" | "full";

const RETRY_SECONDS = 2;
const REASONS = {
  away: new WsightError("NODE_AWAY", "The hub of this dashboard does not run right now. It comes back by itself"),
  late: new WsightError("NODE_AWAY", "The hub of this dashboard did not answer in time"),
  full: new WsightError("TOO_MANY_CONNECTIONS", "Too much is being passed on to the dashboard already"),
} as const satisfies Record<Reason, WsightError>;

function compose(reason: Reason): { status: number; headers: Record<string, string>; body: string } {
  const { status } = REASONS[reason];
  const body = JSON.stringify(REASONS[reason].toBody());
  const headers = {
    "content-type": "application/json; charset=utf-8",
    "content-length": String(Buffer.byteLength(body)),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "retry-after": String(RETRY_SECONDS),
    connection: "close",
  };
  return { status, headers, body };
}

/** Answers a request that is not passed on; one that has its answer already is cut. */
export function refuseRequest(response: ServerResponse, reason: Reason): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const { status, headers, body } = compose(reason);
  response.writeHead(status, headers).end(body);
}

/** Answers an upgrade that is not passed on. */
export function refuseUpgrade(socket: Duplex, reason: Reason): void {
  const { status, headers, body } = compose(reason);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.once("finish", () => socket.destroy());
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${lines.join("")}\r\n${body}`);
}
