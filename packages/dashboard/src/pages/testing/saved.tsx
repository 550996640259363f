import type { TestSummary } from "@wsight/protocol";
import type { VNode } from "preact";
import { useApp } from "../../app-context.ts";
import { EmptyState } from "../../components/empty-state.tsx";
import { Icon } from "../../components/icon.tsx";
import { ms, nameOf, STATES } from "./words.ts";

interface SavedProps {
  readonly tests: readonly TestSummary[];
  /** The test that is shown above. */
  readonly shown: string | null;
  /** Tests chosen to be compared, two at most. */
  readonly chosen: readonly string[];
  readonly onShow: (id: string) => void;
  readonly onChoose: (ids: readonly string[]) => void;
}

/** Tests that the hub holds, newest first. */
export function Saved({ tests, shown, chosen, onShow, onChoose }: SavedProps): VNode {
  return (
    <section class="card" aria-labelledby="saved-tests">
      <div class="card-head">
        <h2 id="saved-tests">Results</h2>
        <span class="card-note">newest first; choose two of a kind to compare them</span>
      </div>
      {tests.length === 0 ? (
        <EmptyState
          icon="ruler"
          title="No test has been run yet"
          why="What you run above, and what others run, is kept here with its figures, and marked on the time rail."
        />
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <section class="table-scroll" aria-label="Results of tests" tabIndex={0}>
          <table class="rows saved">
            <thead>
              <tr>
                <th scope="col">
                  <span class="sr-only">Compare</span>
                </th>
                <th scope="col">Test</th>
                <th scope="col">Outcome</th>
                <th scope="col" class="num">
                  p95
                </th>
                <th scope="col" class="wide-cell">
                  Target
                </th>
                <th scope="col" class="wide-cell">
                  By
                </th>
                <th scope="col" class="num wide-cell">
                  When
                </th>
              </tr>
            </thead>
            <tbody>
              {tests.map((test) => (
                <Row
                  key={test.id}
                  test={test}
                  shown={test.id === shown}
                  chosen={chosen}
                  kind={tests.find(({ id }) => id === chosen[0])?.kind ?? null}
                  onShow={onShow}
                  onChoose={onChoose}
                />
              ))}
            </tbody>
          </table>
        </section>
      )}
    </section>
  );
}

interface RowProps extends Pick<SavedProps, "chosen" | "onShow" | "onChoose"> {
  readonly test: TestSummary;
  readonly shown: boolean;
  /** Kind of the first that was chosen. */
  readonly kind: TestSummary["kind"] | null;
}

function Row({ test, shown, chosen, kind, onShow, onChoose }: RowProps): VNode {
  const { clock } = useApp();
  const { id, by, target, state, startedAt } = test;
  const { icon, tone, word } = STATES[state];
  const when = `${clock.value.day(startedAt)} ${clock.value.time(startedAt)}`;
  const checked = chosen.includes(id);
  const comparable = ["load", "echo"].includes(test.kind) && !["running", "error"].includes(state);
  return (
    <tr aria-current={shown ? "true" : undefined}>
      <td>
        {comparable ? (
          <input
            type="checkbox"
            class="pick"
            aria-label={`Compare ${nameOf(test)} of ${when}`}
            checked={checked}
            disabled={!checked && (chosen.length > 1 || (kind !== null && kind !== test.kind))}
            onChange={() => onChoose(checked ? chosen.filter((other) => other !== id) : [...chosen, id])}
          />
        ) : null}
      </td>
      <th scope="row">
        <button type="button" class="link" onClick={() => onShow(id)}>
          {nameOf(test)}
          <span class="sr-only"> of {when}</span>
        </button>
        <span class="narrow-line" aria-hidden="true">
          {by} · {when}
        </span>
      </th>
      <td class="gate" data-tone={tone}>
        <Icon name={icon} />
        {word}
      </td>
      <td class="num">{ms(test.p95Ms)}</td>
      <td class="wide-cell mono target">{target}</td>
      <td class="wide-cell">{by}</td>
      <td class="num wide-cell">{when}</td>
    </tr>
  );
}
