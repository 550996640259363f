import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Icon } from "./icon.tsx";

/** Where toasts appear. */
export function ToastList(): VNode {
  const { toasts } = useApp();
  return (
    <div class="toasts" role="status">
      {toasts.shown.value.map((toast) => (
        <div key={toast.id} class="toast" data-tone={toast.tone}>
          <Icon name={toast.tone === "crit" ? "alert" : toast.tone} />
          {toast.text}
          {toast.link === undefined ? null : <a href={toast.link.href}>{toast.link.text}</a>}
          <button
            type="button"
            class="button"
            data-kind="bare"
            aria-label="Dismiss"
            onClick={() => toasts.dismiss(toast.id)}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
