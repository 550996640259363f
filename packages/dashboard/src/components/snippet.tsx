import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Icon } from "./icon.tsx";

/** A line of code with a button that copies it. */
export function Snippet({ text }: { readonly text: string }): VNode {
  const app = useApp();
  return (
    <div class="snippet">
      <code>{text}</code>
      <button
        type="button"
        class="button"
        data-kind="bare"
        aria-label={`Copy ${text}`}
        onClick={() => app.copy(text, "Line")}
      >
        <Icon name="copy" />
      </button>
    </div>
  );
}
