/** What pings ask. The remark tells people where it comes from, and other integrations that it is not the application's. */
export const PING_SQL = "SELECT 1 /* wsight ping */";

/** True for a ping of ours, however it comes by. */
export function isPingSql(config: unknown): boolean {
  const text = typeof config === "string" ? config : (Object(config) as { text?: unknown }).text;
  return text === PING_SQL;
}
