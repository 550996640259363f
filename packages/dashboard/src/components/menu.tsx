import type { ComponentChildren, TargetedToggleEvent, VNode } from "preact";
import { useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";
import type { IconName } from "./icons.ts";

/** One line of a menu. */
export interface MenuItem {
  readonly label: string;
  readonly icon: IconName;
  readonly note?: string;
  readonly run: () => void;
}

interface MenuProps {
  /** Accessible name of the menu. */
  readonly label: string;
  /** Accessible name of a button whose content is only an icon. */
  readonly buttonLabel?: string;
  readonly items: readonly MenuItem[];
  readonly buttonClass: string;
  readonly buttonKind?: "bare" | "square";
  /** True when one of its items is what is shown. */
  readonly current?: boolean;
  readonly children: ComponentChildren;
}

/** A button with a native popover of actions; arrow keys move, Escape closes and gives the focus back. */
export function Menu({ label, buttonLabel, items, buttonClass, buttonKind, current, children }: MenuProps): VNode {
  const id = useId();
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  function onToggle(event: TargetedToggleEvent<HTMLDivElement>): void {
    const open = event.newState === "open";
    button.current?.setAttribute("aria-expanded", String(open));
    if (open && button.current !== null && list.current !== null) {
      place(list.current, button.current.getBoundingClientRect());
      list.current.querySelector<HTMLElement>("[role=menuitem]")?.focus();
    }
  }

  return (
    <>
      <button
        ref={button}
        type="button"
        class={buttonClass}
        data-kind={buttonKind}
        aria-haspopup="menu"
        aria-expanded="false"
        aria-label={buttonLabel}
        aria-current={current === true ? "true" : undefined}
        popovertarget={id}
      >
        {children}
      </button>
      <div
        ref={list}
        id={id}
        class="menu"
        popover="auto"
        role="menu"
        aria-label={label}
        onToggle={onToggle}
        onKeyDown={moveFocus}
      >
        {items.map((item) => (
          <button
            key={item.label}
            type="button"
            role="menuitem"
            class="menu-item"
            tabIndex={-1}
            onClick={() => {
              list.current?.hidePopover();
              item.run();
            }}
          >
            <Icon name={item.icon} />
            {item.label}
            {item.note === undefined ? null : <small>{item.note}</small>}
          </button>
        ))}
      </div>
    </>
  );
}

function place(menu: HTMLElement, anchor: DOMRect): void {
  const { offsetWidth: width, offsetHeight: height } = menu;
  const below = anchor.bottom + 4;
  const fits = below + height <= innerHeight - 8;
  // Under a small button at its right edge, under a wide one at its left.
  const left = anchor.width < width && anchor.right - width >= 8 ? anchor.right - width : anchor.left;
  menu.style.top = `${fits ? below : Math.max(8, anchor.top - height - 4)}px`;
  menu.style.left = `${Math.max(8, left)}px`;
}

function moveFocus(event: KeyboardEvent): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>("[role=menuitem]")];
  const current = items.indexOf(document.activeElement as HTMLElement);
  const target = {
    ArrowDown: (current + 1) % items.length,
    ArrowUp: (current - 1 + items.length) % items.length,
    Home: 0,
    End: items.length - 1,
  }[event.key];
  if (target === undefined) return;
  event.preventDefault();
  items[target]?.focus();
}
