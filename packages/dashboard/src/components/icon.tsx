import { h, type VNode } from "preact";
import { ICONS, type IconName } from "./icons.ts";

/** An icon of the set. It says nothing to a screen reader: the text beside it does. */
export function Icon({ name }: { readonly name: IconName }): VNode {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {ICONS[name].map(([tag, attributes], index) => h(tag, { key: index, ...attributes }))}
    </svg>
  );
}
