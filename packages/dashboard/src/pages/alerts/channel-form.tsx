import type { AlertChannel, ChannelField, ChannelForm } from "@wsight/protocol";
import type { VNode } from "preact";
import { useState } from "preact/hooks";
import { NumberField, SelectField, SwitchField, TextField } from "../../components/fields.tsx";
import type { AlertsApi } from "./alerts-api.ts";
import { type ChannelFields, channelObstacle, draftOf, fieldsOf } from "./channel-draft.ts";
import { FormDialog } from "./form-dialog.tsx";
import { mistakeAt, useSaving } from "./use-saving.ts";

interface ChannelDialogProps {
  readonly api: AlertsApi;
  readonly form: ChannelForm;
  /** Which one is changed; `null` for a new one. */
  readonly channel: AlertChannel | null;
  readonly onClose: () => void;
  readonly onSaved: () => void;
}

/** Settings of a channel, as its type wants them. */
export function ChannelDialog({ api, form, channel, onClose, onSaved }: ChannelDialogProps): VNode {
  const [fields, setFields] = useState(() => fieldsOf(form, channel));
  const saving = useSaving();
  const change = (part: Partial<ChannelFields>) => setFields((before) => ({ ...before, ...part }));
  return (
    <FormDialog
      title={channel === null ? `New channel: ${form.title}` : `Change ${channel.name}`}
      action="Save"
      saving={saving}
      obstacle={channelObstacle(form, fields, channel)}
      onClose={onClose}
      onSubmit={() =>
        saving.run(() => api.saveChannel(channel, draftOf(form, fields)), `${fields.name} was saved`, onSaved)
      }
    >
      <div class="form-rows">
        <TextField
          label="Name"
          wide
          value={fields.name}
          mistake={saving.mistakes.name}
          onInput={(name) => change({ name })}
        />
        {form.fields.map((field) => (
          <Setting
            key={field.name}
            field={field}
            fields={fields}
            kept={channel?.secrets[field.name] === true}
            mistake={mistakeOf(field, saving.mistakes)}
            change={change}
          />
        ))}
        <SwitchField
          label="Enabled"
          help="While it is off nothing new is sent; what waits is kept."
          checked={fields.enabled}
          onChange={(enabled) => change({ enabled })}
        />
      </div>
    </FormDialog>
  );
}

function mistakeOf({ name }: ChannelField, mistakes: Readonly<Record<string, string>>): string | undefined {
  return mistakeAt(mistakes, `config.${name}`) ?? mistakeAt(mistakes, `secrets.${name}`);
}

interface SettingProps {
  readonly field: ChannelField;
  readonly fields: ChannelFields;
  /** True when the hub has this secret. */
  readonly kept: boolean;
  readonly mistake: string | undefined;
  readonly change: (part: Partial<ChannelFields>) => void;
}

function Setting({ field, fields, kept, mistake, change }: SettingProps): VNode {
  const { name, label, type, required, help, choices, fallback } = field;
  if (type === "secret") return <Secret field={field} fields={fields} kept={kept} mistake={mistake} change={change} />;
  const value = fields.config[name] ?? "";
  const set = (text: string) => change({ config: { ...fields.config, [name]: text } });
  if (type === "switch")
    return <SwitchField label={label} help={help} checked={value === "true"} onChange={(on) => set(String(on))} />;
  const shared = {
    // Of what has a usual choice there is always one.
    label: required || (choices !== undefined && fallback !== undefined) ? label : `${label} (optional)`,
    help: help === "" ? undefined : help,
    mistake,
    value,
    wide: true,
  };
  if (choices !== undefined) {
    const none = required || fallback !== undefined ? [] : [{ value: "", label: "not set" }];
    return (
      <SelectField
        {...shared}
        value={value === "" ? String(fallback ?? "") : value}
        options={[...none, ...choices.map((choice) => ({ value: choice, label: choice }))]}
        onChange={set}
      />
    );
  }
  const placeholder = fallback === undefined ? "" : String(fallback);
  if (type === "number") return <NumberField {...shared} wide={false} placeholder={placeholder} onInput={set} />;
  return (
    <TextField
      {...shared}
      kind={type === "url" ? "url" : "text"}
      placeholder={type === "list" && placeholder === "" ? "one, another" : placeholder}
      onInput={set}
    />
  );
}

function Secret({ field, fields, kept, mistake, change }: SettingProps): VNode {
  const { name, label, required, help } = field;
  const removed = fields.removed.includes(name);
  const note = kept && !removed ? "It is set, and never shown. Leave this empty to keep it." : help;
  return (
    <>
      <TextField
        label={required ? label : `${label} (optional)`}
        help={note === "" ? undefined : note}
        mistake={mistake}
        wide
        kind="password"
        value={fields.secrets[name] ?? ""}
        onInput={(text) => change({ secrets: { ...fields.secrets, [name]: text } })}
      />
      {kept && !required ? (
        <SwitchField
          label={`Take the ${label.toLowerCase()} away`}
          checked={removed}
          onChange={(on) =>
            change({ removed: on ? [...fields.removed, name] : fields.removed.filter((one) => one !== name) })
          }
        />
      ) : null}
    </>
  );
}
