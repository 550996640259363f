import type { ComponentChildren, VNode } from "preact";
import { Icon } from "../../components/icon.tsx";
import type { IconName } from "../../components/icons.ts";

interface NothingProps {
  readonly icon: IconName;
  readonly title: string;
  readonly why: string;
  /** What can be done; nothing for people who may not. */
  readonly children?: ComponentChildren;
}

/** Stands where rows would: what they are, why there are none, what to do. */
export function Nothing({ icon, title, why, children }: NothingProps): VNode {
  return (
    <div class="empty">
      <Icon name={icon} />
      <b>{title}</b>
      <p>{why}</p>
      {children === undefined || children === null ? null : <div class="empty-acts">{children}</div>}
    </div>
  );
}
