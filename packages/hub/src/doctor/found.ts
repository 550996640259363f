import { SOURCE_LIBRARIES } from "@wsight/protocol";
import { check, type Examination, findingsOf, titleOf } from "./facts.ts";

/** A clock this far off, in ms, is worth a word. */
const CLOCK_MS = 2000;

const libraries: Examination = (facts) =>
  findingsOf(facts).map(({ node, finding }) =>
    check({
      id: "found.library",
      area: "found",
      state: finding.state === "attached" ? "ok" : "warn",
      title: `${titleOf(finding)} is watched${finding.state === "attached" ? "" : " in part"}`,
      detail: [`${nounOf(finding.library)} ${finding.server}`, ...finding.notes].join(" · "),
      node,
    }),
  );

/** What the name of a finding is the name of. */
function nounOf(library: string): string {
  const kind = SOURCE_LIBRARIES[library]?.kind;
  return kind === "database" || kind === "cache" ? "client" : "server";
}

const versions: Examination = (facts) =>
  findingsOf(facts).flatMap(({ node, finding }) => {
    const least = SOURCE_LIBRARIES[finding.library]?.least ?? null;
    const major = Number.parseInt(finding.version ?? "", 10);
    if (least === null || !(major < least)) return [];
    return check({
      id: "found.version",
      area: "found",
      state: "warn",
      title: `${titleOf(finding)} is older than what is supported`,
      detail: `Figures of versions before ${least} may be missing or wrong.`,
      fix: { text: "Update it", code: `npm install ${finding.library}@${least}` },
      node,
    });
  });

const silence: Examination = ({ nodes, at }) =>
  nodes.flatMap(({ node, state, lastAt }) => {
    if (state === "live") return [];
    const seconds = Math.round((at - lastAt) / 1000);
    return check({
      id: `found.node-${state}`,
      area: "found",
      state: state === "silent" ? "fail" : "info",
      title: state === "silent" ? `${node} says nothing` : `${node} is gone`,
      detail: `Last heard of ${seconds} s ago. Its figures are not part of what is shown now.`,
      fix:
        state === "silent" ? { text: "See whether the process runs, hangs, or can't reach the hub", code: null } : null,
      node,
    });
  });

const clocks: Examination = ({ present }) =>
  present.flatMap(({ node, clockAheadMs = null }) => {
    if (clockAheadMs === null || Math.abs(clockAheadMs) < CLOCK_MS) return [];
    const seconds = (Math.abs(clockAheadMs) / 1000).toFixed(1);
    return check({
      id: "found.clock",
      area: "found",
      state: "warn",
      title: `The clock of ${node} is ${seconds} s ${clockAheadMs > 0 ? "ahead" : "behind"}`,
      detail: "Figures are filed by the hub's clock; times of errors and slow events are the process' own.",
      fix: { text: "Keep the clocks of all machines in step", code: "timedatectl set-ntp true" },
      node,
    });
  });

const losses: Examination = ({ present }) =>
  present.flatMap(({ node, lost, probeDropped, probeErrors }) => {
    const told = [
      lost > 0 ? `${lost} seconds never arrived` : "",
      probeDropped > 0 ? `${probeDropped} frames or series were dropped` : "",
      probeErrors > 0 ? `${probeErrors} faults of the probe were caught` : "",
    ].filter((text) => text !== "");
    if (told.length === 0) return [];
    return check({
      id: "found.losses",
      area: "found",
      state: "warn",
      title: `${node} could not tell everything`,
      detail: `${told.join(", ")}. Totals stay right, since every figure counts from the start of the process.`,
      fix: { text: "See whether the process or the way to the hub is overloaded", code: null },
      node,
    });
  });

const hub: Examination = ({ hub: { badFrames, lastBadFrame, restarts, lastRestart, store, skippedTicks } }) => [
  ...(badFrames === 0
    ? []
    : [
        check({
          id: "found.bad-frames",
          area: "found",
          state: "warn",
          title: `${badFrames} messages of probes were not understood`,
          detail: lastBadFrame ?? "",
          fix: {
            text: "Run the same version of wsight everywhere, each process with a token for what it tells",
            code: null,
          },
        }),
      ]),
  ...(restarts === 0
    ? []
    : [
        check({
          id: "found.restarts",
          area: "found",
          state: "warn",
          title: `The hub was restarted ${restarts} times`,
          detail: lastRestart ?? "",
        }),
      ]),
  ...(skippedTicks === 0
    ? []
    : [
        check({
          id: "found.slow-viewers",
          area: "found",
          state: "info",
          title: `Slow viewers were passed over ${skippedTicks} times`,
          detail: "They see the newest second as soon as they can take it.",
        }),
      ]),
  storeCheck(store),
];

function storeCheck({
  state,
  dropped,
  lastError,
  spooled = 0,
  engine,
}: Parameters<Examination>[0]["hub"]["store"]): ReturnType<typeof check> {
  const about = { id: "found.store", area: "found" } as const;
  const waiting = spooled === 0 ? "" : `${spooled} samples wait for it. `;
  if (state === "off")
    return check({
      ...about,
      state: "info",
      title: "No history is kept",
      fix: { text: "Give the hub a directory", code: "export WSIGHT_DATA=.wsight" },
    });
  if (state === "failing")
    return check({
      ...about,
      state: "fail",
      title: engine === undefined ? "History can't be written" : `History can't be written: ${engine} is away`,
      detail: `${waiting}${dropped === 0 ? "" : `${dropped} samples were dropped. `}${lastError ?? ""}`,
      fix:
        engine === undefined
          ? { text: "See whether the data directory is writable and has room", code: null }
          : { text: "See whether the database is up, and whether the hub's machine reaches it", code: null },
    });
  if (dropped > 0)
    return check({
      ...about,
      state: "warn",
      title: `${dropped} samples of history were dropped`,
      detail: `${waiting}${lastError ?? "The disk did not keep up."}`,
    });
  return check({
    ...about,
    state: "ok",
    title: "History is written",
    detail: engine === undefined ? "" : `${engine}. ${waiting || "Nothing waits for it."}`,
  });
}

/** What there is, and how it fares. */
export const FOUND: readonly Examination[] = [libraries, versions, silence, clocks, losses, hub];
