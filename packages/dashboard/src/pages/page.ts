import type { ComponentType } from "preact";
import type { IconName } from "../components/icons.ts";
import type { OnScreen } from "../state/index.ts";

const GROUP_NAMES = ["Realtime", "Platform"] as const;

/** Pages that stand together, in the order of the sidebar. */
export const PAGE_GROUPS: readonly { readonly name: (typeof GROUP_NAMES)[number]; readonly icon: IconName }[] = [
  { name: "Realtime", icon: "cable" },
  { name: "Platform", icon: "cpu" },
];

/** One page of the dashboard: a file in this folder and a line in `pages.ts`. */
export interface Page {
  /** First word of its address. */
  readonly id: string;
  readonly title: string;
  readonly icon: IconName;
  /** Second key of the shortcut `g …`. */
  readonly key: string;
  /** Where its link stands: with the others, or at the foot of the sidebar. */
  readonly place: "nav" | "foot";
  /** Those it stands with. */
  readonly group?: (typeof GROUP_NAMES)[number];
  /** What it shows of the live data; only that is sent. */
  readonly onScreen: OnScreen;
  /** Whether the window, node switch and pause apply to it. */
  readonly timed: boolean;
  readonly Component: ComponentType;
  /** Beside its link: how much of it wants to be looked at. */
  readonly Badge?: ComponentType;
}
