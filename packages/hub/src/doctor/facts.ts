import {
  type DoctorCheck,
  type Finding,
  type HubRow,
  type LiveTable,
  type LiveTableRows,
  type NodeRow,
  SOURCE_LIBRARIES,
} from "@wsight/protocol";
import type { Client } from "../http/client.ts";

/** How the hub is set up, as far as it matters for production. */
export interface DoctorSetup {
  readonly host: string;
  /** True when somebody said who may read: by a secret, a public key, or a callback. */
  readonly configured: boolean;
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly trustProxy: number;
  readonly maxViewers: number;
  /** `NODE_ENV` of the hub's process; empty for none. */
  readonly nodeEnv: string;
}

/** Who asks for the report, and how the question came. */
export interface DoctorAsker {
  readonly client: Client;
  readonly sub: string;
  /** When the token ends, ms epoch; `null` for sessions, and when not known. */
  readonly tokenUntil: number | null;
}

/** Everything a report is made from. */
export interface DoctorFacts {
  readonly at: number;
  readonly nodes: readonly NodeRow[];
  /** Nodes that are not gone. */
  readonly present: readonly NodeRow[];
  readonly hub: HubRow;
  readonly table: <T extends LiveTable>(table: T) => LiveTableRows[T];
  /** Open connections of all nodes together. */
  readonly connections: number;
  readonly setup: DoctorSetup;
  readonly asker: DoctorAsker;
}

/** Looks at one thing; answers any number of checks. */
export type Examination = (facts: DoctorFacts) => readonly DoctorCheck[];

/** What a check may leave out. */
type CheckDraft = Omit<DoctorCheck, "detail" | "fix" | "node"> & Partial<Pick<DoctorCheck, "detail" | "fix" | "node">>;

/** Completes a check; texts that came from elsewhere are cut to what a report may hold. */
export function check({ detail = "", fix = null, node = null, title, ...rest }: CheckDraft): DoctorCheck {
  return { ...rest, title: title.slice(0, 256), detail: detail.slice(0, 2048), fix, node };
}

/** A finding and the node that has it. */
export interface NodeFinding {
  readonly node: string;
  readonly finding: Finding;
}

/** All findings of the nodes that are there. */
export function findingsOf({ present }: DoctorFacts): readonly NodeFinding[] {
  return present.flatMap(({ node, findings }) => findings.map((finding) => ({ node, finding })));
}

/** What a note says behind its first word, e.g. `polling, websocket` of `transports polling, websocket`. */
export function noteOf({ notes }: Finding, word: string): string | null {
  return notes.find((note) => note.startsWith(`${word} `))?.slice(word.length + 1) ?? null;
}

/** Bytes of a size as notes write it: `976.6 KiB`; `null` for `none` and what is no size. */
export function bytesOf(text: string): number | null {
  const [, number, unit = ""] = /^([\d.]+) (B|KiB|MiB|GiB)$/.exec(text) ?? [];
  const step = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }[unit];
  return number === undefined || step === undefined ? null : Number(number) * step;
}

/** How a library is called by the people who use it, with its version. */
export function titleOf({ library, version }: Finding): string {
  const title = nameOfLibrary(library);
  return version === null ? title : `${title} ${version}`;
}

/** How a library is called by the people who use it. */
export function nameOfLibrary(library: string): string {
  return SOURCE_LIBRARIES[library]?.title ?? library;
}
