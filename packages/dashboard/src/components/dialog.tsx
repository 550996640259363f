import type { ComponentChildren, VNode } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

interface DialogProps {
  readonly title: string;
  readonly class?: string;
  /** Hides the title bar; the title stays as the accessible name. */
  readonly bare?: boolean;
  /** Leave out for a dialog that only goes away when its reason does. */
  readonly onClose?: () => void;
  readonly children: ComponentChildren;
}

/** A native modal dialog that is open for as long as it is rendered. */
export function Dialog({ title, class: className = "", bare = false, onClose, children }: DialogProps): VNode {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a click beside the dialog closes it, as Escape does through onCancel
    <dialog
      ref={dialog}
      class={`dialog ${className}`}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose?.();
      }}
      onClick={(event) => {
        if (event.target === dialog.current) onClose?.();
      }}
    >
      {bare ? (
        <h2 id={id} class="sr-only">
          {title}
        </h2>
      ) : (
        <div class="dialog-head">
          <h2 id={id}>{title}</h2>
          {onClose === undefined ? null : (
            <button type="button" class="button" data-kind="bare" aria-label="Close" onClick={onClose}>
              <Icon name="close" />
            </button>
          )}
        </div>
      )}
      {children}
    </dialog>
  );
}
