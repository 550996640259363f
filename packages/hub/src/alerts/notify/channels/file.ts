import { mkdir, open, rename, stat } from "node:fs/promises";
import { join } from "node:path";
import { CHANNEL_KINDS } from "../channel-kinds.ts";
import { failure } from "../failure.ts";
import type { Notifier } from "../notifier.ts";
import type { NotifierTools } from "../notifier-tools.ts";
import { Settings, SettingsError } from "../settings.ts";

/** A file of that size becomes `FILE.1`, in place of the one before. */
const MOST_BYTES = 16 * 1024 * 1024;
const FILE_NAME = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** Appends notices to a file in the data directory, one JSON line each; told once it is on the disk. */
export function fileNotifier({ noticesDir }: NotifierTools): Notifier {
  return {
    type: "file",
    ...CHANNEL_KINDS.file,
    async send(channel, { notices, instance }) {
      try {
        const name = new Settings(channel).text("file");
        if (noticesDir === null) throw new SettingsError("there is no data directory to write to");
        if (!FILE_NAME.test(name)) throw new SettingsError(`File: expected a name as notices.jsonl, got ${name}`);
        const lines = notices.map((notice) => `${JSON.stringify({ instance, ...notice })}\n`);
        const path = join(noticesDir, name);
        await append(noticesDir, path, lines.join(""));
        return { result: "sent", providerId: null, reply: `written to ${path}` };
      } catch (error) {
        return failure(error);
      }
    },
    close: () => Promise.resolve(),
  };
}

async function append(directory: string, path: string, text: string): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const size = await stat(path).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size >= MOST_BYTES) await rename(path, `${path}.1`);
  const file = await open(path, "a", 0o600);
  try {
    await file.appendFile(text);
    await file.datasync();
  } finally {
    await file.close();
  }
}
