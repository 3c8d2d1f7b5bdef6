import { type ReactNode, useState } from 'react';
import { keep, readKept } from '../platform.ts';
import { describeGrant } from '../session/grants.ts';
import { useSession } from '../session/session.ts';
import { chooseTheme, readTheme, type Theme } from '../shell/theme.ts';
import { Choice } from '../ui/choice.tsx';
import { Loaded } from '../ui/loaded.tsx';
import { Page } from '../ui/page.tsx';
import { Section } from '../ui/section.tsx';
import { OwnSessions } from './own-sessions.tsx';
import { Password } from './password.tsx';
import { Totp } from './totp.tsx';

/** What people decide about themselves: how they sign in, where they are signed in, how the pages look to them. */
export function YouPage(): ReactNode {
  const query = useSession();
  return (
    <Page name="Your settings" title="Your settings" below="For you alone.">
      <Loaded query={query} what="Who is signed in">
        {({ person, grants }) => (
          <>
            <Section title="You">
              <p>
                <b>{person?.name}</b> <span className="text-ink-2">{person?.email}</span>
              </p>
              <ul className="mt-1 text-ink-2">
                {grants.map((grant) => (
                  <li key={describeGrant(grant)}>{describeGrant(grant)}</li>
                ))}
                {grants.length === 0 && <li>You may do nothing yet: an administrator can give you a role.</li>}
              </ul>
            </Section>
            <Password />
            <Totp isOn={person?.hasTotp === true} />
            <OwnSessions />
            <Appearance />
          </>
        )}
      </Loaded>
    </Page>
  );
}

const themes: readonly { readonly value: Theme; readonly label: string }[] = [
  { value: 'system', label: 'As the machine' },
  { value: 'light', label: 'Light' },
  { value: 'dark', label: 'Dark' },
];

function Appearance(): ReactNode {
  const [theme, setTheme] = useState(readTheme);
  const [hasLetters, setLetters] = useState(() => readKept('letters', true));
  return (
    <Section title="In this browser">
      <div className="flex flex-col gap-4">
        <div>
          <p className="mb-1 text-ink-2">Colours</p>
          <Choice
            label="Colours"
            value={theme}
            options={themes}
            choose={(next) => {
              chooseTheme(next);
              setTheme(next);
            }}
          />
        </div>
        <label className="flex items-start gap-2">
          <input
            type="checkbox"
            className="mt-0.5 size-4"
            checked={hasLetters}
            onChange={({ target }) => {
              keep('letters', target.checked);
              setLetters(target.checked);
            }}
          />
          <span>
            Single letters are keys
            <span className="block text-ink-3 text-small">
              Such as J and K for rows, and G then F for flags. Off, only keys with Ctrl act, which is safer with speech
              input.
            </span>
          </span>
        </label>
      </div>
    </Section>
  );
}
