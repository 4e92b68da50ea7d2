"""`hatch-torch completion`: what a shell needs to complete our commands, made from the parser."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

_EXAMPLES = """\
examples:
  hatch-torch completion bash >> ~/.bash_completion
  hatch-torch completion zsh > ~/.zfunc/_hatch-torch      # a folder of $fpath
  hatch-torch completion fish > ~/.config/fish/completions/hatch-torch.fish
"""
_BASH = """\
_hatch_torch() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} options
    case "${{COMP_WORDS[1]}}" in
{cases}
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then options="{commands}"; fi
    COMPREPLY=($(compgen -W "$options" -- "$word"))
}}
complete -o default -F _hatch_torch hatch-torch
"""
_ZSH = """\
#compdef hatch-torch
_hatch_torch() {{
    local -a options
    if (( CURRENT == 2 )); then
        options=({commands})
        _describe command options
        return
    fi
    case "$words[2]" in
{cases}
    esac
    [[ "$PREFIX" == -* ]] && compadd -- $options || _files
}}
compdef _hatch_torch hatch-torch
"""
_FISH_COMMAND = "complete -c hatch-torch -n __fish_use_subcommand -a {name} -d '{help}'"
_FISH_OPTION = "complete -c hatch-torch -n '__fish_seen_subcommand_from {name}' {option}"


@dataclass(frozen=True, slots=True)
class _Command:
    name: str
    help: str
    options: tuple[str, ...]
    values: tuple[str, ...]


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser, whose commands it completes."""
    parser = commands.add_parser(
        "completion", help="completion for a shell, to be sourced by it", epilog=_EXAMPLES
    )
    parser.add_argument("shell", choices=tuple(_SHELLS), help="which shell")
    parser.set_defaults(run=partial(run, commands))


def run(
    commands: argparse._SubParsersAction[argparse.ArgumentParser], options: argparse.Namespace
) -> int:
    """Print the script for a shell."""
    print(_SHELLS[options.shell](tuple(_commands(commands))), end="")
    return 0


def _commands(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> Iterator[_Command]:
    # argparse has no public way to list what a parser takes, and keeps these names since 2009.
    helps = {one.dest: one.help or "" for one in commands._choices_actions}  # noqa: SLF001 (above)
    for name, parser in commands.choices.items():
        actions = parser._actions  # noqa: SLF001 (above)
        options = (word for action in actions for word in action.option_strings)
        values = (str(one) for action in actions for one in _choices(action))
        yield _Command(name, helps.get(name, ""), tuple(options), tuple(values))


def _choices(action: argparse.Action) -> Iterable[object]:
    return () if action.option_strings else action.choices or ()


def _bash(commands: tuple[_Command, ...]) -> str:
    cases = "\n".join(
        f'        {one.name}) options="{" ".join((*one.options, *one.values))}" ;;'
        for one in commands
    )
    return _BASH.format(cases=cases, commands=" ".join(one.name for one in commands))


def _zsh(commands: tuple[_Command, ...]) -> str:
    cases = "\n".join(
        f"        {one.name}) options=({' '.join((*one.options, *one.values))}) ;;"
        for one in commands
    )
    named = " ".join(f"'{one.name}:{_quoted(one.help)}'" for one in commands)
    return _ZSH.format(cases=cases, commands=named)


def _fish(commands: tuple[_Command, ...]) -> str:
    lines = []
    for one in commands:
        lines.append(_FISH_COMMAND.format(name=one.name, help=_quoted(one.help)))
        options = [f"-l {word[2:]}" if word[1] == "-" else f"-s {word[1:]}" for word in one.options]
        options += [f"-a {value}" for value in one.values]
        lines += [_FISH_OPTION.format(name=one.name, option=option) for option in options]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Return a text that may stand between single quotes, and after zsh's colon."""
    return text.replace("'", "").replace(":", "")


_SHELLS = {"bash": _bash, "fish": _fish, "zsh": _zsh}
