import type { Signal } from "@preact/signals";
import "../style/components.css";
import type { HubRow } from "@wsight/protocol";
import type { ComponentChildren, VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { Segmented } from "../components/segmented.tsx";
import type { Tone } from "../components/tone.ts";
import { count } from "../format/quantity.ts";
import type { Density, ThemeChoice, TimeZone } from "../state/index.ts";

/** How the dashboard looks and behaves in this browser, and where its history is kept. */
export function Settings(): VNode {
  return (
    <>
      <Appearance />
      <Storage />
    </>
  );
}

function Appearance(): VNode {
  const { preferences, theme, clock } = useApp();
  return (
    <section class="card settings" aria-labelledby="appearance">
      <div class="card-head">
        <h2 id="appearance">Appearance</h2>
        <span class="card-note">kept in this browser</span>
      </div>
      <Setting title="Theme" note="System follows your operating system.">
        <Segmented
          label="Theme"
          options={[
            { value: "light", label: "Light" },
            { value: "dark", label: "Dark" },
            { value: "system", label: "System" },
          ]}
          value={theme.choice.value}
          onChange={(value: ThemeChoice) => {
            theme.choice.value = value;
          }}
        />
      </Setting>
      <Setting title="Density" note="Compact fits more rows on a screen.">
        <Segmented
          label="Density"
          options={[
            { value: "cosy", label: "Cosy" },
            { value: "compact", label: "Compact" },
          ]}
          value={preferences.density.value}
          onChange={(value: Density) => {
            preferences.density.value = value;
          }}
        />
      </Setting>
      <Setting title="Time zone" note={`Times are shown in ${clock.value.zone}.`}>
        <Segmented
          label="Time zone"
          options={[
            { value: "local", label: "Local" },
            { value: "utc", label: "UTC" },
          ]}
          value={preferences.timeZone.value}
          onChange={(value: TimeZone) => {
            preferences.timeZone.value = value;
          }}
        />
      </Setting>
      <Switch
        title="Single-key shortcuts"
        note="Space, L, T and the others. ⌘K and Ctrl K always work."
        on={preferences.singleKeys}
      />
      <Switch
        title="Reduce drawing"
        note="Thin lines and no fills; the page does this by itself when drawing costs too much."
        on={preferences.reduceDrawing}
      />
    </section>
  );
}

/** Where samples go, and those that did not get there. */
function Storage(): VNode {
  const { live } = useApp();
  const store = live.table("hub").value?.store;
  const [word, tone] = stateOf(store);
  return (
    <section class="card settings" aria-labelledby="storage">
      <div class="card-head">
        <h2 id="storage">Storage</h2>
        <span class="card-note">of the hub</span>
      </div>
      <Setting title="History" note={placeOf(store)}>
        <span class="state-word" data-tone={tone}>
          {word}
        </span>
      </Setting>
      <Setting
        title="Samples"
        note={store?.lastError == null ? "One for each series and interval." : `Last error: ${store.lastError}`}
      >
        <span>
          <b>{count(store?.written ?? null).text}</b> written
          {store?.spooled === undefined ? null : (
            <>
              {" · "}
              <b>{count(store.spooled).text}</b> waiting
            </>
          )}
          {" · "}
          <b>{count(store?.dropped ?? null).text}</b> lost
        </span>
      </Setting>
    </section>
  );
}

type Store = HubRow["store"] | undefined;

function stateOf(store: Store): readonly [string, Tone] {
  if (store === undefined) return ["–", "quiet"];
  return STATE_WORDS[store.state];
}

const STATE_WORDS: { readonly [S in HubRow["store"]["state"]]: readonly [string, Tone] } = {
  ok: ["stored", "ok"],
  failing: ["can't be stored", "crit"],
  off: ["off", "quiet"],
};

function placeOf(store: Store): string {
  if (store === undefined) return "Not known yet.";
  if (store.state === "off") return "Nothing is kept on disk (data: none).";
  return `In ${store.engine ?? "the embedded store, in the data directory"}.`;
}

interface SettingProps {
  readonly title: string;
  readonly note: string;
  readonly children: ComponentChildren;
}

function Setting({ title, note, children }: SettingProps): VNode {
  return (
    <div class="setting">
      <div class="setting-text">
        <h3>{title}</h3>
        <p>{note}</p>
      </div>
      {children}
    </div>
  );
}

function Switch({ title, note, on }: Omit<SettingProps, "children"> & { readonly on: Signal<boolean> }): VNode {
  const id = useId();
  return (
    <div class="setting">
      <div class="setting-text">
        <h3>
          <label for={id}>{title}</label>
        </h3>
        <p id={`${id}-note`}>{note}</p>
      </div>
      <input
        id={id}
        class="switch"
        type="checkbox"
        role="switch"
        aria-checked={on.value}
        aria-describedby={`${id}-note`}
        checked={on.value}
        onChange={(event) => {
          on.value = event.currentTarget.checked;
        }}
      />
    </div>
  );
}
