import { signToken } from "@wsight/hub";
import { WsightError } from "@wsight/protocol";
import type { Environment } from "../environment.ts";
import { findSecret } from "../find-secret.ts";
import type { FlagValues } from "./command.ts";
import { readSettings } from "./flags.ts";

/** Life of a token that is made for one command, ms. */
const TOKEN_MS = 300_000;

/** One that was given, else one that is made here, and for this machine alone: nobody else gets to see it. */
export async function findToken(
  values: FlagValues,
  environment: Environment,
  here: boolean,
  sub: string,
): Promise<string | null> {
  const given = values.token ?? environment.WSIGHT_TOKEN;
  if (given) return given.trim();
  if (!here) return null;
  try {
    const secret = await findSecret(readSettings(values, ["data", "secret"]), environment);
    return await signToken({ sub, role: "viewer", ttlMs: TOKEN_MS }, secret);
  } catch (error) {
    // Without a data directory there is no secret to sign with; what was given and is wrong is told.
    if (error instanceof WsightError && values.data === undefined && values.secret === undefined) return null;
    throw error;
  }
}
