import { existsSync } from "node:fs";
import { isAbsolute } from "node:path";
import { WsightError } from "@wsight/protocol";
import type { Connection } from "./connection.ts";

/**
 * Writes a whole, compact copy: what was acknowledged before is in it, in one state.
 * @throws WsightError `BAD_REQUEST` for a path that can't be meant
 */
export function backUp(connection: Connection, path: string): void {
  if (!isAbsolute(path)) throw new WsightError("BAD_REQUEST", `backup: expected an absolute path, got ${path}`);
  if (existsSync(path)) {
    throw new WsightError("BAD_REQUEST", `backup: expected a path where nothing is yet, got ${path}; choose another`);
  }
  connection.prepare("VACUUM INTO ?").run(path);
}
