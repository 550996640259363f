import type { Integration } from "../integration.ts";

/** Every library wsight can watch, the more specific ones first. */
export const integrations: readonly Integration[] = [];
