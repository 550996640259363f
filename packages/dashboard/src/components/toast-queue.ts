import { type ReadonlySignal, signal } from "@preact/signals";

/** A short message that goes away by itself. */
interface Toast {
  readonly id: number;
  readonly tone: "ok" | "crit";
  readonly text: string;
}

/** The messages on screen, at most three. */
export interface Toasts {
  readonly shown: ReadonlySignal<readonly Toast[]>;
  show(text: string, tone?: Toast["tone"]): void;
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
    show(text, tone = "ok") {
      const id = next++;
      shown.value = [...shown.peek(), { id, tone, text }].slice(-MOST);
      setTimeout(() => dismiss(id), STAYS_MS);
    },
  };
}
