import type { JobPlan } from "@wsight/protocol";
import { logNormal, type Random } from "../random.ts";

const MB = 1_000_000;
const MEDIAN_BYTES = 2.2 * MB;
const SIZE_SPREAD = 1.25;
const MIN_BYTES = 40_000;
const MAX_BYTES = 140 * MB;
const CUSTOMERS = 12;
/** Plans of the customers, one after the other. */
const PLANS = ["premium", "normal", "normal", "large", "normal", "unlimited"] as const satisfies readonly JobPlan[];
/** Nothing becomes of these, however often they are tried. */
const BROKEN_SHARE = 0.012;
const MIN_RUN_MS = 900;
const MAX_RUN_MS = 40_000;

/** What may be done with a document. */
interface DocumentKind {
  readonly name: string;
  readonly extension: string;
  /** For a megabyte; it grows with the square root of the size. */
  readonly runMs: number;
  readonly stages: readonly string[];
}

const KINDS = [
  { name: "ocr", extension: "pdf", runMs: 2_000, stages: ["loading", "cleaning", "reading", "indexing"] },
  { name: "convert", extension: "docx", runMs: 1_100, stages: ["loading", "laying out", "writing"] },
  { name: "transcribe", extension: "mp3", runMs: 2_700, stages: ["loading", "listening", "writing", "checking"] },
] as const satisfies readonly DocumentKind[];

const TITLES = ["invoice", "contract", "minutes", "lecture", "report", "manual", "interview", "offer"] as const;

/** Somebody's document, and what is to become of it. */
export interface Document {
  readonly id: string;
  readonly fileName: string;
  readonly fileSize: number;
  readonly owner: string;
  readonly plan: JobPlan;
  readonly kind: DocumentKind;
  /** How long a try takes when all goes well, ms. */
  readonly runMs: number;
  readonly broken: boolean;
}

/** The next document that comes in. */
export function makeDocument(random: Random, number: number): Document {
  const customer = Math.floor(random() ** 1.6 * CUSTOMERS);
  const kind = KINDS[Math.floor(random() ** 1.4 * KINDS.length)] ?? KINDS[0];
  const fileSize = Math.round(Math.min(MAX_BYTES, Math.max(MIN_BYTES, logNormal(random, MEDIAN_BYTES, SIZE_SPREAD))));
  const title = TITLES[Math.floor(random() * TITLES.length)] ?? TITLES[0];
  // What customers send differs in a way that only their own past tells.
  const ofCustomer = 0.75 + 0.5 * ((customer * 7) % CUSTOMERS) * (1 / CUSTOMERS);
  const runMs = kind.runMs * Math.sqrt(fileSize / MB) * ofCustomer * logNormal(random, 1, 0.2);
  return {
    id: `doc-${String(number).padStart(5, "0")}`,
    fileName: `${title}-${number}.${kind.extension}`,
    fileSize,
    owner: `customer-${String(customer + 1).padStart(2, "0")}`,
    plan: PLANS[customer % PLANS.length] ?? "normal",
    kind,
    runMs: Math.min(MAX_RUN_MS, Math.max(MIN_RUN_MS, runMs)),
    broken: random() < BROKEN_SHARE,
  };
}
