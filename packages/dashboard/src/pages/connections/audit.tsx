import type { VNode } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Card } from "../../components/card.tsx";
import type { AuditEntry, ConnectionsApi } from "./hub-api.ts";

const MOST_ENTRIES = 10;

interface AuditProps {
  readonly api: ConnectionsApi;
  /** Grows when something was done that should show. */
  readonly turn: number;
}

/** What administrators did, newest first; only administrators may see it. */
export function AuditCard({ api, turn }: AuditProps): VNode | null {
  const { live } = useApp();
  const admin = live.principal.value?.role === "admin";
  const [entries, setEntries] = useState<readonly AuditEntry[] | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    if (!admin) return undefined;
    const ending = new AbortController();
    api.audit(MOST_ENTRIES, ending.signal).then(
      (found) => {
        setEntries(found);
        setProblem(null);
      },
      (error: unknown) => {
        if (!ending.signal.aborted) setProblem(error instanceof Error ? error.message : "The hub did not answer");
      },
    );
    return () => ending.abort();
  }, [api, admin, turn]);
  if (!admin) return null;
  return (
    <div class="grid">
      <Card title="Administrator actions" span={12} aside={<span class="card-note">newest first</span>}>
        {entries === null || entries.length === 0 ? (
          <p class="card-line">{problem ?? (entries === null ? "" : "Nobody has disconnected anything yet.")}</p>
        ) : (
          <ul class="recent">
            {entries.map((entry) => (
              <Entry key={`${entry.at} ${entry.target}`} entry={entry} />
            ))}
          </ul>
        )}
      </Card>
    </div>
  );
}

function Entry({ entry }: { readonly entry: AuditEntry }): VNode {
  const { clock } = useApp();
  const good = entry.outcome === "done";
  return (
    <li>
      <time>
        {clock.value.day(entry.at)} {clock.value.time(entry.at)}
      </time>
      <span class="chip" data-tone={good ? undefined : "warn"}>
        {entry.action}
        {good ? "" : `: ${entry.outcome}`}
      </span>
      <span class="truncate" title={entry.detail ?? undefined}>
        <b>{entry.target}</b> by {entry.sub}
        {entry.detail === null || entry.detail === "" ? "" : ` · ${entry.detail}`}
      </span>
    </li>
  );
}
