import type { ComponentChildren, VNode } from "preact";

/** One line of a card of settings. */
export interface SettingProps {
  readonly title: string;
  readonly note: string;
  readonly children: ComponentChildren;
}

/** What it is, in words, and its value or control beside it. */
export function Setting({ title, note, children }: SettingProps): VNode {
  return (
    <div class="setting">
      <div class="setting-text">
        <h3>{title}</h3>
        <p>{note}</p>
      </div>
      {children}
    </div>
  );
}
