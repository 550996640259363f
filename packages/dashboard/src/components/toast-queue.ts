import { type ReadonlySignal, signal } from "@preact/signals";

/** A short message that goes away by itself. */
interface Toast {
  readonly id: number;
  readonly tone: "ok" | "warn" | "crit";
  readonly text: string;
  /** Where more of it is. */
  readonly link?: { readonly text: string; readonly href: string } | undefined;
}

/** The messages on screen, at most three. */
export interface Toasts {
  readonly shown: ReadonlySignal<readonly Toast[]>;
  show(text: string, tone?: Toast["tone"], link?: Toast["link"]): void;
  dismiss(id: number): void;
}

const STAYS_MS = 5000;
const MOST = 3;

/** Makes an empty set of toasts. */
export function createToasts(): Toasts {
  const shown = signal<readonly Toast[]>([]);
  let next = 0;
  const dismiss = (id: number) => {
    shown.value = shown.peek().filter((toast) => toast.id !== id);
  };
  return {
    shown,
    dismiss,
    show(text, tone = "ok", link) {
      const id = next++;
      shown.value = [...shown.peek(), { id, tone, text, link }].slice(-MOST);
      // There is time to follow a link.
      setTimeout(() => dismiss(id), link === undefined ? STAYS_MS : 2 * STAYS_MS);
    },
  };
}
