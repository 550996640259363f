/** Name of a file for what has a title: `wsight-message-rate.csv`. */
export function fileName(title: string, extension: string): string {
  return `wsight-${title
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "")}.${extension}`;
}

/** Has the browser fetch a file from the hub. */
export function fetchFile(href: string): void {
  const link = document.createElement("a");
  link.href = href;
  link.download = "";
  link.click();
}

/** Hands content to the browser as a file. */
export function saveFile(name: string, type: string, content: string | Blob): void {
  const url = URL.createObjectURL(content instanceof Blob ? content : new Blob([content], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download begins in its own time; the address must outlive the click.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
