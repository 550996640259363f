import type { AlertRule } from "@wsight/protocol";

/** Rules that come with wsight, every one of them editable. Saved under its id, an edited one takes the place of the built-in one. */
export const DEFAULT_RULES: readonly AlertRule[] = [];
