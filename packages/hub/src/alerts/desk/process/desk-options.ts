import { asFields, asText, expected, parseJson } from "@wsight/protocol";
import { parseDirectory, parsePlace } from "../../../sql/place.ts";
import type { DeskProcessOptions } from "./messages.ts";

const LONGEST_URL = 4096;
const MAX_HOSTS = 1000;
/** Variable of the environment that tells the desk's process its options. */
export const OPTIONS_VARIABLE = "WSIGHT_ALERT_DESK";

/** Reads what the link passes to its process. @throws WsightError `BAD_OPTION` */
export function parseDeskOptions(text: string | undefined): DeskProcessOptions {
  const fields = asFields("BAD_OPTION", "alert desk", parseJson("BAD_OPTION", "alert desk", text ?? ""));
  const { notifyHosts } = fields;
  if (!Array.isArray(notifyHosts) || notifyHosts.length > MAX_HOSTS)
    throw expected("BAD_OPTION", "notifyHosts", `a list of at most ${MAX_HOSTS} hosts`, notifyHosts);
  return {
    tables: parsePlace(fields.tables),
    key: asText("BAD_OPTION", "key", fields.key),
    instance: asText("BAD_OPTION", "instance", fields.instance, LONGEST_URL),
    notifyHosts: notifyHosts.map((host: unknown) => asText("BAD_OPTION", "notifyHosts", host, LONGEST_URL)),
    dataDir: parseDirectory(fields.dataDir),
  };
}
