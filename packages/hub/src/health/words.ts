/** Times as people say them: `12 s`, `3 min`, `5 h`, `2 d`. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}

/** A figure with its unit: seconds as ms below one, ratios as per cent. */
export function figure(value: number, unit: string): string {
  if (unit === "s") return value < 1 ? `${trim(value * 1000)} ms` : `${trim(value)} s`;
  if (unit === "1") return `${trim(value * 100)} %`;
  if (unit === "By") return `${trim(value / 1_048_576)} MiB`;
  return trim(value);
}

/** Three digits at most, no zeros behind. */
function trim(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** `web-1` of `chat/web-1`. */
export function instanceOf(node: string): string {
  return node.slice(node.indexOf("/") + 1);
}
