import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Dialog } from "../../components/dialog.tsx";
import { Icon } from "../../components/icon.tsx";
import type { Saving } from "./use-saving.ts";

interface FormDialogProps {
  readonly title: string;
  /** What the button says. */
  readonly action: string;
  readonly danger?: boolean;
  readonly saving: Saving;
  /** Why it can't be sent as it stands; `null` when it can. */
  readonly obstacle?: string | null;
  readonly onClose: () => void;
  readonly onSubmit: () => void;
  readonly children: ComponentChildren;
}

/** What somebody writes into or chooses from. */
const FIELDS = "input:not([type=radio]), input:checked, textarea, select";

/** A form in a dialog, begun at its first field: what the hub says is wrong with it stands above its buttons. */
export function FormDialog(props: FormDialogProps): VNode {
  const { title, action, danger = false, saving, obstacle = null, onClose, onSubmit, children } = props;
  const form = useRef<HTMLFormElement>(null);
  // Opened, a dialog is at its button to close it, which a space between two words would press.
  useEffect(() => form.current?.querySelector<HTMLElement>(FIELDS)?.focus(), []);
  return (
    <Dialog title={title} class="form-dialog" onClose={onClose}>
      <form
        ref={form}
        class="dialog-body"
        onSubmit={(event) => {
          event.preventDefault();
          if (obstacle === null) onSubmit();
        }}
      >
        {children}
        {saving.problem === null ? null : (
          <p class="form-error" role="alert">
            <Icon name="alert" />
            {saving.problem}
          </p>
        )}
        <div class="form-actions">
          {obstacle === null ? null : <p class="fine">{obstacle}</p>}
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button
            type="submit"
            class="button"
            data-kind={danger ? "danger" : "primary"}
            disabled={saving.busy || obstacle !== null}
          >
            {action}
          </button>
        </div>
      </form>
    </Dialog>
  );
}

interface ConfirmProps {
  readonly title: string;
  readonly action: string;
  readonly saving: Saving;
  readonly onClose: () => void;
  readonly onConfirm: () => void;
  readonly children: ComponentChildren;
}

/** Asks whether something is really to be taken away. */
export function Confirm({ title, action, saving, onClose, onConfirm, children }: ConfirmProps): VNode {
  return (
    <FormDialog title={title} action={action} danger saving={saving} onClose={onClose} onSubmit={onConfirm}>
      <p>{children}</p>
    </FormDialog>
  );
}
