import type { VNode } from "preact";
import { useId, useState } from "preact/hooks";
import { useApp } from "../app-context.ts";
import type { LiveState } from "../state/index.ts";
import { Dialog } from "./dialog.tsx";
import { Icon } from "./icon.tsx";

/** Over the page while nobody is signed in; what was seen stays behind it. */
export function SignInSheet(): VNode {
  const { live } = useApp();
  const id = useId();
  const [token, setToken] = useState("");
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const reason = problem === null ? whySignIn(live) : null;

  async function submit(event: Event): Promise<void> {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await live.signIn({ token: token.trim() });
    } catch (error) {
      setProblem(error instanceof Error ? error.message : "The hub refused the token");
      setBusy(false);
    }
  }

  return (
    <Dialog title="Sign in to wsight" class="sign-in">
      <form class="dialog-body" onSubmit={submit}>
        {reason === null ? null : (
          <p class="form-note">
            <Icon name="key" />
            {reason}.
          </p>
        )}
        <p>
          Paste a token. <code>npx wsight token --role admin --sub me</code> makes one where the hub runs; starting the
          hub again prints a link that signs you in once.
        </p>
        <label for={id}>
          Token
          <input
            id={id}
            class="text-field mono"
            type="password"
            autocomplete="current-password"
            spellcheck={false}
            required
            value={token}
            aria-invalid={problem !== null}
            aria-describedby={problem === null ? undefined : `${id}-problem`}
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        {problem === null ? null : (
          <p class="form-error" id={`${id}-problem`} role="alert">
            <Icon name="alert" />
            {problem}
          </p>
        )}
        <div class="form-actions">
          <button type="button" class="button" onClick={() => live.retryNow()}>
            Try again
          </button>
          <button type="submit" class="button" data-kind="primary" disabled={busy || token.trim() === ""}>
            Sign in
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Why the link or the session that brought somebody here does not do; `null` for whoever just came. */
function whySignIn({ fault, status }: LiveState): string | null {
  // Signing out forgets the figures; a session that ends by itself leaves them.
  if (status.value.lastAt !== null) return "Your session has ended";
  return fault.value?.code === "UNAUTHENTICATED" ? fault.value.message : null;
}
