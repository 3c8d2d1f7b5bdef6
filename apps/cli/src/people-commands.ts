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
  defineCommand({
    name: 'people recover',
    summary:
      'make a link by which somebody who lost their password or their phone chooses another password, within a day',
    arguments: ['EMAIL'],
    options: connectionOptions,
    examples: ['sluice people recover ann@example.com'],
    run: async ({ words: [email = ''], options, platform, output }) => {
      const { api } = connect(options, platform);
      const { items } = await api.listPeople();
      const person = items.find((each) => each.email.toLowerCase() === email.toLowerCase());
      if (person === undefined) {
        const here =
          items.length === 0 ? 'there is nobody yet' : `these are: ${items.map((each) => each.email).join(', ')}`;
        throw usageError(`nobody here has the e-mail address ${email}; ${here}`);
      }
      const recovery = await api.createRecovery(person.id);
      if (options.json === true) output.printJson(recovery);
      else {
        output.print(
          `${person.name} can choose another password by this link, once, within a day. It is shown only now:`,
        );
        output.print(`  ${recovery.link}`);
        output.print('Their second factor and all their sessions end with it.');
      }
      return undefined;
    },
  }),
];

function isRole(text: string): text is Role {
  return roles.some((role) => role === text);
}
