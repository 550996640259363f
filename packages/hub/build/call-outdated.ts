import { readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";

/** What is read of the record that `tsc -b` keeps of a project. */
interface BuildInfo {
  readonly fileNames?: readonly string[];
  readonly fileInfos?: (string | { version: string })[];
}

/**
 * Tells the compiler, in its own record, that it has compiled these sources in
 * another version, which is true of what lies there now. As long as no source
 * of the project changes it does nothing; as soon as one does, it writes these
 * anew as well. `sources` are named as in the record: from its folder.
 *
 * The record's format is not documented. Where it is not as expected it is
 * removed, and the compiler writes everything anew.
 */
export function callOutdated(record: string, sources: readonly string[]): void {
  const { atime, mtime } = statSync(record);
  const info = JSON.parse(readFileSync(record, "utf8")) as BuildInfo;
  const { fileNames = [], fileInfos = [] } = info;
  for (const source of sources) {
    const at = fileNames.indexOf(source);
    const known = fileInfos[at];
    if (known === undefined) {
      rmSync(record);
      return;
    }
    if (typeof known === "string") fileInfos[at] = "outdated";
    else known.version = "outdated";
  }
  writeFileSync(record, JSON.stringify(info));
  // Were it younger than sources that are not compiled yet, the compiler would pass them over.
  utimesSync(record, atime, mtime);
}
