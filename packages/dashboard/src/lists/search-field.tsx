import type { ComponentChildren, VNode } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon } from "../components/icon.tsx";

/** A search is sent once the typing rests this long, ms. */
const TYPING_MS = 250;

interface SearchFieldProps {
  readonly label: string;
  readonly placeholder: string;
  /** Most characters. */
  readonly longest: number;
  /** What is searched for, which may have been changed elsewhere. */
  readonly search: string;
  /** Left out where every search is understood. */
  readonly invalid?: boolean;
  /** Id of what says why it is not. */
  readonly describedBy?: string | undefined;
  /** What stands behind the field. */
  readonly children?: ComponentChildren;
  readonly onSearch: (search: string) => void;
}

/** What a list is searched by. */
export function SearchField(props: SearchFieldProps): VNode {
  const { label, placeholder, longest, search, invalid, describedBy, children, onSearch } = props;
  const [text, setText] = useState(search);
  const typing = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  // What is typed may end in a space that the search has not.
  useEffect(() => setText((typed) => (typed.trim() === search ? typed : search)), [search]);
  useEffect(() => () => clearTimeout(typing.current), []);
  return (
    <div class="search-field">
      <Icon name="search" />
      <input
        class="field"
        type="search"
        aria-label={label}
        placeholder={placeholder}
        maxLength={longest}
        spellcheck={false}
        autocomplete="off"
        value={text}
        aria-invalid={invalid}
        aria-describedby={describedBy}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setText(next);
          clearTimeout(typing.current);
          typing.current = setTimeout(() => onSearch(next.trim()), TYPING_MS);
        }}
      />
      {children}
    </div>
  );
}
