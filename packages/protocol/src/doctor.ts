import { asFields, asList, asNumber, asOneOf, asText } from "./parse.ts";
import { MAX_TIME } from "./tables.ts";

/** What a check is about: what was `found`, what is `missing`, why a panel is `empty`, what `production` needs. */
export const DOCTOR_AREAS = ["found", "missing", "empty", "production"] as const;
export type DoctorArea = (typeof DOCTOR_AREAS)[number];

/** How a check went, worst first. `info` is a fact, neither good nor bad. */
export const DOCTOR_STATES = ["fail", "warn", "info", "ok"] as const;
export type DoctorState = (typeof DOCTOR_STATES)[number];

/** Most checks of one report; what is beyond is said in the last one. */
export const MAX_DOCTOR_CHECKS = 200;

/** What to do about a check. */
export interface DoctorFix {
  readonly text: string;
  /** Lines to paste; `null` when there are none. */
  readonly code: string | null;
}

/** One thing that was looked at. */
export interface DoctorCheck {
  /** Stable name of the check, e.g. `missing.get-user`; several nodes may each have one of the same name. */
  readonly id: string;
  readonly area: DoctorArea;
  readonly state: DoctorState;
  /** One line. */
  readonly title: string;
  /** What was seen, and what it means; may be empty. */
  readonly detail: string;
  readonly fix: DoctorFix | null;
  /** `service/instance` it is about; `null` when it is about the hub or all nodes. */
  readonly node: string | null;
}

/** Answer of `GET /api/doctor`. */
export interface DoctorReport {
  /** When it was made, ms epoch of the hub. */
  readonly at: number;
  /** Worst first. */
  readonly checks: readonly DoctorCheck[];
}

/** Parses a report. @throws WsightError `BAD_REQUEST` */
export function parseDoctorReport(value: unknown): DoctorReport {
  const fields = asFields("BAD_REQUEST", "report", value);
  return {
    at: asNumber("BAD_REQUEST", "at", fields.at, 0, MAX_TIME),
    checks: asList("BAD_REQUEST", "checks", fields.checks, MAX_DOCTOR_CHECKS).map(parseCheck),
  };
}

function parseCheck(value: unknown): DoctorCheck {
  const fields = asFields("BAD_REQUEST", "check", value);
  return {
    id: asText("BAD_REQUEST", "id", fields.id),
    area: asOneOf("BAD_REQUEST", "area", fields.area, DOCTOR_AREAS),
    state: asOneOf("BAD_REQUEST", "state", fields.state, DOCTOR_STATES),
    title: asText("BAD_REQUEST", "title", fields.title),
    detail: asText("BAD_REQUEST", "detail", fields.detail, 4096),
    fix: fields.fix === null ? null : parseFix(fields.fix),
    node: fields.node === null ? null : asText("BAD_REQUEST", "node", fields.node, 129),
  };
}

function parseFix(value: unknown): DoctorFix {
  const fields = asFields("BAD_REQUEST", "fix", value);
  return {
    text: asText("BAD_REQUEST", "text", fields.text, 1024),
    code: fields.code === null ? null : asText("BAD_REQUEST", "code", fields.code, 4096),
  };
}
