"""How a command line is read: the installers' options, and the words between them; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

WORD = ""
"""The name under which a word that belongs to no option is found."""


class Option(NamedTuple):
    """An option's canonical name with its value, or a word (whose name is empty)."""

    name: str
    value: str = ""

    def __repr__(self) -> str:
        """Show its name alone: a value may hold secrets."""
        return f"Option({self.name})"


class Grammar(NamedTuple):
    """The options that a command knows; one that it does not know takes no value."""

    spellings: Mapping[str, str]
    """Spelling -> canonical name: `-r` -> `--requirement`."""
    valued: frozenset[str]
    """The canonical names of those that take a value."""
    abbreviates: bool = False

    @classmethod
    def of(
        cls, values: Iterable[str] = (), flags: Iterable[str] = (), *, abbreviates: bool = False
    ) -> Grammar:
        """Make one from table entries, each the spellings of one option, the canonical first."""
        valued, plain = ([entry.split() for entry in entries] for entries in (values, flags))
        spellings = {spelling: entry[0] for entry in (*valued, *plain) for spelling in entry}
        return cls(spellings, frozenset(entry[0] for entry in valued), abbreviates)

    def __or__(self, other: Grammar) -> Grammar:
        """Return both grammars as one."""
        return Grammar(
            {**self.spellings, **other.spellings},
            self.valued | other.valued,
            self.abbreviates or other.abbreviates,
        )

    def canonical(self, spelled: str) -> str:
        """Return an option's canonical name; an unknown one is its own."""
        if self.abbreviates and spelled not in self.spellings:
            begun = {name for long, name in self.spellings.items() if long.startswith(spelled)}
            return begun.pop() if len(begun) == 1 else spelled
        return self.spellings.get(spelled, spelled)

    def read(self, words: Sequence[str]) -> tuple[Option, ...]:
        """Read all words of a command line."""
        found: list[Option] = []
        while words:
            options, words = self.step(words)
            found += options
        return tuple(found)

    def step(self, words: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        """Read the first word and the value that belongs to it; return the words that are left."""
        word, rest = words[0], words[1:]
        if word == "--":
            return [Option(WORD, word) for word in rest], ()
        if word.startswith("--"):
            return self._long(word, rest)
        if word.startswith("-") and word != "-":
            return self._short(word, rest)
        return [Option(WORD, word)], rest

    def _long(self, word: str, rest: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        spelled, equals, value = word.partition("=")
        name = self.canonical(spelled)
        if equals or name not in self.valued:
            return [Option(name, value)], rest
        return [Option(name, "".join(rest[:1]))], rest[1:]

    def _short(self, word: str, rest: Sequence[str]) -> tuple[list[Option], Sequence[str]]:
        """Read a bundle: `-Ue .`, `-r=file`, `-rfile`."""
        found: list[Option] = []
        for end, letter in enumerate(word[1:], start=2):
            name = self.spellings.get(f"-{letter}", f"-{letter}")
            if name in self.valued:
                attached = word[end:].removeprefix("=")
                value = attached or "".join(rest[:1])
                return [*found, Option(name, value)], rest if attached else rest[1:]
            found.append(Option(name))
        return found, rest
