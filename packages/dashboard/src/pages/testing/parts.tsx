import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { Bar } from "../../components/bar.tsx";
import { number, ratio } from "./words.ts";

interface PartProps {
  readonly title: string;
  readonly note?: string;
  readonly children: ComponentChildren;
}

/** A part of an outcome under a heading of its own. */
export function Part({ title, note, children }: PartProps): VNode {
  const id = useId();
  return (
    <section class="outcome-part" aria-labelledby={id}>
      <h3 id={id}>
        {title}
        {note === undefined ? null : <span class="card-note"> {note}</span>}
      </h3>
      {children}
    </section>
  );
}

/** Names and values in lines. */
export function Facts({ facts }: { readonly facts: readonly (readonly [name: string, value: string])[] }): VNode {
  return (
    <dl class="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

interface WorkersProps {
  readonly workers: readonly { readonly worker: string; readonly connections: number }[];
  readonly unknown: number;
}

/** How connections spread, as bars; the mark is the fair share. */
export function Workers({ workers, unknown }: WorkersProps): VNode {
  const all = workers.reduce((sum, { connections }) => sum + connections, unknown);
  const most = Math.max(unknown, ...workers.map(({ connections }) => connections));
  const fair = (all - unknown) / Math.max(1, workers.length) / Math.max(1, most);
  return (
    <ul class="tally">
      {workers.slice(0, 32).map(({ worker, connections }) => (
        <li key={worker}>
          <span class="truncate">{worker}</span>
          <b>
            {number(connections)} <span class="fine">{ratio(connections / all)}</span>
          </b>
          <Bar share={connections / most} {...(workers.length > 1 ? { mark: fair } : {})} />
        </li>
      ))}
      {unknown === 0 ? null : (
        <li>
          <span>not known</span>
          <b>{number(unknown)}</b>
          <Bar share={unknown / most} tone="quiet" />
        </li>
      )}
    </ul>
  );
}
