import type { Signal } from "@preact/signals";
import "../style/components.css";
import "../style/history.css";
import type { VNode } from "preact";
import { useId } from "preact/hooks";
import { useApp } from "../app-context.ts";
import { Segmented } from "../components/segmented.tsx";
import type { Density, ThemeChoice, TimeZone } from "../state/index.ts";
import { Setting, type SettingProps } from "./settings-parts.tsx";
import { Storage } from "./settings-storage.tsx";

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
