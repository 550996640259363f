import {
  DOCTOR_STATES,
  type DoctorCheck,
  type DoctorReport,
  type LiveTable,
  type LiveTableRows,
  MAX_DOCTOR_CHECKS,
} from "@wsight/protocol";
import type { Clock } from "./clock.ts";
import type { CurrentView } from "./current-view.ts";
import { EMPTY } from "./doctor/empty.ts";
import { check, type DoctorAsker, type DoctorFacts, type DoctorSetup, type Examination } from "./doctor/facts.ts";
import { FOUND } from "./doctor/found.ts";
import { JOBS } from "./doctor/jobs.ts";
import { MISSING } from "./doctor/missing.ts";
import { PRODUCTION } from "./doctor/production.ts";
import { SOURCES } from "./doctor/sources.ts";

/** Looks the hub and what it knows over. */
export interface Doctor {
  examine(asker: DoctorAsker): DoctorReport;
}

const EXAMINATIONS: readonly Examination[] = [...FOUND, ...SOURCES, ...JOBS, ...MISSING, ...EMPTY, ...PRODUCTION];

/** Makes the doctor of a hub. */
export function createDoctor(parts: {
  readonly current: Pick<CurrentView, "table">;
  readonly setup: DoctorSetup;
  readonly clock: Clock;
}): Doctor {
  const { current, setup, clock } = parts;
  return {
    examine(asker) {
      const at = clock.now();
      const nodes = current.table("nodes");
      const present = nodes.filter(({ state }) => state !== "gone");
      const connections = present.reduce((sum, row) => sum + (row.connections ?? 0), 0);
      const table = readOnce(current);
      const facts = { at, nodes, present, connections, hub: table("hub"), table, setup, asker };
      return { at, checks: bounded(EXAMINATIONS.flatMap((examine) => examine(facts))) };
    },
  };
}

/** A table is put together when it is asked for, and several examinations ask for the same. */
function readOnce(current: Pick<CurrentView, "table">): DoctorFacts["table"] {
  const known = new Map<string, unknown>();
  return <T extends LiveTable>(name: T): LiveTableRows[T] => {
    if (!known.has(name)) known.set(name, current.table(name));
    return known.get(name) as LiveTableRows[T];
  };
}

/** Worst first, in the order of the examinations; what does not fit is counted. */
function bounded(checks: readonly DoctorCheck[]): readonly DoctorCheck[] {
  const sorted = [...checks].sort((a, b) => DOCTOR_STATES.indexOf(a.state) - DOCTOR_STATES.indexOf(b.state));
  if (sorted.length <= MAX_DOCTOR_CHECKS) return sorted;
  const left = sorted.length - (MAX_DOCTOR_CHECKS - 1);
  const more = check({
    id: "found.more",
    area: "found",
    state: "info",
    title: `${left} further checks are not listed`,
  });
  return [...sorted.slice(0, MAX_DOCTOR_CHECKS - 1), more];
}
