import type { VNode } from "preact";
import { Choice } from "../components/choice.tsx";
import type { Order } from "./row-book.ts";

/** An order to choose; `value` is what it is ordered by and `asc` or `desc`, as in `user-asc`. */
export interface OrderChoice<Sort extends string> {
  readonly value: string;
  readonly label: string;
  readonly order: Order<Sort>;
}

interface OrderSelectProps<Sort extends string> {
  readonly order: Order<Sort>;
  readonly choices: readonly OrderChoice<Sort>[];
  readonly onOrder: (order: Order<Sort>) => void;
}

/** What rows are ordered by, where columns have no heads to press. An order that is no choice is shown all the same. */
export function OrderSelect<Sort extends string>({ order, choices, onOrder }: OrderSelectProps<Sort>): VNode {
  const value = `${order.sort}-${order.descending ? "desc" : "asc"}`;
  const known = choices.some((choice) => choice.value === value);
  return (
    <Choice
      aria-label="Order"
      value={value}
      options={known ? choices : [{ value, label: `By ${order.sort}` }, ...choices]}
      onChange={(next) => {
        const choice = choices.find((each) => each.value === next);
        if (choice !== undefined) onOrder(choice.order);
      }}
    />
  );
}
