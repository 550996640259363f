import type { SourceHint } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../app-context.ts";
import { Icon } from "../components/icon.tsx";

/** Why there is nothing to see, and the lines to paste. */
export function HowTo({ hint }: { readonly hint: SourceHint }): VNode {
  const { title, why, fix } = hint;
  return (
    <div class="empty how-to">
      <Icon name={fix === null ? "waiting" : "plug"} />
      <b>{title}</b>
      <p>{why}</p>
      {fix === null ? null : (
        <>
          <p>{fix.text}</p>
          {fix.code === null ? null : <Code text={fix.code} />}
        </>
      )}
    </div>
  );
}

/** Lines to paste, each block with a button of its own. */
function Code({ text }: { readonly text: string }): VNode {
  const app = useApp();
  return (
    <>
      {text.split("\n\n").map((block) => (
        <div key={block} class="snippet">
          <pre>
            <code>{block}</code>
          </pre>
          <button
            type="button"
            class="button"
            data-kind="bare"
            aria-label={`Copy ${firstWords(block)}`}
            onClick={() => app.copy(block, "Lines")}
          >
            <Icon name="copy" />
          </button>
        </div>
      ))}
    </>
  );
}

function firstWords(block: string): string {
  const [first = ""] = block.split("\n");
  return first.startsWith("//") ? `the lines for ${first.slice(2).trim()}` : first;
}
