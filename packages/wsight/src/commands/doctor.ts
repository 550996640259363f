import { examine } from "../doctor/examine.ts";
import { parsePlace } from "../doctor/place.ts";
import { printExamination } from "../doctor/print.ts";
import type { Command } from "./command.ts";
import { SHARED_FLAGS } from "./flags.ts";
import { findToken } from "./viewer-token.ts";

const DEFAULT_URL = "http://127.0.0.1:4700";

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
    const examination = await examine(place, (here) => findToken(values, environment, here, "doctor"));
    if (values.json === undefined) printExamination(examination, url, stdout, environment);
    else stdout.write(`${JSON.stringify({ url, ...examination }, null, 2)}\n`);
    return examination.checks.some(({ state }) => state === "fail") ? 1 : 0;
  },
};
