import type { Command, OptionSpec } from './command.ts';

/** Shells that can complete. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** The names the program goes by. */
const PROGRAMS = ['solve', 'starfix'] as const;

/**
 * A completion script: commands as the first word, options with their choices, file names otherwise.
 *
 * @param solve the command without a word of its own
 * @param commands those with one
 */
export function completionScript(shell: Shell, solve: Command, commands: readonly Command[]): string {
  const options = solve.options.filter((option) => !option.later);
  if (shell === 'bash') return bashScript(options, commands);
  if (shell === 'zsh') return zshScript(options, commands);
  return fishScript(options, commands);
}

function bashScript(options: readonly OptionSpec[], commands: readonly Command[]): string {
  const flags = [...options.flatMap(spellings), '-h', '--help', '-V', '--version'].join(' ');
  const ownFlags = commands.map(
    (command) => `    ${command.name}) flags='${[...command.options.flatMap(spellings), '-h', '--help'].join(' ')}' ;;`,
  );
  // An option takes the same wherever it is.
  const byName = new Map([...commands.flatMap((command) => command.options), ...options].map((one) => [one.name, one]));
  const values = [...byName.values()]
    .filter((option) => option.value !== undefined && option.endings === undefined)
    .map((option) => {
      const reply =
        option.choices !== undefined
          ? `COMPREPLY=($(compgen -W '${option.choices.join(' ')}' -- "$word"))`
          : option.names === 'directory'
            ? 'COMPREPLY=($(compgen -d -- "$word"))'
            : option.names === 'file'
              ? 'COMPREPLY=($(compgen -f -- "$word"))'
              : 'COMPREPLY=()';
      return `    ${spellings(option).join('|')}) ${reply}; return ;;`;
    });
  const operands = commands
    .filter((command) => command.operands !== undefined)
    .map(
      (command) =>
        `    ${command.name}) COMPREPLY=($(compgen -W '${command.operands!.join(' ')}' -- "$word")); return ;;`,
    );
  return `# bash completion for ${PROGRAMS.join(' and ')}
_starfix() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  local flags='${flags}'
  COMPREPLY=()
  ((COMP_CWORD > 1)) && case "\${COMP_WORDS[1]}" in
${ownFlags.join('\n')}
  esac
  case "$before" in
${values.join('\n')}
  esac
  if ((COMP_CWORD == 2)); then case "$before" in
${operands.join('\n')}
  esac; fi
  if [[ "$word" == -* ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$word"))
  elif ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$word") $(compgen -f -- "$word"))
  else
    COMPREPLY=($(compgen -f -- "$word"))
  fi
}
complete -o filenames -F _starfix ${PROGRAMS.join(' ')}
`;
}

function zshScript(options: readonly OptionSpec[], commands: readonly Command[]): string {
  const specs = [...options.flatMap(zshSpecs), `'(- *)--help[print the help]'`, `'(- *)--version[print the version]'`];
  const words = commands.map(({ name, summary }) => `      '${name}:${zshText(summary)}'`);
  const operands = commands
    .filter((command) => command.operands !== undefined)
    .map((command) => `    ${command.name}) compadd -- ${command.operands!.join(' ')}; return ;;`);
  const own = commands.map(
    (command) =>
      `    ${command.name}) _arguments ${[...command.options.flatMap(zshSpecs), `'*:word:_files'`].join(' ')}; return ;;`,
  );
  return `#compdef ${PROGRAMS.join(' ')}
_starfix() {
  local -a commands
  if ((CURRENT == 3)); then case "$words[2]" in
${operands.join('\n')}
  esac; fi
  if ((CURRENT == 2)); then
    commands=(
${words.join('\n')}
    )
    _describe command commands
  fi
  if ((CURRENT > 2)); then case "$words[2]" in
${own.join('\n')}
  esac; fi
  _arguments \\
${specs.map((spec) => `    ${spec} \\`).join('\n')}
    '*:image:_files'
}
compdef _starfix ${PROGRAMS.join(' ')}
`;
}

function zshSpecs(option: OptionSpec): string[] {
  const action =
    option.choices !== undefined
      ? `(${option.choices.join(' ')})`
      : option.names === 'directory'
        ? '_files -/'
        : option.names === 'file'
          ? '_files'
          : ' ';
  const value = option.value === undefined ? '' : `:${option.value}:${action}`;
  const attached = option.endings === undefined ? '' : '=-';
  return spellings(option).map((name) => {
    const mark = name.startsWith('--') ? attached : '';
    return `'${name}${mark}[${zshText(option.text)}]${mark === '' ? value : `:${value}`}'`;
  });
}

/** Escapes what ends a description within a zsh specification in single quotes. */
function zshText(text: string): string {
  return text
    .replaceAll('\\', '\\\\')
    .replaceAll(/[[\]:]/g, '\\$&')
    .replaceAll("'", "'\\''");
}

function fishScript(options: readonly OptionSpec[], commands: readonly Command[]): string {
  const lines: string[] = [];
  for (const program of PROGRAMS) {
    for (const { name, summary } of commands) {
      lines.push(`complete -c ${program} -n __fish_use_subcommand -a ${name} -d '${fishText(summary)}'`);
    }
    for (const { name, operands } of commands) {
      if (operands === undefined) continue;
      lines.push(`complete -c ${program} -f -n '__fish_seen_subcommand_from ${name}' -a '${operands.join(' ')}'`);
    }
    const solving = `not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`;
    for (const option of options) lines.push(fishOption(program, solving, option));
    for (const command of commands) {
      const within = `__fish_seen_subcommand_from ${command.name}`;
      for (const option of command.options) lines.push(fishOption(program, within, option));
    }
  }
  return `# fish completion for ${PROGRAMS.join(' and ')}\n${lines.join('\n')}\n`;
}

function fishOption(program: string, condition: string, option: OptionSpec): string {
  const short = option.short === undefined ? '' : ` -s ${option.short}`;
  const takes = option.value === undefined || option.endings !== undefined ? '' : ' -r';
  const words =
    option.choices !== undefined
      ? ` -f -a '${option.choices.join(' ')}'`
      : option.names === 'directory'
        ? " -f -a '(__fish_complete_directories)'"
        : option.names === 'file' || takes === ''
          ? ''
          : ' -f';
  const name = `-l ${option.name}${short}${takes}${words}`;
  return `complete -c ${program} -n '${condition}' ${name} -d '${fishText(option.text)}'`;
}

function fishText(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll("'", "\\'");
}

function spellings(option: OptionSpec): string[] {
  return option.short === undefined ? [`--${option.name}`] : [`-${option.short}`, `--${option.name}`];
}
