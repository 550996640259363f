import { asFields, describe, WsightError } from "@wsight/protocol";
import { nearest } from "./nearest.ts";

/** One thing to watch. */
export interface Target {
  /** How the caller wrote it, for messages: `targets.wss[1]`. */
  readonly where: string;
  readonly value: object;
}

interface TargetKind {
  readonly what: string;
  /** Calls and fields that tell it from what people pass by mistake. */
  readonly has: readonly string[];
}

/** What may be passed under which name. */
const KINDS: Readonly<Record<string, TargetKind>> = {
  io: {
    what: "a Socket.IO server (new Server(…) of socket.io), or an array of them",
    has: ["of", "sockets", "attach"],
  },
  wss: { what: "a WebSocketServer of ws, or an array of them", has: ["handleUpgrade", "shouldHandle", "clients"] },
};

/**
 * Parses what `monitor` was given to watch. `undefined` counts as not given.
 * @throws WsightError `BAD_OPTION` for unknown names and wrong values
 */
export function parseTargets(targets: unknown): readonly Target[] {
  const names = Object.keys(KINDS);
  return Object.entries(asFields("BAD_OPTION", "targets", targets)).flatMap(([name, value]) => {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name] : undefined;
    if (kind === undefined) throw unknownName("targets", name, names);
    if (value === undefined) return [];
    if (!Array.isArray(value)) return [parseTarget(`targets.${name}`, kind, value)];
    return value.map((item: unknown, i) => parseTarget(`targets.${name}[${i}]`, kind, item));
  });
}

/** Says which names there are, and the one that was probably meant. */
export function unknownName(where: string, name: string, names: readonly string[]): WsightError {
  const near = nearest(name, names);
  const hint = near === undefined ? "" : `. Did you mean ${near}?`;
  return new WsightError("BAD_OPTION", `${where}: expected ${names.join(", ")}, got ${describe(name)}${hint}`);
}

function parseTarget(where: string, kind: TargetKind, value: unknown): Target {
  if (typeof value === "object" && value !== null && kind.has.every((name) => name in value)) return { where, value };
  throw new WsightError("BAD_OPTION", `${where}: expected ${kind.what}, got ${nameOf(value)}`);
}

/** A class name tells people more than "an object". */
function nameOf(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return describe(value);
  const { name } = value.constructor ?? {};
  return typeof name === "string" && name !== "Object" ? `an instance of ${name}` : describe(value);
}
