import type { ConnectionFilter } from "@wsight/protocol";
import type { ConnectionState } from "../connections.ts";
import { type Found, idOf, statusOf } from "./found.ts";

type Test = (found: Found, state: ConnectionState, now: number) => boolean;

/** Makes a test of a filter: only what is asked for is looked at, what costs least first. */
export function compileFilter(filter: ConnectionFilter): Test {
  const tests: Test[] = [];
  const { user, channel, library, server, transport, id, state: status, text } = filter;
  const { minRttMs, minAgeMs, minBufferedBytes } = filter;
  if (library !== undefined) tests.push(({ source }) => source.library === library);
  if (server !== undefined) tests.push(({ source }) => source.server === server);
  if (user !== undefined) tests.push((_, state) => state.user === user);
  if (channel !== undefined) tests.push((_, state) => state.channel === channel);
  if (minRttMs !== undefined) tests.push((_, { rttMs }) => rttMs !== null && rttMs > minRttMs);
  if (minAgeMs !== undefined) tests.push((_, { openedAt }, now) => now - openedAt > minAgeMs);
  if (transport !== undefined) tests.push(({ look, connection }) => look.transportOf(connection) === transport);
  if (minBufferedBytes !== undefined)
    tests.push(({ look, connection }) => look.bufferedBytes(connection) > minBufferedBytes);
  if (status !== undefined) tests.push((found, state, now) => statusOf(found, state, now) === status);
  if (id !== undefined) tests.push((found) => idOf(found) === id);
  const joined = joinedTest(filter);
  if (joined !== null) tests.push(joined);
  if (text.length > 0) tests.push(textTest(text));
  return (found, state, now) => tests.every((test) => test(found, state, now));
}

/** Namespace and room are of one socket: a room of that name elsewhere is another room. */
function joinedTest({ namespace, room }: ConnectionFilter): Test | null {
  if (namespace === undefined && room === undefined) return null;
  return ({ look, connection }) => {
    for (const { id, nsp } of look.socketsOf(connection)) {
      if (namespace !== undefined && nsp.name !== namespace) continue;
      if (room === undefined || (room !== id && nsp.adapter.sids.get(id)?.has(room) === true)) return true;
    }
    return false;
  };
}

function textTest(words: readonly string[]): Test {
  return (found, { user, channel }) => {
    const names = [idOf(found), user ?? "", channel ?? ""].map((name) => name.toLowerCase());
    return words.every((word) => names.some((name) => name.includes(word)));
  };
}
