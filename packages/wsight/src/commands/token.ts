import { access } from "node:fs/promises";
import { join, resolve } from "node:path";
import { ROLES, resolveSecret, signToken } from "@wsight/hub";
import { asOneOf, WsightError } from "@wsight/protocol";
import { type Environment, readEnvironment } from "../environment.ts";
import type { Command, FlagValues } from "./command.ts";
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
    ttl: { value: "TIME", help: "how long it is good: 90s, 15m, 1h, 30d (1h)" },
    data: SHARED_FLAGS.data,
    secret: SHARED_FLAGS.secret,
  },
  async run(values, { stdout, environment }) {
    const role = asOneOf("BAD_OPTION", "--role", values.role ?? null, ROLES);
    const sub = values.sub;
    if (!sub) throw new WsightError("BAD_OPTION", "--sub: expected who the token is for, got nothing");
    const ttlMs = readDuration(values, "ttl") ?? DEFAULT_TTL_MS;
    const secret = await findSecret(values, environment);
    stdout.write(`${await signToken({ role, sub, ttlMs }, secret)}\n`);
    return 0;
  },
};

/**
 * The secret of the hub whose tokens these are. One that no hub knows would be of no use, so none is made here.
 * @throws WsightError `BAD_OPTION` when there is none
 */
export async function findSecret(values: FlagValues, environment: Environment): Promise<string> {
  const settings = { ...readEnvironment(environment), ...readSettings(values, ["data", "secret"]) };
  if (settings.secret !== undefined) return settings.secret;
  const { data = ".wsight" } = settings;
  const dataDir = data === null ? null : resolve(data);
  if (dataDir === null || !(await exists(join(dataDir, "secret")))) {
    throw new WsightError(
      "BAD_OPTION",
      `--data: expected the data directory of a hub that has run, got ${dataDir ?? "none"}. ` +
        "Start the hub there first, or set WSIGHT_SECRET to its secret",
    );
  }
  return (await resolveSecret({ dataDir })).value;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
