import { type Role, roles } from '@sluice/authoring';
import { type Command, defineCommand } from './command.ts';
import { connect, connectionOptions } from './connection.ts';
import { usageError } from './errors.ts';

export const peopleCommands: readonly Command[] = [
  defineCommand({
    name: 'people invite',
    summary: 'make a link by which one person comes in within a week; the first administrator too',
    arguments: ['[EMAIL]'],
    options: {
      ...connectionOptions,
      role: { type: 'string', value: 'ROLE', help: `${roles.join(', ')}; viewer unless given` },
      for: {
        type: 'string',
        value: 'PROJECT[/ENVIRONMENT]',
        help: 'where they have the role; everywhere unless given',
      },
    },
    examples: [
      'sluice people invite ann@example.com --role admin',
      'sluice people invite --role operator --for default/production',
    ],
    run: async ({ words: [email], options, platform, output }) => {
      const { role = 'viewer' } = options;
      if (!isRole(role)) throw usageError(`--role must be one of ${roles.join(', ')}, got "${role}"`);
      const [project, environment] = options.for?.split('/') ?? [];
      const grant = { role, ...(project && { project }), ...(environment && { environment }) };
      const invitation = await connect(options, platform).api.invite({ email, grants: [grant] });
      if (options.json === true) output.printJson(invitation);
      else {
        output.print(
          `Whoever opens this link comes in as ${role}${options.for === undefined ? '' : ` of ${options.for}`}. It is shown only now:`,
        );
        output.print(`  ${invitation.link}`);
      }
      return undefined;
    },
  }),
];

function isRole(text: string): text is Role {
  return roles.some((role) => role === text);
}
