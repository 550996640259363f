import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { useApp } from "../../app-context.ts";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import type { ConnectionsApi, NodeConnectionDetail } from "./hub-api.ts";

interface DisconnectProps {
  readonly api: ConnectionsApi;
  readonly detail: NodeConnectionDetail;
  readonly onClose: () => void;
  readonly onDone: () => void;
}

/** Asks whether a connection is really to be ended, names it, and ends it. */
export function DisconnectDialog({ api, detail: { node, row }, onClose, onDone }: DisconnectProps): VNode {
  const { toasts } = useApp();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const who = row.user ?? row.id;

  async function disconnect(): Promise<void> {
    setBusy(true);
    setProblem(null);
    try {
      await api.disconnect({ node, connection: row.connection });
      toasts.show(`${who} was disconnected`);
      onDone();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The hub refused");
      setBusy(false);
    }
  }

  return (
    <Dialog title={`Disconnect ${who}?`} onClose={onClose}>
      <div class="dialog-body">
        <p>
          Ends connection <code>{row.id}</code>
          {row.user === null ? "" : ` of user ${row.user}`} on {node}. Its client is told as of any disconnect and may
          come back by itself. What you do here is kept in the list of administrator actions.
        </p>
        {problem === null ? null : (
          <p class="form-error" role="alert">
            <Icon name="alert" />
            {problem}
          </p>
        )}
        <div class="form-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button type="button" class="button" data-kind="danger" disabled={busy} onClick={() => void disconnect()}>
            Disconnect
          </button>
        </div>
      </div>
    </Dialog>
  );
}
