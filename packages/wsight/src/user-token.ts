import { signToken } from "@wsight/hub/token";
import { asText, expected, MAX_JOB_USER } from "@wsight/protocol";
import { findSecret } from "./find-secret.ts";

const DEFAULT_TTL_MS = 3_600_000;

/** How a token for a user is made. */
export interface UserTokenOptions {
  /** How long it is good, ms: one second to 400 days. @default 3_600_000 */
  readonly ttlMs?: number;
  /** The hub's secret. @default that of the data directory, or `WSIGHT_SECRET` */
  readonly secret?: string;
  /** Data directory of the hub, as `monitor` has it. @default `WSIGHT_DATA`, or ".wsight" */
  readonly data?: string;
}

/**
 * Makes a token with which a browser of that user hears of its own jobs (`wsight/client`), and of nothing else. To be
 * called by the server, for a user that it knows: whoever has the token is taken for that user.
 * @param userId as jobs carry it
 * @throws WsightError `BAD_OPTION` when no hub has run with that data directory, and no secret was given
 * @example
 * app.get("/jobs-token", signedIn, async (request, response) => response.send(await userToken(request.user.id)));
 */
export async function userToken(userId: string, options: UserTokenOptions = {}): Promise<string> {
  const sub = asText("BAD_OPTION", "userId", userId, MAX_JOB_USER);
  if (sub === "") throw expected("BAD_OPTION", "userId", "who the token is for", sub);
  const { ttlMs = DEFAULT_TTL_MS, ...place } = options;
  return signToken({ sub, role: "user", ttlMs }, await findSecret(place, process.env));
}
