/** Rows as CSV (RFC 4180) that a spreadsheet opens without running anything. */
export function toCsv(columns: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  return [columns, ...rows].map((cells) => cells.map(cell).join(",")).join("\r\n");
}

function cell(value: string | number | null): string {
  if (value === null) return "";
  if (typeof value === "number") return Number.isFinite(value) ? String(value) : "";
  // A leading =, +, -, @, tab or return makes spreadsheets read text as a formula (CWE-1236).
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Hands rows to the browser as a file named after `title`. */
export function downloadCsv(title: string, ...table: Parameters<typeof toCsv>): void {
  const url = URL.createObjectURL(new Blob([toCsv(...table)], { type: "text/csv" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `wsight-${title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-")}.csv`;
  link.click();
  URL.revokeObjectURL(url);
}
