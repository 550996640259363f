import { ROLES, type Role, signToken } from "@wsight/hub";
import { asOneOf, expected, WsightError } from "@wsight/protocol";
import { findSecret } from "../find-secret.ts";
import type { Command } from "./command.ts";
import { readDuration, readSettings, SHARED_FLAGS } from "./flags.ts";

const DEFAULT_TTL_MS = 3_600_000;

/** `wsight token` */
export const tokenCommand: Command = {
  name: "token",
  summary: "make a token for programs that read the API",
  flags: {
    role: {
      value: "ROLE",
      help: "admin (everything), viewer (read all), user (own jobs only) or probe (report as the service --sub)",
    },
    sub: { value: "ID", help: "who it is for: a stable id of a person or program" },
    queues: { value: "NAMES", help: "with role probe: tell of jobs of these queues alone, e.g. mail,thumbs (all)" },
    ttl: { value: "TIME", help: "how long it is good: 90s, 15m, 1h, 30d (1h)" },
    data: SHARED_FLAGS.data,
    secret: SHARED_FLAGS.secret,
  },
  async run(values, { stdout, environment }) {
    const role = asOneOf("BAD_OPTION", "--role", values.role ?? null, ROLES);
    const sub = values.sub;
    if (!sub) throw new WsightError("BAD_OPTION", "--sub: expected who the token is for, got nothing");
    const queues = readQueues(role, values.queues);
    const ttlMs = readDuration(values, "ttl") ?? DEFAULT_TTL_MS;
    const secret = await findSecret(readSettings(values, ["data", "secret"]), environment);
    stdout.write(`${await signToken({ role, sub, ttlMs, ...queues }, secret)}\n`);
    return 0;
  },
};

/** A name that has a comma can be signed for by a program alone. */
function readQueues(role: Role, value: string | undefined): { readonly queues?: readonly string[] } {
  if (value === undefined) return {};
  if (role !== "probe") throw expected("BAD_OPTION", "--queues", "it with --role probe alone", `--role ${role}`);
  return { queues: value.split(",").map((name) => name.trim()) };
}
