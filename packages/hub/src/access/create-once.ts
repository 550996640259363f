import { randomBytes } from "node:crypto";
import { link, unlink, writeFile } from "node:fs/promises";
import { systemCode } from "../errors.ts";

/**
 * Makes a file of mode 0600 unless there is one. Processes that do so at once
 * end up with one content, whole: `link` lets only the first name its file.
 */
export async function createOnce(path: string, content: string | Uint8Array): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString("hex")}`;
  await writeFile(draft, content, { flag: "wx", mode: 0o600 });
  try {
    await link(draft, path);
  } catch (error) {
    if (systemCode(error) !== "EEXIST") throw error;
  } finally {
    await unlink(draft);
  }
}
