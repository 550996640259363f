import type { ComponentChildren, VNode } from "preact";

/** One row of a list of facts (`dl`): a name and what it is. */
export function Fact({ name, children }: { readonly name: string; readonly children: ComponentChildren }): VNode {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
