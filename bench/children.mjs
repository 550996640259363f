// Processes of a bench: each on a core of its own where `taskset` can do that, asked one question at a time.
import { fork, spawnSync } from "node:child_process";
import { once } from "node:events";

/** True when processes can be kept to one core. */
export const pinned = spawnSync("taskset", ["-c", "0", "true"]).status === 0;

/** Starts a file of `bench/`. @param core which core it gets; any when left out */
export function start(file, args, core, flags = []) {
  const path = new URL(file, import.meta.url).pathname;
  if (!pinned || core === undefined) return fork(path, args, { execArgv: flags });
  return fork(path, args, { execPath: "taskset", execArgv: ["-c", core, process.execPath, ...flags] });
}

/** The next message of a child; rejects when it ends instead. */
export async function hear(child) {
  const over = new AbortController();
  const { signal } = over;
  const ended = once(child, "exit", { signal }).then(([code]) => {
    throw new Error(`a process ended early (${code})`);
  });
  try {
    return (await Promise.race([once(child, "message", { signal }), ended]))[0];
  } finally {
    // Neither may wait on; the one that is left rejects with the abort.
    ended.catch(() => undefined);
    over.abort();
  }
}

/** Sends a question and waits for the answer. */
export function ask(child, question) {
  const answer = hear(child);
  child.send(question);
  return answer;
}

/** Ends children, and waits until they have. */
export async function end(...children) {
  await Promise.all(
    children.map(async (child) => {
      child.disconnect();
      await once(child, "exit");
    }),
  );
}
