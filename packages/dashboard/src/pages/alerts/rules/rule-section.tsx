import type { VNode } from "preact";
import { useId } from "preact/hooks";

/** A part of the form under its name. */
export function Section({
  title,
  children,
}: {
  readonly title: string;
  readonly children: VNode["props"]["children"];
}): VNode {
  const id = useId();
  return (
    <section class="card rule-part" aria-labelledby={id}>
      <div class="card-head">
        <h2 id={id}>{title}</h2>
      </div>
      <div class="card-body">{children}</div>
    </section>
  );
}

/** Whether something is wrong with one of these fields, or with a part of one. */
export function hasMistake(mistakes: Readonly<Record<string, string>>, names: readonly string[]): boolean {
  return Object.keys(mistakes).some((name) => names.some((start) => name.startsWith(start)));
}
