import { createHash } from "node:crypto";
import type { Labels } from "@wsight/protocol";

/** Labels as one string, the same for every order of their names. */
export function canonicalLabels(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, labels[name]])));
}

/** Names an instance of a rule, everywhere and for ever. */
export function fingerprintOf(ruleId: string, canonical: string): string {
  return createHash("sha256").update(`${ruleId}\n${canonical}`).digest("hex");
}
