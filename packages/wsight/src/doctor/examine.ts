import { type DoctorCheck, parseDoctorReport } from "@wsight/protocol";
import { get } from "./exchange.ts";
import { errorOf, identify } from "./identity.ts";
import { tryLiveWays } from "./live-way.ts";
import type { Place } from "./place.ts";
import { messageOf, reach } from "./reach.ts";
import { type WayCheck, wayCheck } from "./way-check.ts";

/** Everything that was looked at, the way first. */
export interface Examination {
  /** When, ms epoch of this machine. */
  readonly at: number;
  readonly checks: readonly (WayCheck | DoctorCheck)[];
}

/**
 * Looks at the way to a hub, and has the hub look at itself. What lies behind
 * a check that failed is left out when it can't be reached. Never rejects.
 * @param findToken is told whether the place is on this machine; `null` for no token
 */
export async function examine(
  place: Place,
  findToken: (here: boolean) => Promise<string | null>,
): Promise<Examination> {
  const at = Date.now();
  const { checks: way, reached, here } = await reach(place);
  if (!reached) return { at, checks: way };
  const token = await findToken(here);
  const { checks: who, isHub, admitted, astray } = await identify(place, token);
  const checks = [...way, ...who];
  if (!isHub || astray) return { at, checks };
  const live = await tryLiveWays(place, admitted ? token : null);
  const report = admitted && token !== null ? await askHub(place, token) : token === null ? [noToken()] : [];
  return { at, checks: [...checks, ...live, ...report] };
}

async function askHub(place: Place, token: string): Promise<readonly (WayCheck | DoctorCheck)[]> {
  try {
    const { status, json } = await get(place, "/api/doctor", { headers: { authorization: `Bearer ${token}` } });
    if (status === 200) return parseDoctorReport(json).checks;
    return [noReport(errorOf(json)?.message ?? `It answered ${status}.`)];
  } catch (error) {
    return [noReport(messageOf(error))];
  }
}

function noReport(detail: string): WayCheck {
  return wayCheck({ id: "report", state: "fail", title: "The hub did not tell how it is", detail });
}

function noToken(): WayCheck {
  return wayCheck({
    id: "token",
    state: "warn",
    title: "Without a token only the way was looked at",
    detail: "What the hub found, misses, and needs in production is for those who may read it.",
    fix: {
      text: "Pass one as --token or WSIGHT_TOKEN; make it where the hub runs",
      code: "npx wsight token --role viewer --sub doctor --ttl 15m",
    },
  });
}
