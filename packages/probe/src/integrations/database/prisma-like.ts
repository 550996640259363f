/** What is used of a client of Prisma. */
export interface PrismaClientLike {
  readonly $extends: (extension: unknown) => unknown;
  readonly $queryRawUnsafe: (query: string) => PromiseLike<unknown>;
  /** Which database it speaks to, private: only read where it is a text. */
  readonly _activeProvider?: unknown;
  readonly _clientVersion?: unknown;
  /** Where its adapter is found, private: only read where it looks as expected. */
  readonly _engineConfig?: { readonly adapter?: { readonly config?: unknown; readonly externalPool?: unknown } };
}

/** What Prisma hands to an extension for each operation. */
export interface PrismaCall {
  readonly model?: string | undefined;
  readonly operation: string;
  readonly args: unknown;
  readonly query: (args: unknown) => PromiseLike<unknown>;
}

/** Runs the operations of a client while it is watched. */
export interface PrismaWatch {
  readonly run: (call: PrismaCall) => PromiseLike<unknown>;
}

/** What connects an extended client, the client it was made from, and whoever watches them. */
export interface PrismaSlot {
  readonly [MARK]: true;
  /** The newest client that was extended: operations of this one are not seen. */
  parent: PrismaClientLike | null;
  watch: PrismaWatch | null;
}

/** Tells our slot from anything else; the same in every copy of this package. */
const MARK: unique symbol = Symbol.for("wsight.prisma.v1");
/** Where an extended client shows its slot: Prisma passes on only names that are texts. */
export const SLOT_NAME = "$wsight";

/** True for a client of Prisma by what it can do. */
export function isPrismaClient(target: unknown): target is PrismaClientLike {
  if ((typeof target !== "object" && typeof target !== "function") || target === null) return false;
  const { $extends, $queryRawUnsafe } = target as Partial<PrismaClientLike>;
  return typeof $extends === "function" && typeof $queryRawUnsafe === "function";
}

/** The slot of a client that was extended already, `null` for any other. */
export function extendedSlot(client: object): PrismaSlot | null {
  return asSlot(Reflect.get(client, SLOT_NAME));
}

/** The slot of a client; made when there is none, so that it is the same before and after the client is extended. */
export function slotOf(client: object): PrismaSlot {
  const known = extendedSlot(client) ?? asSlot(Reflect.get(client, MARK));
  if (known !== null) return known;
  const made: PrismaSlot = { [MARK]: true, parent: null, watch: null };
  Reflect.defineProperty(client, MARK, { value: made, configurable: true, enumerable: false });
  return made;
}

function asSlot(value: unknown): PrismaSlot | null {
  return typeof value === "object" && value !== null && MARK in value ? (value as PrismaSlot) : null;
}
