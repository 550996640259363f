import { type ComponentMember, type DoctorFix, TIERS } from "@wsight/protocol";
import { check, type Examination, nameOfLibrary } from "./facts.ts";

/** What to do about a component that is down, by what its error says; the first that fits. */
const CURES: readonly (readonly [RegExp, (component: ComponentMember) => DoctorFix])[] = [
  [
    /ECONNREFUSED|EPIPE|ECONNRESET|closed/i,
    (component) => ({ text: "See whether it runs, at the address the client was given", code: probeOf(component) }),
  ],
  [
    /ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH/i,
    () => ({ text: "See whether the host's name in the client's address is right and can be reached", code: null }),
  ],
  [
    /28P01|28000|NOAUTH|WRONGPASS|password|authenticat|unauthorized|NOPERM/i,
    () => ({ text: "See whether user and password (or token) of the client are right", code: null }),
  ],
  [/3D000|does not exist/i, () => ({ text: "See whether the database in the client's address is there", code: null })],
  [
    /53300|too many|max.*clients|OOM/i,
    () => ({ text: "It is full: let fewer clients connect, make pools smaller, or give it more", code: null }),
  ],
  [/certificate|TLS|SSL/i, () => ({ text: "See whether client and server agree on TLS", code: null })],
  [
    /in time|timed? ?out|no answer|did not answer/i,
    (component) => ({
      text: "It does not answer within 2 s: see whether it is overloaded, hangs, or a firewall lies between",
      code: probeOf(component),
    }),
  ],
];

function cureOf(component: ComponentMember): DoctorFix {
  const cure = CURES.find(([pattern]) => pattern.test(component.error ?? ""))?.[1];
  return (
    cure?.(component) ?? { text: "See whether it runs and can be reached from that process", code: probeOf(component) }
  );
}

/** How it is asked by hand. */
function probeOf({ kind, library }: ComponentMember): string | null {
  if (kind === "database") return "pg_isready -h HOST -p 5432";
  if (kind === "cache" && library !== "@upstash/redis") return "redis-cli -h HOST -p 6379 ping";
  return null;
}

const components: Examination = ({ at, table }) =>
  table("components").flatMap((component) => {
    const { kind, name, library, state, since, error, node } = component;
    if (state !== "down") return [];
    const title = nameOfLibrary(library);
    return check({
      id: "found.component-down",
      area: "found",
      state: "fail",
      title: `${kind === "network" ? "Server" : "Client"} ${name}${title === name ? "" : ` (${title})`}: the ${kind} is down`,
      detail: `For ${Math.max(0, Math.round((at - since) / 1000))} s. ${error ?? "It gave no reason."}`,
      fix: cureOf(component),
      node,
    });
  });

const collectors: Examination = ({ table }) =>
  table("collectors").flatMap(({ name, tier, at, intervalMs, budgetSeconds, seconds, reads, failures, note, node }) => {
    const demoted = TIERS.indexOf(at) > TIERS.indexOf(tier);
    const id = "found.collector";
    const cost = `A read takes ${(seconds * 1000).toFixed(1)} ms of the application's thread, of ${budgetSeconds * 1000} ms it may.`;
    if (demoted)
      return check({
        id,
        area: "found",
        state: "warn",
        title: `${name} is read each ${intervalMs / 1000} s only`,
        detail: [note ?? "", cost].filter((text) => text !== "").join(". "),
        node,
      });
    if (failures > 0 && reads === 0)
      return check({
        id,
        area: "found",
        state: "warn",
        title: `${name} could not be read`,
        detail: `${note ?? "Every try failed"} (${failures} times).`,
        node,
      });
    return note === null ? [] : check({ id, area: "found", state: "info", title: `${name}: ${note}`, node });
  });

/** Databases, caches and hosts, and what is read of them. */
export const SOURCES: readonly Examination[] = [components, collectors];
