import {
  extendedSlot,
  type PrismaCall,
  type PrismaClientLike,
  SLOT_NAME,
  slotOf,
} from "./integrations/database/prisma-like.ts";

/** Nothing that an extension adds to a client, in the words of Prisma's types. */
type Nothing = Record<never, never>;

/** What `$extends` of a Prisma client takes. It adds nothing to the type of the client. */
export type PrismaExtension = (client: object) => {
  readonly $extends: {
    readonly extArgs: {
      readonly result: Nothing;
      readonly model: Nothing;
      readonly query: Nothing;
      readonly client: Nothing;
    };
  };
};

/**
 * Lets operations of a Prisma client be counted and timed: an extension that
 * does nothing until the client it made is watched, before or after. Put it
 * last, so that it sees what other extensions make of an operation as one.
 * @example
 * const prisma = new PrismaClient({ adapter }).$extends(prismaExtension());
 * await monitor({ prisma });
 */
export function prismaExtension(): PrismaExtension {
  return ((client: PrismaClientLike) => {
    // Twice in one chain it would count everything twice.
    if (extendedSlot(client) !== null) return client;
    const slot = slotOf(client);
    slot.parent = client;
    return client.$extends({
      name: "wsight",
      query: {
        $allOperations(call: PrismaCall): PromiseLike<unknown> {
          return slot.watch === null ? call.query(call.args) : slot.watch.run(call);
        },
      },
      client: { [SLOT_NAME]: slot },
    });
  }) as PrismaExtension;
}
