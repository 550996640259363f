import type { ComponentChildren, VNode } from "preact";
import { Dialog } from "./dialog.tsx";

interface DrawerProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A dialog at the side of the window, for a closer look at one thing of a list. */
export function Drawer({ title, onClose, children }: DrawerProps): VNode {
  return (
    <Dialog title={title} class="drawer" onClose={onClose}>
      {children}
    </Dialog>
  );
}
