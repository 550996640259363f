import { MAX_JOB_STAGE } from "@wsight/protocol";
import type { Redact } from "../../redact.ts";

/** What a job's progress says. */
export interface ReadProgress {
  readonly percent?: number;
  readonly stage?: string;
}

/** Fields of a progress that is an object; anything else in it is left alone. */
const PERCENT = ["percent", "percentage", "progress"];
const STAGE = ["stage", "step", "phase"];

/** Reads a progress as applications tell it: a number from 0 to 100, a stage, or an object with both. */
export function readProgress(progress: unknown, redact: Redact): ReadProgress | null {
  if (typeof progress === "number") return withPercent(progress);
  if (typeof progress === "string") return withStage(progress, redact);
  if (typeof progress !== "object" || progress === null) return null;
  const fields = progress as Readonly<Record<string, unknown>>;
  const percent = PERCENT.map((name) => fields[name]).find((value) => typeof value === "number");
  const stage = STAGE.map((name) => fields[name]).find((value) => typeof value === "string");
  const read = { ...withPercent(percent), ...withStage(stage, redact) };
  return read.percent === undefined && read.stage === undefined ? null : read;
}

function withPercent(value: unknown): ReadProgress | null {
  if (typeof value !== "number" || !Number.isFinite(value)) return null;
  return { percent: Math.min(100, Math.max(0, value)) };
}

function withStage(value: unknown, redact: Redact): ReadProgress | null {
  if (typeof value !== "string" || value === "") return null;
  return { stage: redact(value.slice(0, 4 * MAX_JOB_STAGE)).slice(0, MAX_JOB_STAGE) };
}
