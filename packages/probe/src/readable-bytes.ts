/** A size for people: `100 MiB`, `976.6 KiB`; `none` for no limit. */
export function readableBytes(bytes: number): string {
  if (bytes <= 0) return "none";
  const step = [1, 1024, 1024 ** 2, 1024 ** 3].findLast((size) => bytes >= size) ?? 1;
  const unit = { 1: "B", 1024: "KiB", [1024 ** 2]: "MiB", [1024 ** 3]: "GiB" }[step];
  return `${Number((bytes / step).toFixed(1))} ${unit}`;
}
