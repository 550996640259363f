import type { AlertRule } from "@wsight/protocol";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { useApp } from "../../../app-context.ts";
import { useAsked } from "../../history/use-asked.ts";
import { listed, when } from "../words.ts";
import type { RulesApi } from "./rules-api.ts";

interface VersionsProps {
  readonly api: RulesApi;
  readonly rule: AlertRule;
  /** Puts a version into the form. */
  readonly onTake: (version: AlertRule) => void;
  /** Somebody saved a newer one than what is being changed. */
  readonly onNewest: (newest: AlertRule) => void;
}

/** What changes with every version, or says nothing. */
const ALWAYS: readonly string[] = ["version", "updatedAt", "createdBy", "builtin", "id"];
const NAMES: Readonly<Record<string, string>> = {
  warn: "warning limit",
  crit: "critical limit",
  recovery: "recovery",
  forSec: "how long it has to last",
  keepFiringSec: "how long it goes on",
  groupBy: "grouping",
  noData: "no data",
  minSamples: "events needed",
  enabled: "on or off",
  runbookUrl: "runbook",
  repeatSec: "repeats",
  maxRepeats: "repeats",
  windowSec: "window",
  everySec: "how often it is looked at",
  agg: "value",
  op: "comparison",
  burnRate: "budget",
  expression: "conditions",
};

/** Who changed what, newest first. */
export function Versions({ api, rule, onTake, onNewest }: VersionsProps): VNode | null {
  const { live, clock } = useApp();
  const { value: versions } = useAsked(`${rule.id} ${rule.version}`, (signal) => api.versions(rule.id, signal));
  const [newest] = versions ?? [];
  useEffect(() => {
    if (newest !== undefined && newest.version > rule.version) onNewest(newest);
  }, [newest?.version]);
  if (versions === null || versions.length < 2) return null;
  return (
    <details class="card versions">
      <summary>
        <h2>Versions</h2> <span class="card-note">{versions.length}</span>
      </summary>
      <ul>
        {versions.map((version, index) => (
          <li key={version.version}>
            <span>
              <b>{version.version}</b> ·{" "}
              {version.updatedAt === 0 ? "as it came" : when(version.updatedAt, live.now.value, clock.value)}
              <small class="fine">{changesSince(versions[index + 1], version)}</small>
            </span>
            {version.version === rule.version ? (
              <span class="chip">this one</span>
            ) : (
              <button type="button" class="button" onClick={() => onTake(version)}>
                Bring back
              </button>
            )}
          </li>
        ))}
      </ul>
    </details>
  );
}

/** Fields that differ, by name. */
function changesSince(before: AlertRule | undefined, after: AlertRule): string {
  if (before === undefined) return "the first";
  const changed = (Object.keys(after) as (keyof AlertRule)[]).filter(
    (name) => !ALWAYS.includes(name) && JSON.stringify(before[name]) !== JSON.stringify(after[name]),
  );
  const names = [...new Set(changed.map((name) => NAMES[name] ?? name))];
  return names.length === 0 ? "nothing changed" : `changed: ${listed(names)}`;
}
