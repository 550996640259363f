import { asFields, asList, type HealthStrip, WsightError } from "@wsight/protocol";
import { readReply } from "../../connection/session-api.ts";

const MOST_SLOTS = 10_000;

/** Asks the hub whose dashboard this is how the last hours were. @throws WsightError `INTERNAL` when nobody answered */
export async function readStrip(hours: number, signal: AbortSignal): Promise<HealthStrip> {
  const base = new URL(document.baseURI);
  // A page opened without its last slash stands beside its folder.
  const folder = base.pathname.endsWith("/dashboard") ? new URL(`${base.pathname}/`, base) : base;
  let response: Response;
  try {
    response = await fetch(new URL(`api/health/strip?hours=${hours}`, folder).href, {
      cache: "no-store",
      credentials: "same-origin",
      signal,
    });
  } catch (cause) {
    throw new WsightError("INTERNAL", "The hub did not answer", { cause });
  }
  const fields = asFields("BAD_FRAME", "strip", await readReply(response));
  asList("BAD_FRAME", "slots", fields.slots, MOST_SLOTS);
  return fields as unknown as HealthStrip;
}
