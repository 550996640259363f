import type { AddressGuard } from "./address/address-guard.ts";

/** What notifiers are made with. */
export interface NotifierTools {
  /** Decides whom they may connect to. */
  readonly guard: AddressGuard;
  /** Folder of the files of channel type `file`; `null` when nothing may be written. */
  readonly noticesDir: string | null;
  /** ms epoch. */
  now(): number;
}
