/** What a command does to the data set. */
type RedisKind = "read" | "write" | "other";

/**
 * Where a reply says whether what was asked for was there: `value`: one value, `null` when it was not · `values`: a
 * list with a `null` for each that was not · `fields`: all fields of one key, none when it was not · `number`: how many
 * of the keys there are.
 */
type Asks = "value" | "values" | "fields" | "number";

/** A command as its name tells it. */
export interface RedisCommand {
  /** In capital letters; `OTHER` for one that is not in the list. */
  readonly name: string;
  readonly kind: RedisKind;
  /** Set for commands that ask a cache for something. */
  readonly asks: Asks | null;
  /** Waits by design: `always`, or only with the argument `BLOCK`. */
  readonly waits: "always" | "block" | "never";
}

const READ = `
  BITCOUNT BITFIELD_RO BITPOS DBSIZE DUMP EVALSHA_RO EVAL_RO EXISTS EXPIRETIME FCALL_RO GEODIST GEOHASH GEOPOS
  GEORADIUSBYMEMBER_RO GEORADIUS_RO GEOSEARCH GET GETBIT GETRANGE HEXISTS HEXPIRETIME HGET HGETALL HKEYS HLEN HMGET
  HPEXPIRETIME HPTTL HRANDFIELD HSCAN HSTRLEN HTTL HVALS JSON.ARRINDEX JSON.ARRLEN JSON.GET JSON.MGET JSON.OBJKEYS
  JSON.OBJLEN JSON.STRLEN JSON.TYPE KEYS LCS LINDEX LLEN LPOS LRANGE MGET PEXPIRETIME PFCOUNT PTTL RANDOMKEY SCAN SCARD
  SDIFF SINTER SINTERCARD SISMEMBER SMEMBERS SMISMEMBER SORT_RO SRANDMEMBER SSCAN STRLEN SUBSTR SUNION TOUCH TTL TYPE
  XLEN XPENDING XRANGE XREAD XREVRANGE ZCARD ZCOUNT ZDIFF ZINTER ZINTERCARD ZLEXCOUNT ZMSCORE ZRANDMEMBER ZRANGE
  ZRANGEBYLEX ZRANGEBYSCORE ZRANK ZREVRANGE ZREVRANGEBYLEX ZREVRANGEBYSCORE ZREVRANK ZSCAN ZSCORE ZUNION`;

const WRITE = `
  APPEND BITFIELD BITOP BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN COPY DECR DECRBY DEL EXPIRE
  EXPIREAT FLUSHALL FLUSHDB GEOADD GEORADIUS GEORADIUSBYMEMBER GEOSEARCHSTORE GETDEL GETEX GETSET HDEL HEXPIRE HEXPIREAT
  HGETDEL HGETEX HINCRBY HINCRBYFLOAT HMSET HPERSIST HPEXPIRE HPEXPIREAT HSET HSETEX HSETNX INCR INCRBY INCRBYFLOAT
  JSON.ARRAPPEND JSON.ARRINSERT JSON.ARRPOP JSON.ARRTRIM JSON.CLEAR JSON.DEL JSON.MERGE JSON.MSET JSON.NUMINCRBY
  JSON.SET JSON.STRAPPEND JSON.TOGGLE LINSERT LMOVE LMPOP LPOP LPUSH LPUSHX LREM LSET LTRIM MIGRATE MOVE MSET MSETNX
  PERSIST PEXPIRE PEXPIREAT PFADD PFMERGE PSETEX RENAME RENAMENX RESTORE RPOP RPOPLPUSH RPUSH RPUSHX SADD SDIFFSTORE SET
  SETBIT SETEX SETNX SETRANGE SINTERSTORE SMOVE SORT SPOP SREM SUNIONSTORE SWAPDB UNLINK XACK XADD XAUTOCLAIM XCLAIM
  XDEL XREADGROUP XSETID XTRIM ZADD ZDIFFSTORE ZINCRBY ZINTERSTORE ZMPOP ZPOPMAX ZPOPMIN ZRANGESTORE ZREM
  ZREMRANGEBYLEX ZREMRANGEBYRANK ZREMRANGEBYSCORE ZUNIONSTORE`;

const NEITHER = `
  ACL ASKING AUTH BGREWRITEAOF BGSAVE CLIENT CLUSTER COMMAND CONFIG DEBUG DISCARD ECHO EVAL EVALSHA EXEC FAILOVER FCALL
  FT.AGGREGATE FT.CREATE FT.SEARCH FUNCTION HELLO INFO LASTSAVE LATENCY MEMORY MODULE MONITOR MULTI OBJECT PING
  PSUBSCRIBE PUBLISH PUBSUB PUNSUBSCRIBE QUIT READONLY READWRITE RESET ROLE SAVE SCRIPT SELECT SLOWLOG SPUBLISH
  SSUBSCRIBE SUBSCRIBE SUNSUBSCRIBE TIME UNSUBSCRIBE UNWATCH WAIT WAITAOF WATCH XGROUP XINFO`;

const ASKS: readonly (readonly [Asks, string])[] = [
  ["value", "GET GETEX GETDEL GETSET HGET JSON.GET"],
  ["values", "MGET HMGET HGETDEL HGETEX JSON.MGET"],
  ["fields", "HGETALL"],
  ["number", "EXISTS"],
];

const WAITS: readonly (readonly ["always" | "block", string])[] = [
  ["always", "BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN WAIT WAITAOF"],
  ["block", "XREAD XREADGROUP"],
];

/** What every command that is not in the list counts as. */
export const OTHER_COMMAND: RedisCommand = { name: "OTHER", kind: "other", asks: null, waits: "never" };

const COMMANDS: ReadonlyMap<string, RedisCommand> = new Map(
  (
    [
      ["read", READ],
      ["write", WRITE],
      ["other", NEITHER],
    ] as const
  ).flatMap(([kind, names]) =>
    words(names).map((name): [string, RedisCommand] => [
      name,
      { name, kind, asks: listed(ASKS, name) ?? null, waits: listed(WAITS, name) ?? "never" },
    ]),
  ),
);

/** The command of a name in any spelling, text or bytes. */
export function findCommand(name: unknown): RedisCommand {
  const text = typeof name === "string" ? name : Buffer.isBuffer(name) ? name.toString("latin1", 0, 32) : "";
  return COMMANDS.get(text.length > 32 ? "" : text.toUpperCase()) ?? OTHER_COMMAND;
}

/** `BLOCK` stands among the first arguments: `XREADGROUP GROUP g c COUNT 5 BLOCK 1000 NOACK STREAMS …`. */
const BLOCK_REACH = 10;

/** True for a call that waits by design. */
export function doesWait({ waits }: RedisCommand, args: ArrayLike<unknown>): boolean {
  if (waits !== "block") return waits === "always";
  for (let i = 0; i < Math.min(args.length, BLOCK_REACH); i++) {
    const word = String(args[i]).slice(0, 8).toUpperCase();
    if (word === "BLOCK") return true;
    if (word === "STREAMS") return false;
  }
  return false;
}

/** How many of the values asked for a reply holds; `null` where it does not say, as for an error. @param asked keys of the call */
export function foundIn(
  asks: Asks,
  reply: unknown,
  asked: number,
): { readonly hits: number; readonly misses: number } | null {
  if (asks === "value") return reply === null || reply === undefined ? MISS : HIT;
  if (asks === "fields") return isEmpty(reply) ? MISS : HIT;
  if (asks === "number") {
    const hits = Number(reply);
    return Number.isInteger(hits) && hits <= asked ? { hits, misses: asked - hits } : null;
  }
  if (!Array.isArray(reply)) return reply === null ? { hits: 0, misses: asked } : null;
  let misses = 0;
  for (const value of reply as readonly unknown[]) if (value === null || value === undefined) misses++;
  return { hits: reply.length - misses, misses };
}

const HIT = { hits: 1, misses: 0 } as const;
const MISS = { hits: 0, misses: 1 } as const;

/** Replies of one key's fields: a list, a map or an object, as the client and its protocol make it. */
function isEmpty(reply: unknown): boolean {
  if (reply === null || reply === undefined) return true;
  if (Array.isArray(reply)) return reply.length === 0;
  if (reply instanceof Map) return reply.size === 0;
  return typeof reply === "object" && Object.keys(reply).length === 0;
}

function words(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== "");
}

function listed<T>(lists: readonly (readonly [T, string])[], name: string): T | undefined {
  return lists.find(([, names]) => words(names).includes(name))?.[0];
}
