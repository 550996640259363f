import { DOCTOR_STATES, type DoctorArea, type DoctorCheck, type DoctorState } from "@wsight/protocol";

/** Checks that belong together, worst first. */
export interface Section {
  readonly id: DoctorArea | "page";
  readonly title: string;
  readonly checks: readonly DoctorCheck[];
  readonly worst: DoctorState;
}

const TITLES: readonly (readonly [id: Section["id"], title: string])[] = [
  ["empty", "Why panels are empty"],
  ["missing", "What is missing"],
  ["production", "For production"],
  ["page", "This browser"],
  ["found", "What was found"],
];

/** Sections with anything in them, the one with the worst check first. */
export function arrangeChecks(checks: readonly DoctorCheck[], ofBrowser: readonly DoctorCheck[]): readonly Section[] {
  return TITLES.map(([id, title]): Section => {
    const own = id === "page" ? ofBrowser : checks.filter(({ area }) => area === id);
    const sorted = [...own].sort((a, b) => badness(a.state) - badness(b.state));
    return { id, title, checks: sorted, worst: sorted[0]?.state ?? "ok" };
  })
    .filter((section) => section.checks.length > 0)
    .sort((a, b) => badness(a.worst) - badness(b.worst));
}

/** How many checks are of a state. */
export function countState(checks: readonly DoctorCheck[], state: DoctorState): number {
  return checks.filter((check) => check.state === state).length;
}

function badness(state: DoctorState): number {
  return DOCTOR_STATES.indexOf(state);
}
