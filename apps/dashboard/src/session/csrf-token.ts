/** What every write has to bring besides the cookie; it comes with the session. */
export const csrfToken: { current: string } = { current: '' };
