import { signToken } from "@wsight/hub";
import { WsightError } from "@wsight/protocol";
import { examine } from "../doctor/examine.ts";
import { parsePlace } from "../doctor/place.ts";
import { printExamination } from "../doctor/print.ts";
import type { Environment } from "../environment.ts";
import type { Command, FlagValues } from "./command.ts";
import { SHARED_FLAGS } from "./flags.ts";
import { findSecret } from "./token.ts";

const DEFAULT_URL = "http://127.0.0.1:4700";
/** Life of a token that is made for one examination, ms. */
const TOKEN_MS = 300_000;

/** `wsight doctor`: exit status 1 when a check failed. */
export const doctorCommand: Command = {
  name: "doctor",
  summary: "look at the way to a dashboard, and at what it says of itself",
  flags: {
    url: { value: "URL", help: `address of the hub, or of the application it is mounted on (${DEFAULT_URL})` },
    token: { value: "TOKEN", help: "who asks; on the hub's machine its data directory is enough" },
    json: { value: null, help: "print everything as JSON" },
    data: SHARED_FLAGS.data,
    secret: SHARED_FLAGS.secret,
  },
  async run(values, { stdout, environment }) {
    const url = values.url ?? DEFAULT_URL;
    const place = parsePlace("--url", url);
    const examination = await examine(place, (here) => findToken(values, environment, here));
    if (values.json === undefined) printExamination(examination, url, stdout, environment);
    else stdout.write(`${JSON.stringify({ url, ...examination }, null, 2)}\n`);
    return examination.checks.some(({ state }) => state === "fail") ? 1 : 0;
  },
};

/** One that was given, else one that is made here, and for this machine alone: nobody else gets to see it. */
async function findToken(values: FlagValues, environment: Environment, here: boolean): Promise<string | null> {
  const given = values.token ?? environment.WSIGHT_TOKEN;
  if (given) return given.trim();
  if (!here) return null;
  try {
    return await signToken({ sub: "doctor", role: "viewer", ttlMs: TOKEN_MS }, await findSecret(values, environment));
  } catch (error) {
    // Without a data directory there is no secret to sign with; what was given and is wrong is told.
    if (error instanceof WsightError && values.data === undefined && values.secret === undefined) return null;
    throw error;
  }
}
