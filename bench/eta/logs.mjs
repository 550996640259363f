// Logs of real jobs, read into one shape: `{ at, end, runMs, ok, user, name, size }`,
// times in ms, in order of their submission. The format is told by what is in
// the file, so that any log of one of these kinds can be laid into the folder.

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

/** Where logs are looked for. */
export function logFolder() {
  return process.env.WSIGHT_JOB_LOGS ?? fileURLToPath(new URL("../../../shared/data/jobs", import.meta.url));
}

/** Names of the files in a folder that may be logs; none when there is no folder. */
export function logNames(folder) {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(folder)
    .filter((name) => /\.(swf|csv)(\.gz)?$/.test(name))
    .sort();
}

/** The jobs of a file; throws for one of a kind that is not known. */
export function readLog(folder, name) {
  const bytes = readFileSync(join(folder, name));
  const text = (name.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString("utf8");
  const header = text.slice(0, text.indexOf("\n"));
  const jobs = header.includes("exec_time_seconds") ? readImageLog(text) : readSwf(text);
  if (jobs.length === 0) throw new Error("expected Standard Workload Format, or a header with exec_time_seconds");
  return jobs.sort((a, b) => a.at - b.at);
}

/**
 * Standard Workload Format. The size is the time that was asked for, where it was, else the processors; the name is
 * the application, where it is known, else the processors.
 */
function readSwf(text) {
  const jobs = [];
  for (const line of text.split("\n")) {
    const fields = line.trim().split(/\s+/).map(Number);
    if (line.startsWith(";") || fields.length < 14) continue;
    const [, at, wait, run, used, , , asked, askedTime, , status, user, , application] = fields;
    // 2, 3 and 4 are parts of a job that another line tells as a whole.
    if (!(run > 0) || (status >= 2 && status <= 4)) continue;
    const processors = used > 0 ? used : asked;
    jobs.push({
      at: at * 1000,
      end: (at + Math.max(0, wait) + run) * 1000,
      runMs: run * 1000,
      ok: status === 1 || status === -1,
      user: user >= 0 ? `u${user}` : null,
      name: application >= 0 ? `a${application}` : `p${processors}`,
      size: askedTime > 0 ? askedTime : processors > 0 ? processors : null,
    });
  }
  return jobs;
}

/** Image generation (GenTD26): the size is images × steps, the name the kind and the model. */
function readImageLog(text) {
  const [header, ...lines] = text.trim().split("\n");
  const columns = header.trim().split(",");
  const jobs = [];
  for (const line of lines) {
    const fields = line.trim().split(",");
    const of = (column) => fields[columns.indexOf(column)] ?? "";
    const runMs = Number(of("exec_time_seconds")) * 1000;
    const at = Date.parse(`${of("gmt_create").replace(" ", "T")}Z`);
    if (!(runMs > 0) || Number.isNaN(at)) continue;
    jobs.push({
      at,
      end: at + runMs,
      runMs,
      ok: of("predict_status") === "SUCCEED",
      user: of("groupId") || null,
      name: `${of("predict_type")} ${of("checkpoint_model_version_id")}`,
      size: (Number(of("num_images_per_prompt")) || 1) * (Number(of("num_inference_steps")) || 30),
    });
  }
  return jobs;
}
