import type { ChannelType } from "@wsight/protocol";
import type { AddressGuard } from "./address/address-guard.ts";
import type { Notifier } from "./notifier.ts";

/** What notifiers are made with. */
export interface NotifierTools {
  /** Decides whom they may connect to. */
  readonly guard: AddressGuard;
  /** Folder of the files of channel type `file`; `null` when nothing may be written. */
  readonly noticesDir: string | null;
  /** ms epoch. */
  now(): number;
}

/** Every way to tell people: one line each. */
export const NOTIFIERS: readonly ((tools: NotifierTools) => Notifier)[] = [];

/** One notifier for each channel type. Close them when done. */
export function createNotifiers(tools: NotifierTools): ReadonlyMap<ChannelType, Notifier> {
  return new Map(NOTIFIERS.map((create) => create(tools)).map((notifier) => [notifier.type, notifier]));
}
