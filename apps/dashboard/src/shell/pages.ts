/** The pages of an environment, in the order of the side bar; `letter` goes to it after G. */
export const pages = [
  { path: 'now', name: 'Now', group: '', letter: 'n' },
  { path: 'valves', name: 'Valves', group: 'Operate', letter: 'v' },
  { path: 'migrations', name: 'Migrations', group: 'Operate', letter: 'm' },
  { path: 'configs', name: 'Configs', group: 'Operate', letter: 'c' },
  { path: 'flags', name: 'Flags', group: 'Release', letter: 'f' },
  { path: 'segments', name: 'Segments', group: 'Release', letter: 's' },
  { path: 'contexts', name: 'Contexts', group: 'Release', letter: 'x' },
  { path: 'fleet', name: 'Fleet', group: 'Prove', letter: 'l' },
  { path: 'changes', name: 'Changes', group: 'Prove', letter: 'h' },
  { path: 'environments', name: 'Environments', group: 'bottom', letter: 'k' },
  { path: 'people', name: 'People', group: 'bottom', letter: 'p' },
] as const;

export type PagePath = (typeof pages)[number]['path'];
